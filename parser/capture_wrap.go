package parser

import (
	"slices"
	"strings"
)

// A logical line is a line of the configuration, and the physical lines that it was made from.
type logical struct {
	text  string
	parts []part
	skip  []int32 // physical lines between them that say nothing
	weak  bool    // put together by its length alone
	width int     // at which it was wrapped
	moved bool    // columns are not those of the file
}

// next is the line of the configuration that begins at physical line i, and how many physical lines it takes.
//
// A terminal breaks a line that is longer than it is wide at the width, also inside a word, without a mark. So a line may go
// on where it is exactly that long, or a blank or two shorter that someone trimmed. Whether it does, the grammars decide:
// the joined text must be a command where the parts are not.
func (p *fileParser) next(c *capture, i int) (logical, int) {
	text, head := c.part(i, "")
	l := logical{text: text, moved: head.shift > 0 || head.cols != nil}
	n, width := 1, 0
	for {
		k := i + n
		for k < len(c.raw) && (c.bare(k) || c.double && k == i+n && c.empty(k)) {
			k++
		}
		if k >= len(c.raw) || len(l.text) > maxLine {
			break
		}
		so, w := "", 0
		for short := 0; short <= 2 && w == 0; short++ {
			if at, stated := c.full(text, short, width); at > 0 {
				if so = l.text + strings.Repeat(" ", short); p.continues(c, k, so, short, stated, &l) {
					w = at
				}
			}
		}
		if w == 0 {
			break
		}
		piece, more := c.part(k, so)
		if len(l.parts) == 0 {
			l.parts = append(l.parts, head)
		}
		for x := i + n; x < k; x++ {
			l.skip = append(l.skip, int32(x+1))
		}
		l.text, l.moved, l.width = so+piece, true, w
		l.parts = append(l.parts, more)
		text, width, n = piece, w, k-i+1
	}
	if l.parts == nil && l.moved {
		l.parts = []part{head}
	}
	return l, n
}

// full is the width of the terminal if a line fills it but for as many blanks, which were trimmed; else 0.
func (c *capture) full(text string, short, width int) (at int, stated bool) {
	if len(text) < 38 {
		return 0, false
	}
	n := chars(text) + short
	for _, w := range c.widths {
		if n == w && (width == 0 || width == w) {
			return w, w == c.stated
		}
	}
	return 0, false
}

// mayWrap reports whether a line may go on with the next.
func (c *capture) mayWrap(text string) bool {
	if len(text) < 38 {
		return false
	}
	n := chars(text)
	return slices.ContainsFunc(c.widths, func(w int) bool { return n <= w && w <= n+2 })
}

// continues reports whether physical line k goes on with what so holds, at whose end blanks were trimmed.
func (p *fileParser) continues(c *capture, k int, so string, blanks int, stated bool, l *logical) bool {
	piece, _, _ := c.text(k)
	t := trim(piece)
	if t == "" || p.budget < 0 || frameWord(t) != "" {
		return false
	}
	if t[0] == ':' || t[0] == '!' { // a comment, unless the command breaks off without it, as in 1:00:00
		return !p.accepts(so) && p.accepts(so+piece)
	}
	if _, prompted := prompt(piece); prompted {
		return false
	}
	p.budget -= 3
	head, tail := p.accepts(so), p.accepts(piece)
	// Text to the end of the line goes on with anything; so what could be a line of its own is one.
	if head && (tail || (blanks > 0 || p.starts(t)) && p.accepts(so+" (,)")) {
		return false
	}
	first := trim(so)
	sure := stated || p.wraps > 0
	switch {
	case first == "":
		return false
	case first[0] == ':' || first[0] == '!':
		return sure && !tail && blanks == 0 && !p.starts(t)
	case p.accepts(so + piece):
		if head && !sure && (p.starts(t) || p.accepts(so+" (,)")) {
			return false // a line may be of this length by chance, and text goes on with anything
		}
		p.wraps++
		return true
	case tail:
		return false
	}
	// Several wraps: with each line that is full, too.
	long := so + piece
	for n := k; ; n++ {
		s, _, _ := c.text(n)
		if w, _ := c.full(s, 0, 0); w == 0 || n+1 >= len(c.raw) || n-k > 8 {
			break
		}
		s, _, _ = c.text(n + 1)
		long += s
		if p.budget--; p.accepts(long) {
			p.wraps++
			return true
		}
	}
	if sure && blanks == 0 && !head && p.starts(first) && !p.starts(t) {
		l.weak = true
		return true
	}
	return false
}

func frameWord(t string) string {
	if begins(t) || strings.EqualFold(t, ": end") || t == "[OK]" {
		return t
	}
	if _, ok := cutFold(t, "Cryptochecksum:"); ok {
		return t
	}
	return ""
}

// accepts reports whether a line is a whole command.
func (p *fileParser) accepts(text string) bool {
	if len(text) > maxLine || trim(text) == "" {
		return false
	}
	_, ok := try(text, p.scope, 0)
	return ok
}

// starts reports whether a line begins with the first word of a command.
func (p *fileParser) starts(t string) bool {
	w := firstWord(t)
	return leadingWords()[strings.ToLower(w)]
}

func firstWord(t string) string {
	t = trim(t)
	if i := strings.IndexAny(t, " \t"); i >= 0 {
		t = t[:i]
	}
	return t
}
