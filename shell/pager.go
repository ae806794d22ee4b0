package shell

import "strings"

// A Pager cuts output into screens. It is a state machine without a terminal: Start gives the first screen, Key what a key
// brings, and Waiting says whether `<--- More --->` stands at the bottom.
type Pager struct {
	Lines int // of a screen, the prompt included; 0: no pager
	rest  []string
}

// Waiting reports whether there is more to show.
func (p *Pager) Waiting() bool { return len(p.rest) > 0 }

// Prompt is what stands at the bottom of the screen while the pager waits.
func (p *Pager) Prompt() string { return textMore }

// Start takes the whole output of a command and gives its first screen.
func (p *Pager) Start(text string) string {
	if p.Lines <= 1 {
		p.rest = nil
		return text
	}
	p.rest = strings.SplitAfter(text, "\n")
	if n := len(p.rest); n > 0 && p.rest[n-1] == "" {
		p.rest = p.rest[:n-1]
	}
	if len(p.rest) <= p.Lines {
		p.rest = nil
		return text
	}
	return p.take(p.Lines - 1)
}

// Key is the next part: a page for a blank, a line for Enter, nothing and the end for q. Other keys do nothing.
func (p *Pager) Key(key rune) string {
	switch key {
	case ' ':
		return p.take(p.Lines - 1)
	case '\r', '\n':
		return p.take(1)
	case 'q', 'Q', 3, 4: // Ctrl-C and Ctrl-D too
		p.rest = nil
	}
	return ""
}

func (p *Pager) take(n int) string {
	n = min(n, len(p.rest))
	text := strings.Join(p.rest[:n], "")
	p.rest = p.rest[n:]
	return text
}
