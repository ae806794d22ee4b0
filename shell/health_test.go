package shell

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
	"pixfw/runtime/health"
	"pixfw/runtime/syslog"
)

// someHost is a host whose figures are known.
type someHost struct {
	sick bool
	busy int // over the last minute; 0: 20
}

func (h someHost) err() error {
	if h.sick {
		return errors.New("no proc file system")
	}
	return nil
}

func (h someHost) CPU() (int, int, int, error)     { return 18, cmp.Or(h.busy, 20), 7, h.err() }
func (h someHost) Memory() (uint64, uint64, error) { return 75529176, 134217728, h.err() }
func (h someHost) Threads() ([]health.Thread, error) {
	return []health.Thread{{ID: 7, Name: "pixfw", State: 'S', Runtime: 1550 * time.Millisecond}, {ID: 8, Name: "pixfw", State: 'R'}}, h.err()
}

// A host that cannot be asked is said to be so; figures are never made up.
func TestNoHealth(t *testing.T) {
	for _, h := range []Health{nil, someHost{sick: true}} {
		s, _, err := New(Options{Health: h, Start: Privileged})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"show memory", "show cpu usage", "show processes"} {
			if r := s.Do(line); !r.Failed || strings.ContainsAny(r.Output, "0123456789") {
				t.Errorf("%s: %q", line, r.Output)
			}
		}
	}
}

func perfLine(t *testing.T, s *Session, name string) string {
	t.Helper()
	out, _ := s.Line("show perfmon | include ^" + name)
	return strings.Join(strings.Fields(out), " ")
}

// The figures are of the last whole interval, and of the time since the start.
func TestPerfmon(t *testing.T) {
	s, clock := newSession(t, nil, Privileged)
	built := func(n int) {
		for range n {
			s.perf.add(syslog.Built(&syslog.Connection{Proto: 6}))
			s.perf.add(syslog.New(109005, "u", "a", "b", "inside"))
			s.perf.add(syslog.New(111008, "u", "what is not counted"))
		}
	}
	check := func(name, want string) {
		t.Helper()
		if got := perfLine(t, s, name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	built(100)
	clock.Advance(10 * time.Second)
	check("TCP Conns", "TCP Conns 10/s 10/s") // the first interval is not over
	check("Connections", "Connections 10/s 10/s")
	check("UDP Conns", "UDP Conns 0/s 0/s")
	check("AAA Authen", "AAA Authen 10/s 10/s")
	check("TCP Fixup", "TCP Fixup - -")
	built(2300)
	clock.Advance(110 * time.Second)
	check("TCP Conns", "TCP Conns 20/s 20/s")
	clock.Advance(60 * time.Second)
	built(5000)
	check("TCP Conns", "TCP Conns 20/s 41/s") // of the interval before
	clock.Advance(60 * time.Second)
	check("TCP Conns", "TCP Conns 42/s 31/s")
	clock.Advance(240 * time.Second)
	check("TCP Conns", "TCP Conns 0/s 15/s")
	for _, x := range [][2]string{{"perfmon interval 10", ""}, {"perfmon settings", "interval: 10 (seconds)\nquiet\n"}} {
		if out, _ := s.Line(x[0]); out != x[1] {
			t.Errorf("%s: %q", x[0], out)
		}
	}
	if r := s.Do("perfmon verbose"); !r.Failed {
		t.Error("verbose on a console that nobody sees")
	}
	shown := make(chan string, 100)
	stop := s.Monitor(func(text string) { shown <- text })
	if r := s.Do("perfmon verbose"); r.Failed {
		t.Error(r.Output)
	}
	if out, _ := s.Line("perfmon settings"); out != "interval: 10 (seconds)\nverbose\n" {
		t.Error(out)
	}
	s.look()
	built(50)
	clock.Advance(10 * time.Second)
	s.look()
	s.look() // once an interval
	rows := 0
	for rows < 1+len(perfRows) {
		if text := <-shown; strings.HasPrefix(text, "TCP Conns") && strings.Fields(text)[2] != "5/s" {
			t.Error(text)
		}
		rows++
	}
	stop()
	clock.Advance(10 * time.Second)
	s.look()
	if len(shown) > 0 {
		t.Error("shown after the end")
	}
}

// Figures are counted of what an engine does.
func TestPerfmonEngine(t *testing.T) {
	s, clock := newSession(t, readExample(t), Privileged)
	for range 3 {
		s.Line("packet-tracer input inside tcp 10.89.129.131 3000 198.51.100.7 www")
		clock.Advance(time.Hour + time.Minute)
		s.Line("show conn")
	}
	if s.perf.all[perfTCP] != 3 || s.perf.all[perfUDP] != 0 {
		t.Errorf("%v", s.perf.all)
	}
}

// That the processors have had nothing to spare for a minute is told, once a minute.
func TestBusy(t *testing.T) {
	var got []string
	clock := runtime.NewVirtualClock(testStart)
	log := func(m runtime.Message) {
		if m.ID == 211003 {
			got = append(got, m.String())
		}
	}
	for _, test := range []struct {
		host Health
		want int
	}{{someHost{busy: 100}, 2}, {someHost{busy: 99}, 0}, {someHost{busy: 100, sick: true}, 0}, {nil, 0}} {
		got = nil
		s, _, err := New(Options{Clock: clock, Health: test.host, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		for range 70 { // 140 s
			s.look()
			clock.Advance(lookTime)
		}
		if len(got) != test.want || test.want > 0 && got[0] != "%PIX-3-211003: CPU utilization for 60 seconds = 100" {
			t.Errorf("%+v: %q", test.host, got)
		}
	}
}
