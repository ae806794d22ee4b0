package ike

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/compiler"
	"pixfw/internal/sites"
	"pixfw/runtime"
)

// pixA is one of two boxes with a tunnel between their inside networks.
const pixA = sites.A

// mirror is the other end of a tunnel.
func mirror(text string) string { return sites.Mirror(text) }

func planOf(t testing.TB, text string) *compiler.Plan { t.Helper(); return sites.Plan(t, text) }

// chacha is randomness that is the same in every run.
func chacha(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

// box is a machine with what it has had others do.
type box struct {
	*Machine
	name    string
	live    map[uint64]runtime.SAPair // what the data plane has
	order   []uint64                  // as installed
	ready   map[uint64]runtime.SAPair // to receive
	logs    []string
	debug   strings.Builder
	clients map[uint64]ClientUp
	asks    []Authenticate
	removed []RemoveSA
	sent    []Datagram
}

// world is some boxes and the net between them.
type world struct {
	t       testing.TB
	clock   *runtime.VirtualClock
	boxes   map[netip.Addr]*box
	wire    []Datagram // under way, in order
	deliver func(Datagram) []Datagram
	nat     func(Datagram) (Datagram, bool)
	others  map[netip.Addr]func(Datagram)
}

var birth = time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	return &world{t: t, clock: runtime.NewVirtualClock(birth), boxes: map[netip.Addr]*box{}, others: map[netip.Addr]func(Datagram){}}
}

func (w *world) add(addr, text string, o Options) *box {
	w.t.Helper()
	o.Clock = w.clock
	if o.Rand == nil {
		o.Rand = chacha(byte(len(w.boxes) + 1))
	}
	b := &box{Machine: New(planOf(w.t, text), o), name: addr, live: map[uint64]runtime.SAPair{}, ready: map[uint64]runtime.SAPair{}, clients: map[uint64]ClientUp{}}
	w.boxes[netip.MustParseAddr(addr)] = b
	return b
}

// do carries out effects of a box.
func (w *world) do(b *box, effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Send:
			b.sent = append(b.sent, e.Datagram)
			d := Datagram{Local: e.Remote, Remote: e.Local, Payload: slices.Clone(e.Payload)}
			out := []Datagram{d}
			if w.deliver != nil {
				out = w.deliver(d)
			}
			w.wire = append(w.wire, out...)
		case InstallSA:
			if _, dup := b.live[e.Pair.ID]; dup {
				w.t.Fatalf("%s: pair %d installed twice", b.name, e.Pair.ID)
			}
			if p, ok := b.ready[e.Pair.ID]; ok && (fmt.Sprint(p.In, p.InAH) != fmt.Sprint(e.Pair.In, e.Pair.InAH)) {
				w.t.Fatalf("%s: pair %d is another than was prepared", b.name, e.Pair.ID)
			}
			delete(b.ready, e.Pair.ID)
			b.live[e.Pair.ID] = e.Pair
			b.order = append(b.order, e.Pair.ID)
		case PrepareSA:
			b.ready[e.Pair.ID] = e.Pair
		case CancelSA:
			if _, ok := b.ready[e.ID]; !ok {
				w.t.Fatalf("%s: pair %d cancelled, and was not prepared", b.name, e.ID)
			}
			delete(b.ready, e.ID)
		case UpdateSA:
			b.live[e.Pair.ID] = e.Pair
		case RemoveSA:
			if _, ok := b.live[e.ID]; !ok {
				w.t.Fatalf("%s: pair %d removed, and was not there", b.name, e.ID)
			}
			delete(b.live, e.ID)
			b.removed = append(b.removed, e)
		case Log:
			b.logs = append(b.logs, e.String())
		case Debug:
			b.debug.WriteString(e.Text())
		case ClientUp:
			b.clients[e.ID] = e
		case ClientDown:
			delete(b.clients, e.ID)
		case Authenticate:
			b.asks = append(b.asks, e)
		}
	}
}

// run delivers what is under way until the wire is empty.
func (w *world) run() {
	for n := 0; len(w.wire) > 0; n++ {
		if n > 100000 {
			w.t.Fatal("the wire does not come to rest")
		}
		d := w.wire[0]
		w.wire = w.wire[1:]
		if w.nat != nil {
			var ok bool
			if d, ok = w.nat(d); !ok {
				continue
			}
		}
		if b := w.boxes[d.Local.Addr()]; b != nil {
			w.do(b, b.Receive(d))
		} else if f := w.others[d.Local.Addr()]; f != nil {
			f(d)
		}
	}
}

// pass lets time pass, running what is due.
func (w *world) pass(d time.Duration) {
	end := w.clock.Now().Add(d)
	for {
		w.run()
		next := end
		for _, b := range w.boxes {
			if at, ok := b.Next(); ok && at.Before(next) {
				next = at
			}
		}
		if step := next.Sub(w.clock.Now()); step > 0 {
			w.clock.Advance(step)
		}
		if !next.Before(end) {
			break
		}
		for _, a := range w.addrs() {
			w.do(w.boxes[a], w.boxes[a].Tick())
		}
	}
	for _, a := range w.addrs() {
		w.do(w.boxes[a], w.boxes[a].Tick())
	}
	w.run()
}

func (w *world) addrs() []netip.Addr {
	var out []netip.Addr
	for a := range w.boxes {
		out = append(out, a)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

func (b *box) last() runtime.SAPair {
	for i := len(b.order) - 1; i >= 0; i-- {
		if p, ok := b.live[b.order[i]]; ok {
			return p
		}
	}
	return runtime.SAPair{}
}

// tunnel checks that the last pairs of two boxes are the two ends of one tunnel.
func tunnel(t testing.TB, a, b *box) {
	t.Helper()
	pa, pb := a.last(), b.last()
	if pa.ID == 0 || pb.ID == 0 {
		t.Fatalf("no tunnel: %v %v\n%s\n%s", pa, pb, strings.Join(a.logs, "\n"), strings.Join(b.logs, "\n"))
	}
	for _, x := range [][2]runtime.SAKeys{{pa.In, pb.Out}, {pa.Out, pb.In}, {pa.InAH, pb.OutAH}, {pa.OutAH, pb.InAH}} {
		if fmt.Sprint(x[0]) != fmt.Sprint(x[1]) {
			t.Errorf("keys differ: %v %v", x[0], x[1])
		}
	}
	if pa.In.SPI == 0 && pa.InAH.SPI == 0 {
		t.Error("a pair without SPI")
	}
	if pa.LocalID != pb.RemoteID || pa.RemoteID != pb.LocalID || pa.Local != pb.Peer || pa.Peer != pb.Local || pa.Mode != pb.Mode ||
		pa.Encap != pb.Encap || pa.PFS != pb.PFS || pa.Seconds != pb.Seconds || pa.Kilobytes != pb.Kilobytes {
		t.Errorf("two ends that do not fit:\n%+v\n%+v", pa, pb)
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
