package shell

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"pixfw/ast"
	"pixfw/runtime"
)

// A monitor carries debug output to one console: it comes from the paths of packets and must not wait for a slow terminal. What
// comes when the queue is full is lost, and counted.
type monitor struct {
	mu    sync.Mutex
	line  strings.Builder // what is not a whole line yet
	lost  int
	queue chan string
	stop  chan struct{}
	ended chan struct{}
}

// monitorRoom is how many lines wait for a console, longestShown how long one can become.
const (
	monitorRoom  = 4096
	longestShown = 4096
)

// newMonitor writes lines until it is closed.
func newMonitor(write func(string)) *monitor {
	m := &monitor{queue: make(chan string, monitorRoom), stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		for {
			select {
			case s := <-m.queue:
				write(s)
			case <-m.stop:
				return
			}
		}
	}()
	return m
}

// put takes text as it comes: the box ends lines where it likes.
func (m *monitor) put(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		i := strings.IndexByte(text, '\n')
		if i < 0 && m.line.Len()+len(text) < longestShown {
			m.line.WriteString(text)
			return
		}
		if i < 0 {
			i = len(text)
		}
		m.line.WriteString(text[:i])
		text = text[min(i+1, len(text)):]
		s := m.line.String() + "\n"
		m.line.Reset()
		if m.lost > 0 {
			s = fmt.Sprintf("(%d lines of debug output were lost)\n", m.lost) + s
		}
		select {
		case m.queue <- s:
			m.lost = 0
		default:
			m.lost++
		}
		if text == "" {
			return
		}
	}
}

func (m *monitor) close() {
	close(m.stop)
	<-m.ended
}

// debugging is one facility that a console has asked for.
type debugging struct {
	level  int
	cancel func()
}

// Monitor sends debug output of this console to write, line by line, from a goroutine of its own, until the returned func is
// called; that also ends all debugging of the console. Without a monitor there is nowhere to show it, and `debug` is refused.
func (s *Session) Monitor(write func(string)) (stop func()) {
	m := newMonitor(write)
	s.mu.Lock()
	s.monitor = m
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.undebug("all")
		s.book.watch(m, false)
		s.perf.watch(m, false)
		s.monitor = nil
		s.mu.Unlock()
		m.close()
	}
}

// debug switches debugging on or off (commands-vpn-aaa-show.md section 3.1). It is of this console only.
func (s *Session) debug(c *ast.Debug) (string, error) {
	if s.level < 15 {
		return "", refused(textUnprivilege)
	}
	if c.Off {
		s.undebug(c.Facility)
		return "", nil
	}
	vpn, ok := s.engine.(runtime.VPN)
	if !ok || s.monitor == nil {
		return "", refused(textNoDebug)
	}
	s.undebug(c.Facility)
	if s.debugs == nil {
		s.debugs = map[string]debugging{}
	}
	s.debugs[c.Facility] = debugging{c.Level, vpn.Debug(c.Facility, max(c.Level, 1), s.monitor.put)}
	return "", nil
}

// undebug switches a facility off, or all.
func (s *Session) undebug(facility string) {
	for f, d := range s.debugs {
		if f == facility || facility == "all" {
			d.cancel()
			delete(s.debugs, f)
		}
	}
}

// debugOrder is the order of `show debug` (commands-vpn-aaa-show.md section 3.1); what has no place in it stands behind, by name.
var debugOrder = []string{"crypto ipsec", "crypto isakmp", "crypto engine", "crypto ca"}

func debugRank(facility string) int {
	if i := slices.Index(debugOrder, facility); i >= 0 {
		return i
	}
	return len(debugOrder)
}

// formatDebugs is `show debug` (commands-vpn-aaa-show.md section 3.1): what is on, and the failover block that always is there.
func (s *Session) formatDebugs() string {
	var b strings.Builder
	on := slices.SortedFunc(maps.Keys(s.debugs), func(a, b string) int {
		return cmp.Or(cmp.Compare(debugRank(a), debugRank(b)), cmp.Compare(a, b))
	})
	for _, f := range on {
		b.WriteString("debug " + f)
		if n := s.debugs[f].level; n > 0 {
			fmt.Fprintf(&b, " %d", n)
		}
		b.WriteByte('\n')
	}
	b.WriteString("debug fover status\n")
	for _, w := range []string{"tx", "rx", "open", "cable", "txdmp", "rxdmp", "ifc", "rxip", "txip", "get", "put", "verify", "switch", "fail", "fmsg"} {
		fmt.Fprintf(&b, "    %-8sOff\n", w)
	}
	return b.String()
}

// clearSAs ends security associations, or starts their counters from zero.
func (s *Session) clearSAs(c *ast.ClearState) error {
	vpn, ok := s.engine.(runtime.VPN)
	if !ok {
		return nil // an engine that has none
	}
	switch c.What {
	case "ipsec sa counters":
		vpn.ClearSACounters()
		return nil
	case "isakmp sa":
		return vpn.ClearIKE(0)
	}
	plan, found := s.engine.Plan(), false
	err := vpn.ClearSAs(func(p *runtime.SAPair) bool {
		fits := (c.Peer == 0 || p.Peer.String() == c.Peer.String()) && (c.Map == "" || p.Map < len(plan.VPN.Maps) && plan.VPN.Maps[p.Map].Name == c.Map)
		if c.SPI != 0 {
			// A single one is named by where it ends: here or at the peer.
			in, out := p.In.SPI, p.Out.SPI
			if c.Proto == ast.ProtoAH {
				in, out = p.InAH.SPI, p.OutAH.SPI
			}
			dst := c.Peer.String()
			fits = p.Local.String() == dst && in == c.SPI || p.Peer.String() == dst && out == c.SPI
		}
		found = found || fits
		return fits
	})
	if err == nil && c.SPI != 0 && !found {
		err = errors.New("no such security association")
	}
	return err
}
