package shell

import (
	"bytes"
	"io"
	"sync/atomic"
)

// A Remote is a terminal at the other end of a byte stream: it shows what it is sent, and sends each key as it is pressed.
type Remote struct {
	columns atomic.Int32
}

// Resize tells how wide the terminal is now, in columns.
func (r *Remote) Resize(columns int) { r.columns.Store(int32(min(max(columns, 0), 1000))) }

func (r *Remote) raw() error    { return nil }
func (r *Remote) cooked() error { return nil }

func (r *Remote) width() int {
	if w := int(r.columns.Load()); w > 0 {
		return w
	}
	return defaultWidth
}

// OpenRemote makes a terminal for a session out of a stream. Whoever closes the stream ends the reading. The func ends the
// terminal.
func OpenRemote(s *Session, stream io.ReadWriter, far *Remote) (Term, func() error, error) {
	return openTerm(s, &bounded{r: stream}, crlf{stream}, far)
}

// longestTyped is how many bytes may come without the end of a line: the longest command, typed and mended.
const longestTyped = 8 * longestCommand

// bounded drops what comes of a line beyond that, because the editor keeps a line of any length.
type bounded struct {
	r io.Reader
	n int
}

func (b *bounded) Read(p []byte) (int, error) {
	for {
		n, err := b.r.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			switch {
			case c == '\r' || c == '\n' || c == 3 || c == 26:
				b.n = 0
			case b.n >= longestTyped:
				continue
			default:
				b.n++
			}
			kept = append(kept, c)
		}
		if len(kept) > 0 || err != nil || len(p) == 0 {
			return len(kept), err
		}
	}
}

// crlf ends lines as a terminal without a driver of its own needs it.
type crlf struct{ w io.Writer }

func (c crlf) Write(p []byte) (int, error) {
	if _, err := c.w.Write(bytes.ReplaceAll(bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
