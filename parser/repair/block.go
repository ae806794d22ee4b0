package repair

import "strings"

// maxGap is how many words that are no command may stand within a configuration
// that has no frame, and maxLineGap in a document of which each line is a command
// or is not.
const (
	maxGap     = 150
	maxLineGap = 2000
)

// minStray is how many words an example must have that is reported as a stray.
const minStray = 3

// A block is the part of a reading that is the configuration: taken[from:to].
type block struct {
	from, to int
	others   int // further blocks with a frame of their own
}

// find tells which part of the reading is the configuration: what stands
// between ": Saved" or the version and ": end" or the checksum; else the run of
// commands, without much other text between them, that has most of them.
func (p *path) find() block {
	l := p.l
	gap := int32(maxGap)
	if l.lines {
		gap = maxLineGap
	}
	closed := p.closed()
	var all []block
	open := false // the last of all may go on
	framed := func(k int) bool { return l.edges[p.taken[k]].frame }
	for k, x := range p.taken {
		e := l.edges[x]
		head, tail := p.frame(e)
		far := k > 0 && e.from-l.edges[p.taken[k-1]].to > gap && !closed[k]
		again := head && k > 0 && !framed(k-1) // a new frame begins
		if !open || far || again {
			all = append(all, block{from: k})
		}
		all[len(all)-1].to = k + 1
		// ": end" follows the checksum.
		next := false
		if tail && k+1 < len(p.taken) {
			n := l.edges[p.taken[k+1]]
			_, next = p.frame(n)
			next = next && n.from == e.to
		}
		open = !tail || next
	}
	var best block
	score := -1
	heads := 0
	for _, b := range all {
		n := 0
		head := false
		for k := b.from; k < b.to; k++ {
			if !framed(k) {
				n++
			} else if h, _ := p.frame(l.edges[p.taken[k]]); h {
				head = true
			}
		}
		if head {
			heads++
			n += 1 << 24 // a frame beats any number of commands
		}
		if n > score && n&(1<<24-1) > 0 {
			best, score = b, n
		}
	}
	if best.to > best.from && heads > 1 {
		best.others = heads - 1
	}
	return best
}

// closed tells for each edge whether it is within a frame that was found whole.
func (p *path) closed() []bool {
	in := make([]bool, len(p.taken))
	tail := false
	for k := len(p.taken) - 1; k >= 0; k-- {
		begins, ends := p.frame(p.l.edges[p.taken[k]])
		tail = tail && !begins || ends
		in[k] = tail
	}
	head := false
	for k := range in {
		begins, _ := p.frame(p.l.edges[p.taken[k]])
		head = head && in[k] || begins
		in[k] = in[k] && head
	}
	return in
}

// frame reports whether the edge is a line that begins, or ends, a frame.
func (p *path) frame(e edge) (head, tail bool) {
	if !e.frame {
		return false, false
	}
	w := p.l.words[e.from]
	second := ""
	if e.to-e.from > 1 {
		second = p.l.words[e.from+1].text
	}
	switch {
	case w.text == "PIX", strings.EqualFold(second, "saved"):
		return true, false
	case second == "end", strings.HasPrefix(w.text, "Cryptochecksum"):
		return false, true
	}
	return false, false
}

// stray reports whether the edge, outside the block, is worth telling: in prose
// a command that is meant as one fills its line.
func (p *path) stray(e edge) bool {
	return !e.frame && !e.weak && e.to-e.from >= minStray && p.l.alone(e)
}

// oriented reports whether the commands of the block begin their lines, as they
// do where only the ends of long lines were lost. What stands on a line behind a
// comment mark has no say: it may be a command that was commented out.
func (p *path) oriented(b block) bool {
	begin, all := 0, 0
	for k := b.from; k < b.to; k++ {
		e := p.l.edges[p.taken[k]]
		if e.frame || p.l.quoted[e.from] && p.l.words[e.to-1].line == p.l.words[e.from].line {
			continue
		}
		all++
		if p.l.starts(int(e.from)) {
			begin++
		}
	}
	return all > 0 && begin*10 >= all*9
}
