package esp

import (
	"crypto/rand"
	"testing"

	"pixfw/runtime"
)

// void takes everything.
type void struct{ n int }

func (v *void) Send(p [][]byte) (int, error)            { v.n += len(p); return len(p), nil }
func (v *void) Write(bufs [][]byte, _ int) (int, error) { v.n += len(bufs); return len(bufs), nil }
func (v *void) Read([][]byte, []int, int) (int, error)  { return 0, nil }
func (v *void) BatchSize() int                          { return 32 }
func (v *void) Close() error                            { return nil }
func (v *void) Acquire(int, int, Flow)                  {}
func (v *void) Expiring(uint64, bool)                   {}
func (v *void) Refused(Refused)                         { v.n-- }

var suites = [][2]string{{"esp-des", "esp-md5-hmac"}, {"esp-3des", "esp-sha-hmac"}, {"esp-aes", "esp-sha-hmac"}, {"esp-aes-256", "esp-sha-hmac"}, {"esp-null", "esp-sha-hmac"}}

// paths is a batch of 32 packets each way through a whole engine.
func paths(t testing.TB, name, mac string, helpers int) (out, in func(), sink *void) {
	v := &void{}
	e := New(Options{Sink: &events{}, Helpers: helpers})
	t.Cleanup(e.Close)
	hp, tp := tunnel(1, name, mac, "", runtime.Tunnel, false)
	if err := e.Install(hp); err != nil {
		t.Fatal(err)
	}
	e.SetPolicy(0, rules{{"10.2.0.0/16", Static}})
	port := e.NewPort(0, own, 1500, v, Wire{v, v, v})
	const batch = 32
	bufs, free := buffers(batch + spares)
	t.Cleanup(free)
	o, i := port.newOutbound(batch, bufs[batch:]), port.newInbound()
	bufs, sizes := bufs[:batch], make([]int, batch)
	p := packet("10.1.0.1", "10.2.0.2", 17, 1400)
	out = func() {
		for k := range bufs {
			sizes[k] = copy(bufs[k][headroom:], p)
		}
		o.batch(bufs, sizes)
	}
	e.pair(1).in.window.off = true
	peer := mustPair(t, tp)
	buf := roomy(packet("10.2.0.2", "10.1.0.1", 17, 1400))
	s, _ := peer.number()
	from, to, err := peer.seal(buf, headroom, 1400, s, 1)
	if err != nil {
		t.Fatal(err)
	}
	wire := buf[from:to]
	in = func() {
		for k := range bufs {
			i.list = append(i.list, arrival{buf: bufs[k], at: headroom, size: copy(bufs[k][headroom:], wire)})
		}
		i.flush()
	}
	return out, in, v
}

// TestNoAllocation: a packet costs none, neither way, whatever the transforms.
func TestNoAllocation(t *testing.T) {
	for _, s := range suites {
		out, in, v := paths(t, s[0], s[1], 0)
		out()
		in()
		if v.n != 64 {
			t.Fatalf("%v: %d packets passed", s, v.n)
		}
		if n := testing.AllocsPerRun(20, out); n != 0 {
			t.Errorf("%v: %v allocations for 32 packets out", s, n)
		}
		if n := testing.AllocsPerRun(20, in); n != 0 {
			t.Errorf("%v: %v allocations for 32 packets in", s, n)
		}
	}
}

func BenchmarkOut(b *testing.B) {
	for _, s := range suites {
		b.Run(s[0]+"/"+s[1], func(b *testing.B) {
			out, _, _ := paths(b, s[0], s[1], 0)
			b.SetBytes(1400)
			b.ReportAllocs()
			for n := 0; n < b.N; n += 32 {
				out()
			}
		})
	}
}

func BenchmarkIn(b *testing.B) {
	for _, s := range suites {
		b.Run(s[0]+"/"+s[1], func(b *testing.B) {
			_, in, _ := paths(b, s[0], s[1], 0)
			b.SetBytes(1400)
			b.ReportAllocs()
			for n := 0; n < b.N; n += 32 {
				in()
			}
		})
	}
}

// BenchmarkNaive makes cipher, mode, MAC and buffers anew for each packet.
func BenchmarkNaive(b *testing.B) {
	for _, s := range suites {
		b.Run(s[0]+"/"+s[1], func(b *testing.B) {
			k := keys(0x1000, s[0], s[1])
			p := packet("10.1.0.1", "10.2.0.2", 17, 1400)
			b.SetBytes(1400)
			b.ReportAllocs()
			for b.Loop() {
				iv := make([]byte, 16)
				if _, err := rand.Read(iv); err != nil {
					b.Fatal(err)
				}
				naiveSeal(b, &k, 1, 4, iv, p)
			}
		})
	}
}
