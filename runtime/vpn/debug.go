package vpn

import (
	"slices"
	"strings"
	"sync"

	"pixfw/runtime/aaa"
	"pixfw/runtime/ike"
)

// debugs are those who read debug output.
type debugs struct {
	mu   sync.Mutex
	list []*debug
}

type debug struct {
	facility string
	level    int
	fn       func(string)
}

// Debug is that of runtime.VPN.
func (s *service) Debug(facility string, level int, fn func(line string)) (cancel func()) {
	d := &debug{facility, level, fn}
	s.debugs.mu.Lock()
	s.debugs.list = append(s.debugs.list, d)
	s.debugs.mu.Unlock()
	_ = s.call(s.setDebug) // a firewall that is closed has nothing to tell
	return func() {
		s.debugs.mu.Lock()
		s.debugs.list = slices.DeleteFunc(slices.Clone(s.debugs.list), func(o *debug) bool { return o == d })
		s.debugs.mu.Unlock()
		_ = s.call(s.setDebug)
	}
}

// setDebug asks the machine for what somebody reads.
func (s *service) setDebug() {
	if s.machine == nil {
		return
	}
	for _, f := range []ike.Facility{ike.ISAKMP, ike.IPsec, ike.Engine, ike.CA} {
		s.machine.SetDebug(f, s.debugs.level(f.String()))
	}
}

func (d *debugs) level(facility string) (level int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.list {
		if x.facility == facility {
			level = max(level, x.level)
		}
	}
	return level
}

// any reports whether somebody reads.
func (d *debugs) any() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.list) > 0
}

// tell hands text to those who have asked for it: for `aaa` those of all its parts too.
func (d *debugs) tell(facility string, level int, text string) {
	d.mu.Lock()
	list := d.list // replaced, never changed, but for what is appended
	d.mu.Unlock()
	for _, x := range list {
		if x.level >= level && (x.facility == facility || strings.HasPrefix(facility, x.facility+" ")) {
			x.fn(text)
		}
	}
}

// event is what the asking of AAA servers tells.
func (s *service) event(e aaa.Event) {
	if !s.debugs.any() {
		return
	}
	for _, line := range e.Lines() {
		s.debugs.tell(e.Facility(), 1, line+"\n")
	}
}
