package shell

import (
	"bufio"
	"errors"
	"io"
)

// lineReader reads lines of any input with bounded memory: what is behind the longest line that a PIX takes is dropped,
// and the line is refused as too long when it is run.
type lineReader struct{ r *bufio.Reader }

// longestLine is more than any command may have.
const longestLine = 4096

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{bufio.NewReaderSize(in, longestLine)}
}

// next is the next line without its end; a last line without one counts.
func (l *lineReader) next() (string, error) {
	b, err := l.r.ReadSlice('\n')
	line := string(b)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && line != "" {
		return line, nil
	}
	return line, err
}
