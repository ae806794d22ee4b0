package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// each does work for each of many files, several at a time, and hands the results to done in the order of the files. No more
// files are begun than there are processors, so that what waits is bounded. While it takes long, a line on the terminal says
// how far it is.
func each[R any](s *IO, paths []string, work func(path string) R, done func(R) error) error {
	if i := slices.Index(paths, "-"); i >= 0 && slices.Contains(paths[i+1:], "-") {
		return errors.New("standard input can be read once only")
	}
	slots := make(chan chan R, runtime.GOMAXPROCS(0)-1)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(slots)
		for _, path := range paths {
			slot := make(chan R, 1)
			select {
			case slots <- slot:
			case <-stop:
				return
			}
			go func() { slot <- work(path) }()
		}
	}()
	p := &progress{start: time.Now(), paths: paths}
	if s.Progress {
		t := time.NewTicker(progressEvery)
		defer t.Stop()
		p.w, p.tick = s.Stderr, t.C
	}
	for slot := range slots {
		r := wait(p, slot)
		p.clear()
		if err := done(r); err != nil {
			return err
		}
		p.ready++
	}
	return nil
}

const (
	progressEvery = 250 * time.Millisecond
	progressAfter = time.Second // what is done sooner needs no line
)

// progress is the line that says how far the work is. The one goroutine that prints the results draws it, too.
type progress struct {
	w     io.Writer
	tick  <-chan time.Time // nil: nobody is there to see it
	start time.Time
	paths []string
	ready int // files whose results are printed
	shown int // characters on the terminal
}

// wait is the next result, with the line drawn until it is there.
func wait[R any](p *progress, slot <-chan R) R {
	for {
		select {
		case r := <-slot:
			return r
		case now := <-p.tick:
			p.draw(now)
		}
	}
}

func (p *progress) draw(now time.Time) {
	if now.Sub(p.start) < progressAfter || p.ready >= len(p.paths) {
		return
	}
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, filepath.Base(p.paths[p.ready]))
	if utf8.RuneCountInString(name) > 40 {
		name = string([]rune(name)[:39]) + "…"
	}
	line := fmt.Sprintf("pixfw: %d of %d files, %d s: %s", p.ready, len(p.paths), now.Sub(p.start)/time.Second, name)
	p.clear()
	p.shown = utf8.RuneCountInString(line)
	io.WriteString(p.w, line) //nolint:errcheck // only for the eye
}

// clear takes the line away, so that something else can be printed.
func (p *progress) clear() {
	if p.shown > 0 {
		io.WriteString(p.w, "\r"+strings.Repeat(" ", p.shown)+"\r") //nolint:errcheck // only for the eye
		p.shown = 0
	}
}

// end is the error that a verb ends with: err, or a status.
func (s *IO) end(code int, err error) error {
	if err == nil && code != exitFine {
		return fail(code)
	}
	return err
}

// A failure stands in the place of a file's result when there is none: `--json` has one object a file, whatever becomes of it.
type failure struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

// unreadable says that a file could not be read. The error is of writing that.
func (s *IO) unreadable(name string, err error, json bool) error {
	fmt.Fprintln(s.Stderr, "pixfw:", err)
	if !json {
		return nil
	}
	return s.json(failure{name, err.Error()}, "")
}
