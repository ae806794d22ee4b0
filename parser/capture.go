package parser

import (
	"strings"
	"unicode/utf8"
)

// A capture is the text of a file as it came: what a terminal, a page or a tool put around the lines of a configuration is
// found here, once for the whole file, and taken off each line as it is read (commands-firewall.md 4.4).
type capture struct {
	raw    []string // the lines as they stand, without the line feed
	dirty  bool     // there are characters that a terminal acts on, or that are no text
	layers []layer  // what stands around each line, from the outside in
	head   int      // index of the line that begins the configuration's frame; -1: there is none
	double bool     // an empty line stands behind each line
	widths []int    // at which a terminal may have wrapped
	stated int      // the width that the configuration itself says
}

// A layer is a decoration that the lines of a file have in common.
type layer struct {
	what  string // how a message calls it; empty: not worth one
	match func(s string) (front, end int, ok bool)
}

// part is what one physical line gives to a line of the configuration.
type part struct {
	at    int     // the first character of text
	no    int32   // the physical line,
	raw   string  // its text,
	shift int     // how many of its characters are cut off in front,
	cols  []int32 // and where its characters stood, if a terminal moved them
}

const (
	more    = "<--- More --->"
	numbers = "the numbers of the lines"
)

func newCapture(s string) *capture {
	c := &capture{head: -1}
	if !strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	c.raw = make([]string, 0, strings.Count(s, "\n")+1)
	c.dirty = dirty(s)
	for s != "" {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		line = strings.TrimSuffix(line, "\r")
		c.raw = append(c.raw, line)
	}
	for len(c.layers) < maxLayers && c.decoration() {
	}
	c.survey()
	return c
}

// dirty reports whether a text has characters that a terminal acts on, or that are no text. It is asked of whole files, of
// which most have none: that is known by a few fast searches.
func dirty(s string) bool {
	for _, c := range []byte("\b\x00\x1b\x07\x7f") {
		if strings.IndexByte(s, c) >= 0 {
			return true
		}
	}
	if !utf8.ValidString(s) || strings.Contains(s, more) {
		return true
	}
	// A carriage return is none of these where it ends a line.
	n := strings.Count(s, "\r")
	if strings.HasSuffix(s, "\r") {
		n--
	}
	return n > strings.Count(s, "\r\n")
}

// text is what line i says, with the number of characters that were cut off in front of it and, if a terminal moved its
// characters, their columns.
func (c *capture) text(i int) (text string, shift int, cols []int32) {
	text = c.raw[i]
	if len(text) > maxLine {
		return text, 0, nil
	}
	if c.dirty {
		text, cols = terminal(text)
	}
	for _, l := range c.layers {
		if front, end, ok := l.match(text); ok {
			shift += chars(text[:front])
			text = text[front:end]
		}
	}
	return text, shift, cols
}

// part is line i for a line of the configuration that is text so far.
func (c *capture) part(i int, text string) (string, part) {
	s, shift, cols := c.text(i)
	return s, part{at: chars(text), no: int32(i + 1), raw: c.raw[i], shift: shift, cols: cols}
}

// bare reports whether line i says nothing once a pager's prompt is off.
func (c *capture) bare(i int) bool {
	if c.raw[i] == "" {
		return false
	}
	s, _, _ := c.text(i)
	return trim(s) == "" && strings.Contains(c.raw[i], more)
}

// empty reports whether line i is empty but for what stands around every line.
func (c *capture) empty(i int) bool {
	s, _, _ := c.text(i)
	return trim(s) == "" && !strings.Contains(c.raw[i], more)
}

// terminal shows a line as a terminal would: a carriage return and a backspace move back, what follows overwrites. The
// pager's prompt goes with what wiped it. cols is nil if nothing has moved.
func terminal(raw string) (string, []int32) {
	if !utf8.ValidString(raw) {
		raw = Latin1(raw)
	}
	raw = strings.TrimRight(raw, "\r")
	if !strings.ContainsAny(raw, "\r\b\x00\x1b\x07\x7f") && !strings.Contains(raw, more) {
		return raw, nil
	}
	in := []rune(raw)
	var out []rune
	var cols []int32
	at := 0
	for i := 0; i < len(in); i++ {
		switch r := in[i]; {
		case r == '<' && strings.HasPrefix(string(in[i:min(i+len(more), len(in))]), more):
			i += len(more) - 1
			for i+1 < len(in) && strings.ContainsRune("\r\b \x00", in[i+1]) {
				i++
			}
			at = len(out)
		case r == '\r':
			at = 0
		case r == '\b':
			at = max(at-1, 0)
		case r == 0x1b && i+1 < len(in) && in[i+1] == '[':
			for i += 2; i < len(in) && (in[i] < '@' || in[i] > '~'); i++ {
			}
			if i < len(in) && in[i] == 'K' {
				out, cols = out[:at], cols[:at]
			}
		case r == 0, r == 0x1b, r == '\a', r == 0x7f:
		case at < len(out):
			out[at], cols[at] = r, int32(i+1)
			at++
		default:
			out, cols = append(out, r), append(cols, int32(i+1))
			at++
		}
	}
	return string(out), append(cols, int32(len(in)+1))
}

