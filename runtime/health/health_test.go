package health

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pixfw/runtime"
)

func TestCPU(t *testing.T) {
	clock := runtime.NewVirtualClock(time.Unix(1e9, 0))
	proc := fstest.MapFS{}
	h := New(proc, clock)
	var busy, idle uint64
	run := func(seconds, percent int) {
		for range seconds {
			busy, idle = busy+uint64(percent), idle+uint64(100-percent)
			clock.Advance(time.Second)
			// user nice system idle iowait irq softirq steal guest guest_nice; the guests are in user
			proc["stat"] = &fstest.MapFile{Data: fmt.Appendf(nil, "cpu  %d 0 0 %d 7 0 0 0 %d 0\ncpu0 1 2 3\n", busy, idle, busy)}
			if err := h.Sample(); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(a, b, c int) {
		t.Helper()
		if x, y, z, err := h.CPU(); err != nil || x != a || y != b || z != c {
			t.Errorf("%d %d %d %v, want %d %d %d", x, y, z, err, a, b, c)
		}
	}
	for range 2 { // the first sample is looked at twice: CPU samples as well
		busy, idle = 30, 63 // and 7 for a disk
		proc["stat"] = &fstest.MapFile{Data: fmt.Appendf(nil, "cpu  %d 0 0 %d 7 0 0 0 0 0\n", busy, idle)}
		if a, b, c, err := New(proc, clock).CPU(); err != nil || a != 30 || b != 30 || c != 30 {
			t.Errorf("since the host started: %d %d %d %v, want 30", a, b, c, err)
		}
	}
	busy, idle = 0, 0
	run(1, 50)
	run(2, 40)
	check(40, 40, 40) // since the first
	run(300, 10)
	check(10, 10, 10)
	run(30, 90)
	check(90, 50, 18)
	run(5, 0)
	check(0, 49, 18)
	if n := len(h.samples); n > 320 {
		t.Errorf("%d samples are kept", n)
	}
	for _, bad := range []string{"", "cpu 1 2", "cpu  a b c d e f", "intr 1 2 3 4 5 6"} {
		proc["stat"] = &fstest.MapFile{Data: []byte(bad)}
		if err := h.Sample(); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	delete(proc, "stat")
	if _, _, _, err := h.CPU(); err == nil {
		t.Error("there is no file, and no error")
	}
}

func TestMemory(t *testing.T) {
	proc := fstest.MapFS{"meminfo": {Data: []byte("MemTotal:       16384 kB\nMemFree:         1 kB\nMemAvailable:    4096 kB\nHugePages_Total:       0\n")}}
	h := New(proc, runtime.WallClock{})
	if free, total, err := h.Memory(); err != nil || free != 4<<20 || total != 16<<20 {
		t.Errorf("%d of %d, %v", free, total, err)
	}
	for _, bad := range []string{"", "MemTotal: 5 kB\n", "MemTotal: 5 kB\nMemAvailable: x kB\n"} {
		proc["meminfo"].Data = []byte(bad)
		if _, _, err := h.Memory(); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestThreads(t *testing.T) {
	const stat = " (a) (b) S 1 2 3 4 5 6 7 8 9 10 130 25 0 0 20 0 1 0\n"
	proc := fstest.MapFS{"self/task/30/stat": {Data: []byte("30" + stat)}, "self/task/4/stat": {Data: []byte("4" + strings.Replace(stat, "S", "R", 1))}}
	got, err := New(proc, runtime.WallClock{}).Threads()
	want := []Thread{{4, "a) (b", 'R', 1550 * time.Millisecond}, {30, "a) (b", 'S', 1550 * time.Millisecond}}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "1", "1 (a) S", "x (a) S 1 2 3 4 5 6 7 8 9 10 130 25", "1 (a) S 1 2 3 4 5 6 7 8 9 10 x 25"} {
		proc["self/task/4/stat"].Data = []byte(bad)
		if _, err := New(proc, runtime.WallClock{}).Threads(); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// The files of the host on which the test runs are read as well.
func TestThisHost(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("needs a proc file system: ", err)
	}
	h := New(os.DirFS("/proc"), runtime.WallClock{})
	if free, total, err := h.Memory(); err != nil || total == 0 || free > total {
		t.Errorf("memory: %d of %d, %v", free, total, err)
	}
	if list, err := h.Threads(); err != nil || len(list) == 0 || list[0].Name == "" {
		t.Errorf("threads: %v, %v", list, err)
	}
	if a, b, c, err := h.CPU(); err != nil || min(a, b, c) < 0 || max(a, b, c) > 100 {
		t.Errorf("processors: %d %d %d, %v", a, b, c, err)
	}
}
