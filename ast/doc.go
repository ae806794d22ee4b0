// Package ast is a PIX 6.3 configuration as data. It imports the standard library only.
//
// What goes in: commands, built by package parser from text, each one a struct of the closed sum [Command] with the place
// ([Pos]) it came from. What comes out: their canonical text, exactly as `show running-config` prints it ([Text]), and
// [Config], the running configuration, into which statements are replayed one after the other ([Config.Do]).
//
// What always holds: parsing the text of a command gives the same command again; a configuration that was refused a
// statement is unchanged; printing twice gives the same text.
//
// Addresses are resolved when they are read: a `name` typed for an address is stored as that address, and printed as the
// name again while `names` is on, as the PIX does it. References (to access lists, pools, tags) stay words; package
// compiler binds them.
//
//	cfg := ast.NewConfig("pix.cfg")
//	err := cfg.Do(ast.Statement{Cmd: &ast.Hostname{Name: "edge"}})
//	fmt.Print(cfg) // hostname edge
package ast
