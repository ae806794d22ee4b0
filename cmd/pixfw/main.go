package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// CLI is the command line: one field a verb, each with its own file and a method Run(*IO) error.
type CLI struct {
	Shell     ShellCmd     `cmd:"" help:"The console, on the embedded emulator."`
	Check     CheckCmd     `cmd:"" help:"Parse, resolve and lint configurations."`
	Print     PrintCmd     `cmd:"" help:"Print the canonical running configuration."`
	Repair    RepairCmd    `cmd:"" help:"Scraped text in, clean configuration out."`
	Trace     TraceCmd     `cmd:"" help:"Send one packet through the emulator and tell what decided."`
	Test      TestCmd      `cmd:"" help:"Run scenario files: packets and what must happen to them."`
	Diff      DiffCmd      `cmd:"" help:"What differs in meaning between two configurations: packets, with the lines that decide."`
	Translate TranslateCmd `cmd:"" help:"The configuration as a Linux host's files, with a ledger of every line."`
	Lab       LabCmd       `cmd:"" help:"The firewall on this kernel, in network namespaces made for it, with hosts around it."`
	Run       RunCmd       `cmd:"" help:"Be the firewall on this host."`
	Console   ConsoleCmd   `cmd:"" help:"Attach to the firewall that runs on this host."`
	Hash      HashCmd      `cmd:"" help:"The password hash that a PIX stores."`
	Explain   ExplainCmd   `cmd:"" help:"Explain a diagnostic."`
	Version   VersionCmd   `cmd:"" help:"Print the version."`
}

// IO is what a verb may touch of the world.
type IO struct {
	Stdin      io.Reader
	Stdout     io.Writer
	Stderr     io.Writer
	IsTerminal bool // standard input and output are a terminal
	Color      bool // standard error takes colours
	Progress   bool // standard error is a terminal, where a line may say how far long work is
}

// The exit statuses.
const (
	exitFine  = 0
	exitInput = 1 // the input has errors, a test failed
	exitUsage = 2 // wrong usage, unreadable file, missing privilege
)

// exitError ends the program with a status; with a nil err everything has been said already.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// fail is the error of a verb that has printed its diagnostics.
func fail(code int) error { return exitError{code: code} }

func main() {
	tty := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	os.Exit(run(os.Args[1:], IO{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		IsTerminal: tty(os.Stdin) && tty(os.Stdout),
		Color:      tty(os.Stderr) && os.Getenv("NO_COLOR") == "",
		Progress:   tty(os.Stderr),
	}))
}

// helpShown unwinds the parser after --help.
type helpShown struct{ code int }

// run is the whole program.
func run(args []string, streams IO) (code int) {
	defer func() {
		if p := recover(); p != nil {
			h, ok := p.(helpShown)
			if !ok {
				panic(p)
			}
			code = h.code
		}
	}()
	var cli CLI
	parser, err := kong.New(&cli,
		kong.Name("pixfw"),
		kong.Description("A Cisco PIX 6.3 configuration, and the firewall that it describes."),
		kong.UsageOnError(),
		kong.Vars{"state": stateDir},
		kong.Writers(streams.Stdout, streams.Stderr),
		kong.Exit(func(code int) { panic(helpShown{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		fmt.Fprintln(streams.Stderr, "pixfw:", err)
		return exitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(streams.Stderr, "pixfw: %v\nTry pixfw --help.\n", err)
		return exitUsage
	}
	err = ctx.Run(&streams)
	var exit exitError
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(streams.Stderr, "pixfw:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(streams.Stderr, "pixfw:", err)
	return exitUsage
}
