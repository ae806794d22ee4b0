package syntax

import (
	"strings"

	"github.com/alecthomas/participle/v2/ebnf"
)

// readEBNF is ebnf.ParseString, by hand: the grammars of all commands are some hundred kilobytes, and the first answer to a
// question mark waits for them. What it does not take goes to ebnf.ParseString, which also makes the message.
func readEBNF(text string) (*ebnf.EBNF, error) {
	r := ebnfReader{text: text}
	if out, ok := r.all(); ok {
		return out, nil
	}
	return ebnf.ParseString(text)
}

// maxNested bounds the depth of parentheses that are read by hand.
const maxNested = 100

type ebnfReader struct {
	text  string
	at    int
	depth int
}

func (r *ebnfReader) all() (*ebnf.EBNF, bool) {
	out := &ebnf.EBNF{}
	for r.peek() != 0 {
		name := r.ident()
		if name == "" || !r.is('=') {
			return nil, false
		}
		e := r.expression()
		if e == nil || !r.is('.') {
			return nil, false
		}
		out.Productions = append(out.Productions, &ebnf.Production{Production: name, Expression: e})
	}
	return out, r.at == len(r.text)
}

// peek is the next character that is no blank; 0 at the end.
func (r *ebnfReader) peek() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\n', '\t':
			r.at++
		default:
			return c
		}
	}
	return 0
}

func (r *ebnfReader) is(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *ebnfReader) ident() string {
	r.peek()
	start := r.at
	for r.at < len(r.text) {
		c := r.text[r.at]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (r.at == start || c < '0' || c > '9') {
			break
		}
		r.at++
	}
	return r.text[start:r.at]
}

func (r *ebnfReader) expression() *ebnf.Expression {
	e := &ebnf.Expression{}
	for {
		s := &ebnf.Sequence{}
		for {
			t, ok := r.term()
			if !ok {
				return nil
			}
			if t == nil {
				break
			}
			s.Terms = append(s.Terms, t)
		}
		if len(s.Terms) == 0 {
			return nil
		}
		e.Alternatives = append(e.Alternatives, s)
		if !r.is('|') {
			return e
		}
	}
}

// term is nil where no term begins.
func (r *ebnfReader) term() (t *ebnf.Term, ok bool) {
	t = &ebnf.Term{Negation: r.is('~')}
	switch c := r.peek(); {
	case c == '"':
		end := r.at + 1
		for end < len(r.text) && r.text[end] != '"' && r.text[end] != '\n' {
			if c := r.text[end]; c == '\\' || c < ' ' || c >= 0x7f {
				return nil, false // there are rules for them
			}
			end++
		}
		if end >= len(r.text) || r.text[end] != '"' {
			return nil, false
		}
		t.Literal = r.text[r.at : end+1]
		r.at = end + 1
	case c == '<':
		r.at++
		if t.Token = r.ident(); t.Token == "" || !r.is('>') {
			return nil, false
		}
	case c == '(':
		if r.depth++; r.depth > maxNested {
			return nil, false
		}
		r.at++
		t.Group = &ebnf.SubExpression{}
		if r.is('?') {
			c := r.peek()
			if c != '!' && c != '=' {
				return nil, false
			}
			t.Group.Lookahead = ebnf.LookaheadAssertion(c)
			r.at++
		}
		if t.Group.Expr = r.expression(); t.Group.Expr == nil || !r.is(')') {
			return nil, false
		}
		r.depth--
	default:
		if t.Name = r.ident(); t.Name == "" {
			return nil, !t.Negation
		}
	}
	if c := r.peek(); c != 0 && strings.IndexByte("*+?!", c) >= 0 {
		t.Repetition = string(c)
		r.at++
	}
	return t, true
}
