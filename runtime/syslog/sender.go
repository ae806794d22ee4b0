package syslog

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"pixfw/compiler"
	"pixfw/runtime"
)

// A Sender carries messages to the syslog servers of a plan (commands-firewall.md section 5.9). What goes in does not wait: a
// message that finds the queue full is lost and counted, as on a PIX.
type Sender struct {
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	note  func(string)
	clock runtime.Clock

	mu      sync.Mutex
	log     compiler.Logging
	host    string // what device-id says; empty: nothing
	targets []*target
	sent    uint64 // messages that were to go to servers, also those lost
	lost    uint64
	most    int // lines that have waited for one server
	closed  bool
	work    sync.WaitGroup
}

// A target is one server, with the lines that wait for it.
type target struct {
	host   compiler.LogHost
	lines  chan string
	cancel context.CancelFunc
}

// maxQueue is how many messages wait for a server where the configuration sets no bound.
const maxQueue = 8192

// redial is how long a server that cannot be reached is left alone.
const redial = 10 * time.Second

// NewSender makes a sender without servers. dial opens a connection from within the firewall; note is told when a server
// cannot be reached, and when it can again.
func NewSender(dial func(ctx context.Context, network, addr string) (net.Conn, error), clock runtime.Clock, note func(string)) *Sender {
	return &Sender{dial: dial, note: note, clock: clock}
}

// Apply replaces the servers by those of the plan. What waits for one that stays still goes there.
func (s *Sender) Apply(plan *compiler.Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.log, s.host = plan.Logging, DeviceID(plan)
	n := s.log.Queue
	if n <= 0 || n > maxQueue {
		n = maxQueue
	}
	old := s.targets
	s.targets = nil
	for _, h := range s.log.Hosts {
		var t *target
		for i, o := range old {
			if o != nil && o.host.IP == h.IP && o.host.Proto == h.Proto && o.host.Port == h.Port && cap(o.lines) == n {
				t, old[i] = o, nil
				break
			}
		}
		if t == nil {
			ctx, cancel := context.WithCancel(context.Background())
			t = &target{host: h, lines: make(chan string, n), cancel: cancel}
			s.work.Go(func() { s.serve(ctx, t) })
		}
		s.targets = append(s.targets, t)
	}
	for _, o := range old {
		if o != nil {
			o.cancel()
		}
	}
}

// DeviceID is what stands in front of each message of the plan.
func DeviceID(plan *compiler.Plan) string {
	switch l := &plan.Logging; l.DeviceKind {
	case "hostname":
		return plan.Hostname
	case "ipaddress":
		if i := plan.IfByName(l.DeviceID); i != compiler.None {
			return plan.Interfaces[i].Net.IP.String()
		}
		return l.DeviceID
	default:
		return l.DeviceID
	}
}

// Send gives a message to each server, if the plan sends messages of its level to servers.
func (s *Sender) Send(m runtime.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.log
	if s.closed || len(s.targets) == 0 || !l.Sends(m.ID) || l.Level(m.ID, m.Level) > l.Trap {
		return
	}
	s.sent++
	for _, t := range s.targets {
		select {
		case t.lines <- s.line(m, &t.host):
			s.most = max(s.most, len(t.lines))
		default:
			s.lost++
		}
	}
}

// Counts is what a sender has done since it was made.
type Counts struct {
	Sent          uint64 // messages for the servers, each once
	Lost          uint64 // lines that found a queue full, or no server
	Waiting, Most int    // lines in the longest queue: now, and ever
}

// Counts tells what has become of the messages.
func (s *Sender) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Counts{Sent: s.sent, Lost: s.lost, Most: s.most}
	for _, t := range s.targets {
		c.Waiting = max(c.Waiting, len(t.lines))
	}
	return c
}

// line is a message as it is sent.
func (s *Sender) line(m runtime.Message, h *compiler.LogHost) string {
	m.Level = s.log.Level(m.ID, m.Level)
	b := append(make([]byte, 0, 64+len(m.Text)), '<')
	b = append(strconv.AppendInt(b, int64(s.log.Facility*8+m.Level), 10), '>')
	if h.Emblem {
		b = append(b, ':')
	}
	if s.log.Timestamp {
		b = s.clock.Now().AppendFormat(b, "Jan 02 2006 15:04:05")
		if s.host == "" {
			b = append(b, ": "...)
		}
	}
	if s.host != "" {
		if s.log.Timestamp {
			b = append(b, ' ')
		}
		b = append(append(b, s.host...), " : "...)
	}
	return string(append(b, m.String()...))
}

// serve carries the lines of one server.
func (s *Sender) serve(ctx context.Context, t *target) {
	network, end := "udp", ""
	if t.host.Proto == 6 {
		network, end = "tcp", "\n"
	}
	addr := net.JoinHostPort(t.host.IP.String(), strconv.Itoa(int(t.host.Port)))
	var conn net.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	failed := false
	for {
		var line string
		select {
		case <-ctx.Done():
			return
		case line = <-t.lines:
		}
		var err error
		if conn == nil {
			dialing, cancel := context.WithTimeout(ctx, redial)
			conn, err = s.dial(dialing, network, addr)
			cancel()
		}
		if err == nil {
			if err = conn.SetWriteDeadline(time.Now().Add(redial)); err == nil {
				_, err = conn.Write([]byte(line + end))
			}
		}
		if err == nil {
			if failed {
				s.note(fmt.Sprintf("syslog server %s: messages arrive again", addr))
			}
			failed = false
			continue
		}
		s.mu.Lock()
		s.lost++
		s.mu.Unlock()
		if !failed && ctx.Err() == nil {
			s.note(fmt.Sprintf("syslog server %s: %v", addr, err))
		}
		failed = true
		if conn != nil && network == "udp" {
			continue // that the server did not listen a moment ago says nothing of the next
		}
		if conn != nil {
			conn.Close()
			conn = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(redial):
		}
	}
}

// Close ends the sender. What still waits is lost.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	for _, t := range s.targets {
		t.cancel()
	}
	s.mu.Unlock()
	s.work.Wait()
}
