package health

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pixfw/runtime"
)

// Host is the host, seen through its proc file system. It is safe for concurrent use.
type Host struct {
	proc  fs.FS
	clock runtime.Clock

	mu      sync.Mutex
	samples []sample // oldest first
}

// A sample is what the processors have done since the host started, in ticks of its clock.
type sample struct {
	at          time.Time
	busy, total uint64
}

// longest is how far back samples are kept, and a little more.
const longest = 5*time.Minute + 10*time.Second

// New is a host whose processors have not been looked at yet.
func New(proc fs.FS, clock runtime.Clock) *Host { return &Host{proc: proc, clock: clock} }

// Sample looks at the processors. The figures of CPU are as good as the samples are many.
func (h *Host) Sample() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sample()
}

func (h *Host) sample() error {
	text, err := fs.ReadFile(h.proc, "stat")
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[0] != "cpu" {
		return errors.New("/proc/stat: no line of the processors")
	}
	s := sample{at: h.clock.Now()}
	for i, f := range fields[1:] {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return fmt.Errorf("/proc/stat: %w", err)
		}
		if i >= 8 { // guests count as user already
			break
		}
		s.total += n
		if i != 3 && i != 4 { // idle, and waiting for a disk
			s.busy += n
		}
	}
	for len(h.samples) > 0 && s.at.Sub(h.samples[0].at) > longest {
		h.samples = h.samples[1:]
	}
	h.samples = append(h.samples, s)
	return nil
}

// CPU is how busy the processors have been, in percent: over five seconds, a minute and five minutes, or since the first sample where that
// is younger; while there is none before this one, since the host started.
func (h *Host) CPU() (seconds, minute, minutes int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.sample(); err != nil {
		return 0, 0, 0, err
	}
	return h.busy(5 * time.Second), h.busy(time.Minute), h.busy(5 * time.Minute), nil
}

// busy compares the last sample with the youngest of at least that age.
func (h *Host) busy(age time.Duration) int {
	last := h.samples[len(h.samples)-1]
	from := h.samples[0]
	for _, s := range h.samples {
		if last.at.Sub(s.at) >= age {
			from = s
		}
	}
	if len(h.samples) == 1 {
		from = sample{}
	}
	if last.total <= from.total || last.busy < from.busy {
		return 0
	}
	return int((100*(last.busy-from.busy) + (last.total-from.total)/2) / (last.total - from.total))
}

// Memory is the memory of the host in octets: what is free or can be made so, and all.
func (h *Host) Memory() (free, total uint64, err error) {
	text, err := fs.ReadFile(h.proc, "meminfo")
	if err != nil {
		return 0, 0, err
	}
	found := 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) != 3 || f[2] != "kB" {
			continue
		}
		to := map[string]*uint64{"MemTotal:": &total, "MemAvailable:": &free}[f[0]]
		if to == nil {
			continue
		}
		n, err := strconv.ParseUint(f[1], 10, 54)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/meminfo: %w", err)
		}
		*to = n << 10
		found++
	}
	if found != 2 {
		return 0, 0, errors.New("/proc/meminfo: no MemTotal and MemAvailable")
	}
	return free, total, nil
}

// A Thread of this process.
type Thread struct {
	ID      int
	Name    string
	State   byte          // R runs or could, S sleeps, D waits for a device, ...
	Runtime time.Duration // of a processor, so far
}

// tick is the unit of times in the proc file system on every Linux (USER_HZ).
const tick = 10 * time.Millisecond

// Threads are those of this process, by number.
func (h *Host) Threads() (out []Thread, err error) {
	list, err := fs.ReadDir(h.proc, "self/task")
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		text, err := fs.ReadFile(h.proc, "self/task/"+d.Name()+"/stat")
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just ended
		}
		if err != nil {
			return nil, err
		}
		t, err := threadOf(string(text))
		if err != nil {
			return nil, fmt.Errorf("/proc/self/task/%s/stat: %w", d.Name(), err)
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Thread) int { return a.ID - b.ID })
	return out, nil
}

// threadOf reads a stat file of proc(5). The name may hold anything, so it ends at the last parenthesis.
func threadOf(text string) (t Thread, err error) {
	open, shut := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || shut < open {
		return t, errors.New("no name")
	}
	f := strings.Fields(text[shut+1:])
	if len(f) < 13 {
		return t, errors.New("too short")
	}
	t.Name, t.State = text[open+1:shut], f[0][0]
	if t.ID, err = strconv.Atoi(strings.TrimSpace(text[:open])); err != nil {
		return t, err
	}
	for _, w := range f[11:13] { // in the process, and in the kernel for it
		n, err := strconv.ParseUint(w, 10, 40)
		if err != nil {
			return t, err
		}
		t.Runtime += time.Duration(n) * tick
	}
	return t, nil
}
