package parser

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// Token types. Keywords match a token of any type; only leaves look at the type.
const (
	tokWord  lexer.TokenType = iota + 1 // between blanks
	tokPunct                            // ( , ) of (inside,outside)
	tokAlias                            // a word that a name command has defined as an address
	tokSpan                             // A-B, where one side or both are such names
)

// lexDef makes participle lex a line with the rules of this file, without aliases. Lines of a file are lexed by lexLine.
type lexDef struct{}

func (lexDef) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Word": tokWord, "Punct": tokPunct, "Alias": tokAlias, "Span": tokSpan}
}

func (d lexDef) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(name, string(text))
}

func (lexDef) LexString(_ string, line string) (lexer.Lexer, error) {
	return &tokens{list: lexLine(line, nil)}, nil
}

// tokens plays a list of tokens to participle.
type tokens struct {
	list []lexer.Token
	next int
}

func (t *tokens) Next() (lexer.Token, error) {
	tok := t.list[min(t.next, len(t.list)-1)]
	t.next++
	return tok, nil
}

// scratch is a lexer that is used again for the next line: making one costs as much as reading a short command.
type scratch struct {
	lex  *lexer.PeekingLexer
	room []lexer.Token // the lexer's own
}

// maxScratch is more tokens than most lines have.
const maxScratch = 64

var scratches = sync.Pool{New: func() any {
	list := make([]lexer.Token, maxScratch)
	for i := range list[:maxScratch-1] {
		list[i].Type = tokWord
	}
	list[maxScratch-1].Type = lexer.EOF
	lex, err := lexer.Upgrade(&tokens{list: list})
	if err != nil {
		panic(err) // tokens has no errors
	}
	return &scratch{lex: lex, room: lex.Range(0, maxScratch)}
}}

// read lexes a line. Its tokens are there until the next one is read.
func (s *scratch) read(line string, names map[string]addrIP) (*lexer.PeekingLexer, []lexer.Token, error) {
	list := appendTokens(s.room[:0], line, names)
	if len(list) > maxScratch {
		lex, err := lexer.Upgrade(&tokens{list: list})
		return lex, list, err
	}
	s.lex.LoadCheckpoint(lexer.Checkpoint{})
	return s.lex, list, nil
}

// lexLine splits one line into words. The last token is the end of the line; its value is the whole line, so that leaves
// of free text can have it with its spacing. Columns count characters from 1.
//
// A parenthesis is a token of its own only where it begins a word, as in (inside,outside): a password may hold any.
func lexLine(line string, names map[string]addrIP) []lexer.Token {
	return appendTokens(make([]lexer.Token, 0, 16), line, names)
}

func appendTokens(list []lexer.Token, line string, names map[string]addrIP) []lexer.Token {
	col, inside := 1, false
	add := func(t lexer.TokenType, at, end int) {
		list = append(list, lexer.Token{Type: t, Value: line[at:end], Pos: lexer.Position{Offset: at, Line: 1, Column: col}})
		col += utf8.RuneCountInString(line[at:end])
	}
	for i := 0; i < len(line); {
		if blank(line[i]) {
			i++
			col++
			continue
		}
		end := i
		for end < len(line) && !blank(line[end]) {
			end++
		}
		if line[i] == '(' {
			add(tokPunct, i, i+1)
			i++
			inside = true
			continue
		}
		if inside {
			stop := i
			for stop < end && line[stop] != ',' && line[stop] != ')' {
				stop++
			}
			if stop == i {
				inside = line[i] != ')'
				add(tokPunct, i, i+1)
				i++
				continue
			}
			end = stop
		}
		kind := tokWord
		if len(names) > 0 {
			kind = aliasKind(line[i:end], names)
		}
		add(kind, i, end)
		i = end
	}
	return append(list, lexer.Token{Type: lexer.EOF, Value: line, Pos: lexer.Position{Offset: len(line), Line: 1, Column: col}})
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' }

func aliasKind(word string, names map[string]addrIP) lexer.TokenType {
	if _, ok := names[word]; ok {
		return tokAlias
	}
	if strings.IndexByte(word, '-') < 0 {
		return tokWord
	}
	if _, _, ok := spanOf(word, names); ok {
		return tokSpan
	}
	return tokWord
}