const (
	maxLayers = 3
	// sampled is how many lines are looked at to find what all have in common.
	sampled = 5000
)

// decoration finds one more layer around the lines: a bullet or quotation mark, a number that grows, the border of a table.
// It must be on most of the lines, so that nothing is cut off a single one.
func (c *capture) decoration() bool {
	all, last, rising := 0, -1, 0
	indent := " \t"
	count := map[string]int{}
	for i := range c.raw[:min(len(c.raw), sampled)] {
		s, _, _ := c.text(i)
		t := trim(s)
		if t == "" {
			continue
		}
		if front := s[:len(s)-len(strings.TrimLeft(s, " \t"))]; all == 0 {
			indent = front
		} else {
			for !strings.HasPrefix(front, indent) {
				indent = indent[:len(indent)-1]
			}
		}
		all++
		if m, _ := mark(s); m != "" {
			count[m]++
		}
		if n, _, ok := number(s); ok {
			if n > last {
				rising++
			}
			last = n
		}
		if border(s) < len(s) {
			count["border"]++
		}
	}
	most := func(n int) bool { return n >= 3 && n*2 > all }
	for _, m := range [...]string{"-", "*", ">", "|", "+", "\u2022", "\u00b7"} {
		if most(count[m]) {
			c.layers = append(c.layers, layer{quote(m) + " before each line", func(s string) (int, int, bool) {
				got, front := mark(s)
				return front, len(s), got == m
			}})
			return true
		}
	}
	switch {
	case indent != "" && all >= 3:
		c.layers = append(c.layers, layer{"", func(s string) (int, int, bool) {
			return len(indent), len(s), strings.HasPrefix(s, indent)
		}})
		return true
	case most(rising):
		c.layers = append(c.layers, layer{numbers, func(s string) (int, int, bool) {
			_, front, ok := number(s)
			return front, len(s), ok
		}})
		return true
	case most(count["border"]):
		c.layers = append(c.layers, layer{"the border behind each line", func(s string) (int, int, bool) {
			end := border(s)
			return 0, end, end < len(s)
		}})
		return true
	}
	return false
}

// mark is the bullet or quotation mark that a line begins with, and where what it marks begins.
func mark(s string) (string, int) {
	t := strings.TrimLeft(s, " \t")
	r, n := utf8.DecodeRuneInString(t)
	if !strings.ContainsRune("-*>|+\u2022\u00b7", r) || r == utf8.RuneError {
		return "", 0
	}
	front := len(s) - len(t) + n
	if front < len(s) && s[front] != ' ' && s[front] != '\t' {
		return "", 0
	}
	return t[:n], min(front+1, len(s))
}

// number is the number of a line in a listing, as in "  12: " and "12 ".
func number(s string) (n, front int, ok bool) {
	t := strings.TrimLeft(s, " \t")
	d := len(t) - len(strings.TrimLeft(t, "0123456789"))
	n, ok = decimal(t[:d])
	if !ok || d > 7 {
		return 0, 0, false
	}
	front = len(s) - len(t) + d
	if front < len(s) && strings.IndexByte(":.)|]", s[front]) >= 0 {
		front++
	}
	if front < len(s) && s[front] != ' ' && s[front] != '\t' {
		return 0, 0, false
	}
	return n, min(front+1, len(s)), true
}

// border is where the vertical bars at the end of a line begin.
func border(s string) int {
	t := strings.TrimRight(s, " \t|")
	if !strings.Contains(s[len(t):], "|") {
		return len(s)
	}
	return len(t)
}

// survey finds the frame, the width of the terminal, and whether lines are spaced doubly.
func (c *capture) survey() {
	longest, blank, full := 0, 0, 0
	for i, raw := range c.raw {
		if len(c.layers) == 0 && !c.dirty && len(raw) <= longest && len(raw) > 40 {
			full++
			continue // most lines of a large file
		}
		s, _, _ := c.text(i)
		t := trim(s)
		if t == "" {
			blank++
			continue
		}
		full++
		if c.head < 0 && begins(t) {
			c.head = i
		}
		if w, ok := cutFold(t, "terminal width "); ok {
			c.stated, _ = decimal(trim(w))
		}
		if len(s) > longest && len(s) <= maxLine {
			longest = max(longest, chars(s))
		}
	}
	c.double = blank*10 >= full*9
	for _, w := range [...]int{c.stated, 80, longest} {
		if w >= 40 && (len(c.widths) == 0 || w != c.widths[len(c.widths)-1]) {
			c.widths = append(c.widths, w)
		}
	}
}

// begins reports whether a line begins the frame of a configuration.
func begins(t string) bool {
	if isFrame(t) {
		return len(t) > 1 && !strings.EqualFold(t, ": end")
	}
	for _, s := range [...]string{"PIX Version ", "Building configuration...", "ASA Version ", "FWSM Version "} {
		if _, ok := cutFold(t, s); ok {
			return true
		}
	}
	return false
}
