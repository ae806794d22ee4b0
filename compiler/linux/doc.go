// Package linux writes a Plan as the files of a Linux host, with a ledger that accounts for every line of the input.
//
// What goes in: the lines of a configuration as they were read ([Input]), and the Plan compiled from them. What comes out:
// files, and one [Entry] a line saying what became of it: exact, approximated (how, and what differs), harmless (why it may
// go) or refused (why), with the output file and line. The package does no I/O and knows no clock: the same input gives the
// same bytes.
//
// What always holds: the ledger has an entry for every input line; no entry and no file shows a secret.
//
//	out, diags := linux.Translate(inputs, plan, linux.Options{Devices: map[string]string{"ethernet0": "eth0"}})
//	for _, f := range out.Files { ... } // nftables.conf, LEDGER
package linux
