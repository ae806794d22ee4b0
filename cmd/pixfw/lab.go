package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"pixfw/compiler"
	"pixfw/runtime/kernel/lab"
	"pixfw/shell"
)

// LabCmd is `pixfw lab`.
type LabCmd struct {
	File         string   `arg:"" help:"The configuration; - is standard input."`
	Secrets      string   `placeholder:"FILE" help:"Real values of masked keys; must not be readable by others."`
	Certificates string   `placeholder:"DIR" help:"Directory with ca.pem, own.pem and key.pem, for peers and clients with certificates."`
	Record       string   `placeholder:"FILE" help:"Write every packet of IKE and ESP to a new pcap file, and the keys of every tunnel to FILE.keys."`
	Limit        []string `placeholder:"NAME=N" help:"Bound a table of the engine: conns=100000. Once for each; the tables are named above."`
	Keep         bool     `help:"Stay up after the probes and show messages, until interrupted."`
}

// Help is shown by --help.
func (LabCmd) Help() string {
	return `The firewall on this kernel, inside network namespaces made for it, with hosts on every interface: next hops of
routes, real addresses of statics, an Internet host. Probes it, prints what happened, and removes everything. Needs root.

Example:

    sudo pixfw lab examples/vpnclient-xauth/web.cfg

Tables of --limit, and how much they hold where nothing is said (docs/limits.md):
` + shell.LimitHelp(true)
}

// Run builds the lab.
func (c *LabCmd) Run(s *IO) error {
	limits, err := shell.KernelLimits(c.Limit)
	if err != nil {
		return exitError{exitUsage, err}
	}
	secrets, err := s.secrets(c.Secrets)
	if err != nil {
		return err
	}
	cfg, _, diags, err := s.load(c.File)
	if err != nil {
		return exitError{exitUsage, err}
	}
	plan, more := compiler.Compile(secrets.Fill(cfg))
	diags = append(diags, more...)
	diags = append(diags, secrets.Unused()...)
	if err := s.print(diags); err != nil {
		return err
	}
	if plan == nil || diags.HasErrors() {
		return fail(exitInput)
	}
	opts := lab.Options{Out: s.Stdout, Certificates: c.Certificates, Record: c.Record, Limits: limits, ReadList: shell.ReadList}
	// Nor may a reader of the output that goes away end the process before it has cleaned up.
	signal.Ignore(unix.SIGPIPE)
	// A signal ends a kept lab, and must not leave one behind that is just being probed.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(interrupts)
	stop := make(chan struct{})
	go func() { <-interrupts; close(stop) }()
	if c.Keep {
		opts.Keep = stop
	}
	opts.Diagnostics = s.print
	if err := lab.Run(plan, opts); err != nil {
		if errors.Is(err, lab.ErrNotRoot) {
			return exitError{exitUsage, err}
		}
		return exitError{exitInput, fmt.Errorf("lab: %w", err)}
	}
	return nil
}
