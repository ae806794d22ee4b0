// Package repair gets a configuration back out of the text that it was printed
// in: a web page or a PDF that was scraped, an e-mail, a terminal capture. Such
// text has lost its line ends or gained new ones, has words broken at a hyphen,
// comments that run on until the next command, prose around it, and debug
// output between.
//
// In goes the text, out come the clean configuration, one command a line within
// the frame that was found, and an account of everything that was done to it:
//
//	r := repair.Repair("note.txt", text)
//	os.Stdout.WriteString(r.Config)
//	for _, d := range r.Diags {
//		d.Print(os.Stderr, false)
//	}
//
// How it is done: the text is taken as a run of words, whose line ends are no
// more than a hint. From each word that begins a command the grammars' own
// automaton (package syntax) finds every place where a whole command can end.
// That makes a lattice of possible commands, and of words to skip; the cheapest
// way through it is the reading (path.go says what is cheap). So a command
// need not stand on a line of its own, the end of a comment need not be marked,
// and there is no list of keywords here beside the grammars.
//
// What always holds:
//
//   - A plain configuration, in which each line parses as it stands, is returned
//     as it is: Result.Clean. The repaired configuration is such a one.
//   - Each command found has been read by the real parser, not only by the
//     automaton, which accepts some more.
//   - Nothing is guessed in silence. Words that were left out and are no comment
//     stay in the configuration as a comment line, and so do the other readings
//     where the text contradicts itself: a person decides. Result.Plain is the
//     configuration without these marks.
//   - Commands far from the configuration, such as an example in the prose, are
//     reported apart: Result.Strays.
//   - Any bytes are fine. Time and memory grow in line with the input, which may
//     have MaxSize bytes.
package repair
