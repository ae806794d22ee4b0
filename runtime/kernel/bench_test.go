package kernel_test

import (
	"encoding/binary"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// A pool for more hosts than any benchmark has.
const wide = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.0.0.0
global (outside) 1 198.18.0.1-198.18.250.254
nat (inside) 1 10.0.0.0 255.0.0.0 0 0
static (inside,outside) 203.0.113.80 10.0.0.80 netmask 255.255.255.255
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
`

func benchLab(b *testing.B) (l *lab.Lab, inside, outside *lab.Wire) {
	b.Helper()
	if os.Getuid() != 0 {
		b.Skip("needs root to make network namespaces")
	}
	l, wires, done := wired(b, wide, 256<<20)
	b.Cleanup(done)
	if !l.Engine.HasQueue() {
		b.Skip("this kernel has no packet queue")
	}
	outside, inside = wires[outsideIf], wires[insideIf]
	// Neighbours are known before anything is measured.
	buf := make([]byte, 2048)
	if err := inside.Send(ipv4(ast.MustIP("10.0.0.80"), lab.Internet, 17, udp(1, 1))); err != nil {
		b.Fatal(err)
	}
	if n, err := outside.Receive(buf, 3*time.Second); n == 0 || err != nil {
		b.Fatalf("nothing came out: %v", err)
	}
	return l, inside, outside
}

func hostOf(n int) ast.IP { return ast.MustIP("10.1.0.0") + ast.IP(n) }

// The time of one packet through the firewall: the first of a host, which waits for its address; the first of a connection
// of a host that has one; one of a connection that is there.
func BenchmarkFirstPacket(b *testing.B) {
	for _, x := range []struct {
		name string
		src  func(n int) (ast.IP, uint16)
	}{
		{"host", func(n int) (ast.IP, uint16) { return hostOf(n % 60000), 3000 }},
		{"connection", func(n int) (ast.IP, uint16) { return hostOf(0), uint16(1024 + n%60000) }},
		{"established", func(n int) (ast.IP, uint16) { return hostOf(0), 3000 }},
	} {
		b.Run(x.name, func(b *testing.B) {
			_, inside, outside := benchLab(b)
			buf := make([]byte, 2048)
			var times []time.Duration
			for n := 0; b.Loop(); n++ {
				src, sport := x.src(n)
				began := time.Now()
				if err := inside.Send(ipv4(src, lab.Internet, 17, udp(sport, 9))); err != nil {
					b.Fatal(err)
				}
				if got, err := outside.Receive(buf, 3*time.Second); got == 0 || err != nil {
					b.Fatalf("packet %d did not come out: %v", n, err)
				}
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-us")
		})
	}
}

// 20 000 hosts send their first packet back to back. None is lost, and each has an address of its own.
func BenchmarkNewHosts(b *testing.B) {
	const hosts = 20000
	for b.Loop() {
		l, inside, outside := benchLab(b)
		var told atomic.Int64
		cancel := l.Engine.Subscribe(func(m runtime.Message) {
			if m.ID == 305009 {
				told.Add(1)
			}
		})
		packets := make([][]byte, hosts)
		for i := range packets {
			packets[i] = ipv4(hostOf(i), lab.Internet, 17, udp(3000, 9))
		}
		began := time.Now()
		sent := make(chan error, 1)
		go func() {
			for _, p := range packets {
				if err := inside.Send(p); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		seen := map[ast.IP]bool{}
		buf := make([]byte, 2048)
		var last time.Time
		for len(seen) < hosts {
			n, err := outside.Receive(buf, 3*time.Second)
			if err != nil {
				b.Fatal(err)
			}
			if n == 0 {
				break
			}
			if buf[9] == 17 {
				seen[ast.IP(binary.BigEndian.Uint32(buf[12:]))] = true
				last = time.Now()
			}
		}
		if err := <-sent; err != nil {
			b.Fatal(err)
		}
		cancel()
		b.ReportMetric(float64(hosts)/last.Sub(began).Seconds(), "hosts/s")
		b.ReportMetric(float64(hosts-len(seen)), "lost")
		if len(seen) != hosts || told.Load() != hosts {
			b.Errorf("%d of %d hosts came out, %d translations were told", len(seen), hosts, told.Load())
		}
		if n := len(l.Engine.Xlates().Xlates); n != hosts+1 {
			b.Errorf("%d translations", n)
		}
	}
}

// wired is a lab of a configuration with a wire of so many octets of buffer at each of its two interfaces, and what takes all down.
func wired(b *testing.B, text string, buffer int) (l *lab.Lab, wires [2]*lab.Wire, done func()) {
	b.Helper()
	l, err := lab.New(textPlan(b, text))
	if err != nil {
		b.Skipf("cannot make the lab: %v", err)
	}
	done = func() {
		for _, w := range wires {
			if w != nil {
				w.Close()
			}
		}
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	}
	for i := range wires {
		if wires[i], err = l.Wire(i, buffer); err != nil {
			done()
			b.Fatal(err)
		}
	}
	return l, wires, done
}
