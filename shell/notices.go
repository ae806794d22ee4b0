package shell

import (
	"context"
	"time"

	"pixfw/compiler"
)

// lookTime is how often a box that lives looks at what nobody tells it of.
const lookTime = 2 * time.Second

// Watch keeps a box alive until ctx is done: it samples the health of the host, tells of interfaces that come up and go down, and shows
// the figures of `perfmon verbose`. A box that nobody watches only answers.
func (s *Session) Watch(ctx context.Context) {
	t := time.NewTicker(lookTime)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.look()
		}
	}
}

func (s *Session) look() {
	busy := s.health != nil && s.busy()
	s.perf.show()
	s.mu.Lock()
	defer s.mu.Unlock()
	if busy {
		s.tell(211003, int(busyTime/time.Second), 100)
	}
	s.lines(s.engine.Plan())
}

// busyTime is for how long the processors have to have nothing to spare before it is told, and how often it then is.
const busyTime = time.Minute

// busy samples the processors, and reports whether they have been fully busy. Figures that cannot be had are told to whoever asks for them.
func (s *Session) busy() bool {
	now := s.clock.Now()
	if s.idle.IsZero() {
		s.idle = now
	}
	if _, minute, _, err := s.health.CPU(); err != nil || minute < 100 || now.Sub(s.idle) < busyTime {
		return false
	}
	s.idle = now
	return true
}

// lines tells of interfaces whose line protocol is not what it was. What is new is only taken down: it has not changed.
func (s *Session) lines(plan *compiler.Plan) {
	now := map[string]bool{}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		up := !f.Shutdown && s.port(i).Carrier
		now[f.Hardware] = up
		if was, ok := s.up[f.Hardware]; ok && was != up {
			id := 411002
			if up {
				id = 411001
			}
			s.tell(id, f.Name)
		}
	}
	s.up = now
}

// encpass stands in messages for what a user's password has been made into: who reads logs need not have it to guess at.
const encpass = "*"

// accounts tells which users of the box are new, gone, or of another level.
func (s *Session) accounts(before, after *compiler.Plan) {
	level := func(plan *compiler.Plan, name string) (int, bool) {
		for i := range plan.AAA.Users {
			if u := &plan.AAA.Users[i]; u.Name == name {
				return u.Level, true
			}
		}
		return 0, false
	}
	for i := range before.AAA.Users {
		u := &before.AAA.Users[i]
		if _, ok := level(after, u.Name); !ok {
			s.tell(502102, u.Name, u.Level, encpass)
		}
	}
	for i := range after.AAA.Users {
		u := &after.AAA.Users[i]
		switch was, ok := level(before, u.Name); {
		case !ok:
			s.tell(502101, u.Name, u.Level, encpass)
		case was != u.Level:
			s.tell(502103, u.Name, was, u.Level)
		}
	}
}
