package kernel_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	goruntime "runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// senderEnv is set in a process that only sends: what it takes is not the engine's.
const senderEnv = "PIXFW_TEST_SENDER"

func TestMain(m *testing.M) {
	if where := os.Getenv(senderEnv); where != "" {
		send := sendConnections
		rate := os.Getenv(senderEnv + "_RATE")
		if flood := os.Getenv(senderEnv + "_FLOOD"); flood != "" {
			send, rate = sendFlood, flood
		}
		if err := send(where, rate); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// rawSocket is a socket in a namespace that sends packets as they are. The calling goroutine stays on its thread, which stays in the namespace.
func rawSocket(where string) (int, error) {
	goruntime.LockOSThread()
	ns, err := netns.GetFromName(where)
	if err != nil {
		return -1, err
	}
	if err := netns.Set(ns); err != nil {
		return -1, err
	}
	return unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
}

// sendConnections sends the first packets of connections from a namespace, so many each second, for six seconds.
func sendConnections(where, rate string) error {
	perSecond, err := strconv.Atoi(rate)
	if err != nil {
		return err
	}
	fd, err := rawSocket(where)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	to := unix.SockaddrInet4{Addr: [4]byte{198, 51, 100, 7}}
	began := time.Now()
	for n := 0; n < 6*perSecond; n++ {
		if due := began.Add(time.Duration(n) * time.Second / time.Duration(perSecond)); n%100 == 0 {
			time.Sleep(time.Until(due))
		}
		p := ipv4(hostOf(n/60000), lab.Internet, 17, udp(uint16(1024+n%60000), uint16(1+n/60000)))
		if err := unix.Sendto(fd, p, 0, &to); err != nil {
			return err
		}
	}
	return nil
}

func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What the engine takes of a core at 10,000 new connections a second, each of which ends a second later: events, the dump of each second, two
// messages and their text.
func BenchmarkEvents(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root to make network namespaces")
	}
	const rate = 10000
	for b.Loop() {
		plan := textPlan(b, wide)
		plan.Timeouts.UDP = time.Second
		l, err := lab.New(plan)
		if err != nil {
			b.Skipf("cannot make the lab: %v", err)
		}
		var built, ended atomic.Int64
		cancel := l.Engine.Subscribe(func(m runtime.Message) {
			switch m.ID {
			case 302015:
				built.Add(1)
			case 302016:
				ended.Add(1)
			default:
				return
			}
			io.WriteString(io.Discard, m.String())
		})
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), senderEnv+"="+l.Sides()[insideIf].Name, senderEnv+"_RATE="+strconv.Itoa(rate))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		time.Sleep(2 * time.Second) // until as many end as begin
		cpu, began, from, over := cpuTime(b), time.Now(), built.Load(), ended.Load()
		time.Sleep(3 * time.Second)
		took, seconds := cpuTime(b)-cpu, time.Since(began).Seconds()
		b.ReportMetric(100*took.Seconds()/seconds, "%core")
		b.ReportMetric(float64(built.Load()-from)/seconds, "built/s")
		b.ReportMetric(float64(ended.Load()-over)/seconds, "ended/s")
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); built.Load() < 6*rate && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		b.ReportMetric(float64(6*rate-built.Load()), "lost")
		cancel()
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
