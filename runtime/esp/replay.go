package esp

import (
	"math"
	"sync"
	"sync/atomic"
)

// A sequence numbers what is sent, from 1. It never begins again (RFC 2406 2.2), except where wraps is set, as it is for keys by
// hand, which nobody could replace.
type sequence struct {
	last  atomic.Uint64
	wraps bool
}

// next is the number of the next packet. Not ok: there is none.
func (s *sequence) next() (n uint32, ok bool) {
	v := s.last.Add(1)
	if v > math.MaxUint32 && !s.wraps {
		s.last.Store(math.MaxUint32) // no further, however often it is asked for
		return 0, false
	}
	return uint32(v), true
}

// replayWindow is how far packets may overtake one another (commands-vpn-aaa-show.md 2.13; unconfirmed).
const replayWindow = 64

// A window knows which numbers have been received (RFC 2401 appendix C).
type window struct {
	off  bool // nothing is checked: keys by hand, no authentication
	mu   sync.Mutex
	top  uint32
	seen uint64 // bit n: top-n has been received
}

// fresh reports whether a number has not been received yet, as far as the window goes. It is cheap, and asked before anything is
// computed.
func (w *window) fresh(seq uint32) bool {
	if w.off {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isFresh(seq)
}

func (w *window) isFresh(seq uint32) bool {
	switch {
	case seq == 0:
		return false
	case seq > w.top:
		return true
	case w.top-seq >= replayWindow:
		return false
	}
	return w.seen&(1<<(w.top-seq)) == 0
}

// accept notes a number whose packet was genuine; false: it had come before.
func (w *window) accept(seq uint32) bool {
	if w.off {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.isFresh(seq) {
		return false
	}
	if seq > w.top {
		if d := seq - w.top; d < replayWindow {
			w.seen = w.seen<<d | 1
		} else {
			w.seen = 1
		}
		w.top = seq
		return true
	}
	w.seen |= 1 << (w.top - seq)
	return true
}
