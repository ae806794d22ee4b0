package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestEachInOrder: the later files are done first, the results come in order, and few files are begun at a time.
func TestEachInOrder(t *testing.T) {
	const n = 60
	var paths, got []string
	ready := map[string]chan struct{}{}
	for i := range n {
		paths = append(paths, fmt.Sprint("f", i))
		ready[paths[i]] = make(chan struct{})
	}
	var begun, printed, most atomic.Int32
	err := each(&IO{}, paths, func(path string) string {
		if now := begun.Add(1) - printed.Load(); now > most.Load() {
			most.Store(now)
		}
		if i := strings.TrimPrefix(path, "f"); runtime.GOMAXPROCS(0) > 1 && strings.ContainsAny(i[len(i)-1:], "02468") {
			<-ready[path] // waits for the next one
		} else {
			var k int
			fmt.Sscan(i, &k)
			if k > 0 {
				close(ready[paths[k-1]])
			}
		}
		return path
	}, func(r string) error {
		printed.Add(1)
		got = append(got, r)
		return nil
	})
	if err != nil || strings.Join(got, " ") != strings.Join(paths, " ") {
		t.Errorf("%v: %v", err, got)
	}
	if limit := int32(runtime.GOMAXPROCS(0) + 2); most.Load() > limit {
		t.Errorf("%d files were begun and not printed, want at most %d", most.Load(), limit)
	}
}

// TestEachStops: an error of what takes the results ends the work.
func TestEachStops(t *testing.T) {
	broken := errors.New("broken pipe")
	var begun atomic.Int32
	done := 0
	err := each(&IO{}, make([]string, 1000), func(string) int { return int(begun.Add(1)) }, func(int) error {
		if done++; done == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || done != 3 || begun.Load() > 3+int32(runtime.GOMAXPROCS(0))+2 {
		t.Errorf("%v after %d results, %d begun", err, done, begun.Load())
	}
	if err := each(&IO{}, []string{"-", "a", "-"}, func(string) int { return 0 }, func(int) error { return nil }); err == nil {
		t.Error("standard input was read twice")
	}
}

// TestProgress: the line comes when work is long, names the file, and is gone before a result is printed.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	start := time.Unix(1000, 0)
	tick := make(chan time.Time)
	slot := make(chan string)
	p := &progress{w: &out, tick: tick, start: start, paths: []string{"done.cfg", "/etc/bad\x1b[2J.cfg"}, ready: 1}
	go func() {
		tick <- start.Add(progressAfter / 2)
		tick <- start.Add(7 * time.Second)
		slot <- "result"
	}()
	if r := wait(p, slot); r != "result" {
		t.Fatal(r)
	}
	line := "pixfw: 1 of 2 files, 7 s: bad?[2J.cfg"
	if out.String() != line {
		t.Errorf("%q, want %q", out.String(), line)
	}
	p.clear()
	p.clear()
	if want := line + "\r" + strings.Repeat(" ", len(line)) + "\r"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
