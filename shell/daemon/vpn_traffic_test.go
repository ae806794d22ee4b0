package daemon

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// echo answers datagrams in a namespace of the lab.
func (l *vpnLab) echo(ns, at string) {
	l.t.Helper()
	c := l.udp(ns, at)
	if err := c.SetDeadline(time.Time{}); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return // the test is over
			}
			_, _ = c.WriteTo(b[:n], from) // what is lost is counted by who has sent it
		}
	}()
}

// A pace is how fast a stream goes: one datagram in each interval.
type pace struct{ every time.Duration }

// A stream is a number of datagrams, one after the other, which somebody answers.
type stream struct {
	conn net.PacketConn
	stop chan struct{}
	work sync.WaitGroup
	mu   sync.Mutex
	sent uint64
	lost map[uint64]time.Time // or under way: when they were sent
}

// stream sends datagrams to who echoes them.
func (l *vpnLab) stream(ns, at, to string, size int, p pace) *stream {
	l.t.Helper()
	s := &stream{conn: l.udp(ns, at), stop: make(chan struct{}), lost: map[uint64]time.Time{}}
	if err := s.conn.SetDeadline(time.Time{}); err != nil {
		l.t.Fatal(err)
	}
	dst, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		l.t.Fatal(err)
	}
	tick := time.NewTicker(p.every)
	l.t.Cleanup(tick.Stop)
	s.work.Go(func() {
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			s.mu.Lock()
			s.sent++
			s.lost[s.sent] = time.Now()
			b := make([]byte, size)
			binary.BigEndian.PutUint64(b, s.sent)
			s.mu.Unlock()
			_, _ = s.conn.WriteTo(b, dst) // one that cannot be sent is lost
		}
	})
	go func() {
		b := make([]byte, 1500)
		for {
			n, _, err := s.conn.ReadFrom(b)
			if err != nil {
				return
			}
			if n != size {
				continue
			}
			s.mu.Lock()
			delete(s.lost, binary.BigEndian.Uint64(b))
			s.mu.Unlock()
		}
	}()
	return s
}

// answered is how many have come back.
func (s *stream) answered() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent - uint64(len(s.lost))
}

// end stops sending and waits a while for the last answers.
func (s *stream) end(l *vpnLab) (sent uint64, lost []time.Time) {
	close(s.stop)
	s.work.Wait()
	for deadline := time.Now().Add(2 * time.Second); s.answered() < s.sent && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
	}
	s.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.lost {
		lost = append(lost, at)
	}
	return s.sent, lost
}
