package main

import (
	"fmt"

	"pixfw/shell"
)

// TraceCmd is `pixfw trace`.
type TraceCmd struct {
	File   string   `arg:"" help:"Configuration; - is standard input."`
	Packet []string `arg:"" help:"The packet: input IF tcp|udp SRC SPORT DST DPORT, input IF icmp SRC TYPE CODE [ID] DST, or input IF rawip SRC PROTO DST; then detailed."`
	JSON   bool     `name:"json" help:"The trace as JSON."`
}

// Help is shown by --help.
func (TraceCmd) Help() string {
	return `Prints phase after phase with the configuration lines that decided, then the result. A line that refers to an access list is
followed by the entry that matched. Implicit Rule stands where no line says it; lines above it are those that were looked at in
vain. With --json such phases have "implicit": true.

Example:

    pixfw trace pix.cfg input outside tcp 198.51.100.7 4000 192.168.1.11 80 detailed`
}

// Run traces the packet. The exit status tells of the configuration, not of the verdict.
func (c *TraceCmd) Run(s *IO) error {
	cfg, _, diags, err := s.load(c.File)
	if err != nil {
		return err
	}
	t, err := shell.NewTrace(cfg, c.Packet)
	if err != nil {
		return err
	}
	diags = append(diags, t.Diagnostics...)
	if diags.HasErrors() {
		if err := s.print(diags); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := s.json(t, "  "); err != nil {
			return err
		}
	} else {
		fmt.Fprint(s.Stdout, t.Text())
	}
	if diags.HasErrors() {
		return fail(exitInput)
	}
	return nil
}
