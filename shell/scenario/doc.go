// Package scenario reads and runs scenario files: a PIX configuration, packets that arrive, and what must happen to them.
// scenarios.md describes the language.
//
// What goes in: a txtar archive, and a func that makes a [Box] (a console on an engine) of a configuration. What comes out: one
// [Result] a case, which prints as a line and marshals as JSON.
//
//	archive, err := scenario.Parse(name, data)       // every bad statement is an error with file:line
//	results := archive.Run(scenario.Options{NewBox: newBox})
//	status := scenario.Print(os.Stdout, results)
//
// Beyond scenarios.md, `login IF ADDR USER acl NAME` and `client IF PEER GROUP USER ADDR acl NAME` give the user an access list of the
// configuration, as a server does that names one: it has to permit his connections, too (semantics.md 2.6).
//
// A packet may have the attribute `mac XXXX.XXXX.XXXX`, the address of the host that has sent its frame, for `aaa mac-exempt`; without it
// that is 0000.0000.0000.
//
// What always holds: every case begins with a fresh Box; a failing statement ends its case and no other; parsing never panics.
// The package knows neither the shell nor any engine, only their interfaces.
package scenario
