package shell

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// What is counted for `show perfmon`.
const (
	perfXlates = iota
	perfTCP
	perfUDP
	perfURL
	perfFTP
	perfIntercept
	perfAuthen
	perfAuthor
	perfKinds
)

// perfOf is what a message counts as: each is written once for what it tells of, whether or not it is sent anywhere.
var perfOf = map[int]int{
	305009: perfXlates, 305011: perfXlates, 302013: perfTCP, 302015: perfUDP, 304001: perfURL, 303002: perfFTP, 201003: perfIntercept,
	109005: perfAuthen, 109006: perfAuthen, 109007: perfAuthor, 109008: perfAuthor,
}

// perfInterval is that of `perfmon` while none is configured.
const perfInterval = 120 * time.Second

// A perfmeter counts how often things happen: in all, and in the interval that has last ended.
type perfmeter struct {
	mu       sync.Mutex
	clock    runtime.Clock
	began    time.Time // the counting
	interval time.Duration
	turn     time.Time // when the interval began that has not ended yet
	all      [perfKinds]uint64
	now      [perfKinds]uint64  // since turn
	last     [perfKinds]float64 // a second, in the interval before; valid with full
	full     bool               // an interval has ended
	shown    time.Time          // when the table was last sent to those who watch
	watching []*monitor
}

func newPerfmeter(clock runtime.Clock) *perfmeter {
	now := clock.Now()
	return &perfmeter{clock: clock, began: now, interval: perfInterval, turn: now, shown: now}
}

func (p *perfmeter) add(m runtime.Message) {
	kind, ok := perfOf[m.ID]
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll()
	p.all[kind]++
	p.now[kind]++
}

// roll ends the interval, if its time is over. It reports whether it was. The lock is held.
func (p *perfmeter) roll() bool {
	past := p.clock.Now().Sub(p.turn)
	if past < p.interval {
		return false
	}
	for i, n := range p.now {
		p.last[i] = float64(n) / p.interval.Seconds()
	}
	if past >= 2*p.interval { // nothing happened in the one that has just ended
		p.last = [perfKinds]float64{}
	}
	p.now, p.full = [perfKinds]uint64{}, true
	p.turn = p.turn.Add(past / p.interval * p.interval)
	return true
}

// set changes the interval, and begins one.
func (p *perfmeter) set(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.interval, p.turn, p.now, p.full = d, p.clock.Now(), [perfKinds]uint64{}, false
	p.shown = p.turn
}

// perfRows are those of the table (commands-vpn-aaa-show.md section 4.14); a row without a list is of what no engine tells, one with an
// empty list of what never happens: no server is asked about URLs.
var perfRows = []struct {
	name  string
	kinds []int
}{
	{"Xlates", []int{perfXlates}}, {"Connections", []int{perfTCP, perfUDP}}, {"TCP Conns", []int{perfTCP}}, {"UDP Conns", []int{perfUDP}},
	{"URL Access", []int{perfURL}}, {"URL Server Req", []int{}}, {"TCP Fixup", nil}, {"TCPIntercept", []int{perfIntercept}}, {"HTTP Fixup", []int{perfURL}},
	{"FTP Fixup", []int{perfFTP}}, {"AAA Authen", []int{perfAuthen}}, {"AAA Author", []int{perfAuthor}}, {"AAA Account", nil},
}

// format is `show perfmon`. Current is the interval that ended last, and until one has ended what there is of the first; Average is since
// the start.
func (p *perfmeter) format() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll()
	now := p.clock.Now()
	rate := func(n uint64, since time.Time) float64 { return float64(n) / max(now.Sub(since).Seconds(), 1) }
	var b strings.Builder
	b.WriteString("PERFMON STATS:    Current      Average\n")
	for _, r := range perfRows {
		if r.kinds == nil {
			fmt.Fprintf(&b, "%-18s%7s  %11s\n", r.name, "-", "-")
			continue
		}
		current, average := 0.0, 0.0
		for _, k := range r.kinds {
			if current += p.last[k]; !p.full {
				current += rate(p.now[k], p.turn)
			}
			average += rate(p.all[k], p.began)
		}
		fmt.Fprintf(&b, "%-18s%5.0f/s  %9.0f/s\n", r.name, current, average)
	}
	return b.String()
}

// watch sends the table to a console at the end of each interval, or no more.
func (p *perfmeter) watch(m *monitor, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watching = slices.DeleteFunc(p.watching, func(w *monitor) bool { return w == m })
	if on {
		p.watching = append(p.watching, m)
	}
}

// show sends the table to those who watch, if it is time.
func (p *perfmeter) show() {
	p.mu.Lock()
	now := p.clock.Now()
	to := slices.Clone(p.watching)
	due := len(to) > 0 && now.Sub(p.shown) >= p.interval
	if due || len(to) == 0 {
		p.shown = now
	}
	p.mu.Unlock()
	if !due {
		return
	}
	table := p.format()
	for _, m := range to {
		m.put(table)
	}
}

// perfmon is `perfmon interval|quiet|verbose|settings`. With verbose the table comes to this console at the end of each interval.
func (s *Session) perfmon(c *ast.Perfmon) (string, error) {
	switch c.Do {
	case "interval":
		s.perf.set(time.Duration(c.Seconds) * time.Second)
	case "settings":
		s.perf.mu.Lock()
		defer s.perf.mu.Unlock()
		how := "quiet"
		if s.monitor != nil && slices.Contains(s.perf.watching, s.monitor) {
			how = "verbose"
		}
		return fmt.Sprintf("interval: %d (seconds)\n%s\n", s.perf.interval/time.Second, how), nil
	default:
		if s.monitor == nil && c.Do == "verbose" {
			return "", refused(textNoDebug)
		}
		if s.monitor != nil {
			s.perf.watch(s.monitor, c.Do == "verbose")
		}
	}
	return "", nil
}
