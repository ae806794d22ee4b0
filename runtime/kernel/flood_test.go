package kernel_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// flood is a policy with a host that may have one connection, and others.
const flood = wide + "access-list out permit tcp any any\naccess-list out permit udp any any\naccess-group out in interface outside\n" +
	"static (inside,outside) 203.0.113.90 10.0.0.90 netmask 255.255.255.255 1 0\n"

// sendFlood sends SYNs from the outside to a host, each from another port, as fast as the kernel takes them or at a rate, until its
// standard input ends. It says how many there were.
func sendFlood(where, rate string) error {
	perSecond, err := strconv.Atoi(rate)
	if err != nil {
		return err
	}
	fd, err := rawSocket(where)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var stop atomic.Bool
	go func() { os.Stdin.Read(make([]byte, 1)); stop.Store(true) }()
	to := unix.SockaddrInet4{Addr: [4]byte{203, 0, 113, 90}}
	n, buf := 0, []byte(nil)
	for began := time.Now(); !stop.Load(); n++ {
		if n%64 == 0 && perSecond > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / time.Duration(perSecond))))
		}
		b, err := floodSYN(uint16(1024 + n%60000)).Append(buf[:0])
		if err != nil {
			return err
		}
		if err := unix.Sendto(fd, b, 0, &to); err != nil {
			return err
		}
		buf = b
	}
	fmt.Println(n)
	return nil
}

func floodSYN(port uint16) *runtime.Packet {
	return &runtime.Packet{Proto: ast.ProtoTCP, Src: lab.Internet, Dst: ast.MustIP("203.0.113.90"), SrcPort: port, DstPort: 80, Flags: runtime.SYN, Seq: 1, Window: 1000}
}

// What SYNs to a host that has as many connections as it may cost the process, and what they do to others meanwhile: to the packets of an
// established flow, and to the first packets of other hosts, which wait in the queue as well.
func BenchmarkFlood(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root to make network namespaces")
	}
	for _, rate := range []int{0, 10000, 50000, 1 << 30} {
		name := strconv.Itoa(rate)
		if rate == 1<<30 {
			name = "most"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				runFlood(b, rate)
			}
		})
	}
}

func runFlood(b *testing.B, rate int) {
	l, wires, done := wired(b, flood, 256<<20)
	defer done()
	outside, inside := wires[outsideIf], wires[insideIf]
	// The host's one connection, which stays half open.
	seg, err := floodSYN(1000).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	if err := outside.Send(seg); err != nil {
		b.Fatal(err)
	}
	if _, ok := l.Await(0, 3*time.Second, func(m runtime.Message) bool { return m.ID == 302013 }); !ok {
		b.Fatal("the first connection is not there")
	}
	var refused atomic.Int64
	defer l.Engine.Subscribe(func(m runtime.Message) {
		if m.ID == 201002 {
			refused.Add(1)
		}
	})()
	var cmd *exec.Cmd
	var out strings.Builder
	stop := func() {}
	if rate > 0 {
		cmd = exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), senderEnv+"="+l.Sides()[outsideIf].Name, senderEnv+"_FLOOD="+strconv.Itoa(rate))
		cmd.Stderr, cmd.Stdout = os.Stderr, &out
		in, err := cmd.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		stop = func() { in.Close() }
		for end := time.Now().Add(5 * time.Second); refused.Load() == 0 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	buf := make([]byte, 2048)
	drain := func() (own int) {
		for {
			n, err := outside.Receive(buf, 200*time.Millisecond)
			if err != nil {
				b.Fatal(err)
			}
			if n == 0 {
				return own
			}
			if buf[9] == ast.ProtoUDP {
				own++
			}
		}
	}
	const tries = 300
	cpu, began, before := cpuTime(b), time.Now(), refused.Load()
	var established, hosts int
	for n := range tries {
		if err := inside.Send(ipv4(ast.MustIP("10.0.0.80"), lab.Internet, ast.ProtoUDP, udp(3000, 9))); err != nil {
			b.Fatal(err)
		}
		if err := inside.Send(ipv4(hostOf(n), lab.Internet, ast.ProtoUDP, udp(3000, 9))); err != nil {
			b.Fatal(err)
		}
		for end := time.Now().Add(10 * time.Millisecond); time.Now().Before(end); {
			n, err := outside.Receive(buf, time.Until(end))
			if err != nil {
				b.Fatal(err)
			}
			if n > 0 && buf[9] == ast.ProtoUDP {
				if ast.IP(binary.BigEndian.Uint32(buf[12:])) == ast.MustIP("203.0.113.80") {
					established++
				} else {
					hosts++
				}
			}
		}
	}
	took, seconds, n := cpuTime(b)-cpu, time.Since(began).Seconds(), refused.Load()-before
	stop()
	if cmd != nil {
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		if sent, err := strconv.Atoi(strings.TrimSpace(out.String())); err == nil {
			b.ReportMetric(float64(sent)/time.Since(began).Seconds(), "SYN/s")
		}
	}
	late := drain()
	b.ReportMetric(float64(n)/seconds, "refused/s")
	b.ReportMetric(100*took.Seconds()/seconds, "%core")
	b.ReportMetric(float64(100*established)/tries, "%established")
	b.ReportMetric(float64(100*hosts)/tries, "%hosts")
	b.ReportMetric(float64(late), "late")
}

// Of a flood to a host that has as many connections as it may the process is asked about so many a second; the rest is dropped before.
func TestFloodIsMetered(t *testing.T) {
	w := newWire(t, textPlan(t, flood))
	list := make([]lab.Injection, 14000)
	for n := range list {
		list[n] = lab.Injection{In: runtime.Ingress{If: outsideIf}, Packet: *floodSYN(uint16(1024 + n))}
	}
	if v, err := w.Inject(list[0].In, *floodSYN(1000)); err != nil || v.Action != runtime.Forward {
		t.Fatalf("%v %v %v", v.Action, v.Logs, err)
	}
	began := time.Now()
	verdicts, err := w.InjectAll(list)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began).Seconds()
	refused := 0
	for i := range verdicts {
		if v := &verdicts[i]; v.Action != runtime.Drop {
			t.Fatalf("packet %d: %v %v", i, v.Action, v.Logs)
		} else if len(v.Logs) > 0 && v.Logs[0].ID == 201002 {
			refused++
		}
	}
	if most := 5001 + int(5000*took); refused == 0 || refused > most {
		t.Errorf("%d of %d are refused in %.2f s, want at most %d", refused, len(list), took, most)
	}
	// Others are not held up.
	w.sends(outsideIf, runtime.Packet{Proto: ast.ProtoTCP, Src: lab.Internet, Dst: ast.MustIP("203.0.113.80"), SrcPort: 5, DstPort: 80, Flags: runtime.SYN}, runtime.Forward, 302013)
}
