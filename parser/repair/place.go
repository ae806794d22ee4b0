package repair

import (
	"sort"
	"strings"
	"unicode/utf8"

	"pixfw/ast"
)

// places turns byte offsets into positions, in about the same time wherever
// they are and however long the lines are.
type places struct {
	text  string
	lines []int   // start of each line
	count []int32 // characters before each multiple of stride
}

const stride = 1 << 10

func newPlaces(text string) *places {
	p := &places{text: text, lines: []int{0}}
	n := int32(0)
	for i := 0; i < len(text); i++ {
		if i%stride == 0 {
			p.count = append(p.count, n)
		}
		if utf8.RuneStart(text[i]) {
			n++
		}
		if text[i] == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	if len(text)%stride == 0 {
		p.count = append(p.count, n)
	}
	return p
}

// characters counts those before the offset.
func (p *places) characters(offset int) int32 {
	n := p.count[offset/stride]
	for i := offset / stride * stride; i < offset; i++ {
		if utf8.RuneStart(p.text[i]) {
			n++
		}
	}
	return n
}

func (p *places) pos(offset int) ast.Pos {
	line := sort.SearchInts(p.lines, offset+1)
	return ast.Pos{Line: int32(line), Col: p.characters(offset) - p.characters(p.lines[line-1]) + 1}
}

// maxSource bounds the source line of a diagnostic, in bytes.
const maxSource = 240

// source returns the line around the offset, and the column that it begins at.
func (p *places) source(offset int) (text string, column int32) {
	pos := p.pos(offset)
	start := p.lines[pos.Line-1]
	end := len(p.text)
	if int(pos.Line) < len(p.lines) {
		end = p.lines[pos.Line] - 1
	}
	column = 1
	if offset-start > maxSource/2 {
		from := offset - maxSource/2
		for from < offset && !utf8.RuneStart(p.text[from]) {
			from++
		}
		column = pos.Col - (p.characters(offset) - p.characters(from))
		start = from
	}
	if end-start > maxSource {
		end = start + maxSource
		for end > start && !utf8.RuneStart(p.text[end]) {
			end--
		}
	}
	return strings.TrimRight(p.text[start:end], "\r"), column
}
