// Package shell is the console of the firewall: modes and prompts, show, clear, configuration, packet-tracer, help.
//
// What goes in: lines, one at a time. What comes out: the text that a PIX would print. The core, [Session], is a function
// from line to output; a terminal ([RunTerminal]), a pipe ([RunPipe]) and scenario files are its callers, and only the
// terminal knows of the pager, line editing and keys.
//
// What always holds:
//
//   - A configuration line is done whole or not at all: it is parsed, replayed into a copy of the running configuration,
//     compiled and applied to the engine, and only then the copy becomes the running configuration. Whatever refuses it on
//     that way, nothing has changed.
//   - Success is silent, but for the few lines that a PIX prints (notice.go).
//   - What show prints about state comes from the engine's tables and its Plan, never from the console's own memory.
//   - Time comes from the clock that the session was given.
//
// Example:
//
//	s, diags, err := shell.New(shell.Options{Name: "pix.cfg", Text: text, Start: shell.Privileged})
//	out, more := s.Line("show access-list 120")
package shell
