// Package syntax answers questions about the command language that a parser
// cannot: what may come next, what does this abbreviation stand for, what did
// the user probably mean, and where in a run of words do whole commands end.
//
// In go the grammars, as the EBNF that a participle parser prints of itself,
// and a table of their leaves (an address, a port, a name). Out comes one
// Automaton, the union of all grammars, so that there is no second list of
// keywords to keep in step with the parser.
//
//	a, err := syntax.New([]syntax.Grammar{{EBNF: isakmpParser.String()}}, classes)
//	a.Expand([]string{"isak", "pol", "10", "auth", "pre"})
//	// isakmp policy 10 authentication pre-share
//	a.Next([]string{"isakmp", "policy", "10", "hash"})
//	// md5 sha
//
// What always holds:
//
//   - The automaton accepts every line that the grammars accept, and some more:
//     a participle grammar tries its alternatives in order and stays with the
//     first that fits, an automaton follows all of them. Use it to help and to
//     guess; to accept a command, parse it.
//   - Keywords match in any case and are given back in the spelling of the
//     grammar. What a leaf swallows is given back as it was typed.
//   - Expanding what was expanded changes nothing.
//   - Answers are sorted: the same question has the same answer.
//   - An Automaton may be used by several goroutines. Its states are made when
//     they are first walked through and kept, so the first question is the
//     slowest.
//
// Words are the tokens of the parser's lexer: blanks separate, and within an
// interface pair the marks "(", "," and ")" are words of their own.
package syntax
