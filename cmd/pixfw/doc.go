// Pixfw reads a Cisco PIX 6.3 configuration and is that firewall: on a console, in an emulator, or on a Linux host.
//
// What goes in: a verb with its operands, see `pixfw --help`. What comes out: results on standard output, diagnostics on
// standard error, and an exit status: 0 fine, 1 the input has errors, 2 wrong usage or an unreadable file.
//
// One file a verb, and no logic: each verb calls the package that does the work. Everything runs in-process through [run],
// which tests call with streams of their own.
package main
