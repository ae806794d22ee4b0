package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// VersionCmd is `pixfw version`.
type VersionCmd struct{}

// Help is shown by --help.
func (VersionCmd) Help() string { return "Example:\n\n    pixfw version" }

// Run prints the version of the module and of Go.
func (VersionCmd) Run(s *IO) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(s.Stdout, "pixfw %s %s\n", version, runtime.Version())
	return err
}
