// Package parser reads PIX 6.3 configurations: text in, [ast.Statement] values and diagnostics out.
//
// A file is read line by line. The leading words of a line choose a grammar in a table (Commands), a participle parser that is
// built when it is first needed; its result becomes the ast command, with the defaults that a PIX fills in, so that the
// command prints as the box prints it. A line that is not understood costs one diagnostic and nothing else. The common forms
// of access-list have a hand-written path beside their grammar (fastACL), which gives up on anything unusual; a fuzz test holds
// the two equal.
//
// The words of a grammar that are no keywords are leaves (type leaf): each knows what fits it, how it shows in help, and what to
// say of a word that does not fit. Grammars and leaves together, as EBNF and classes (Grammars, Classes), make the automaton of
// package syntax, from which come help, completion and abbreviation in the console, and here the messages.
//
// What always holds: Parse never panics and never stops early; each line of the text is one Line; each Bad line has a
// diagnostic; the text of a statement parses to the same statement.
//
//	cfg, file, diags := parser.Load("pix.cfg", text)
package parser
