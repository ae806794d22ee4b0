package shell

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// bookLines and bookBytes bound what `logging buffered` keeps: the oldest messages go first. How much a 6.3 keeps is not known.
const (
	bookLines = 512
	bookBytes = 128 << 10
)

// A logbook takes the messages of a box: it keeps those of `logging buffered`, and counts those of each place that the configuration
// sends messages to. It is called from the paths of packets, by several goroutines.
type logbook struct {
	mu    sync.Mutex
	log   compiler.Logging // the zero one sends nothing
	lines []string         // oldest first
	bytes int              // of the lines

	console, monitor, buffered, history uint64 // messages for that place since the box started

	watching []*monitor // of visitors who have asked for messages
}

// watch sends messages of `logging monitor` to a console, or no more.
func (b *logbook) watch(m *monitor, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watching = slices.DeleteFunc(b.watching, func(w *monitor) bool { return w == m })
	if on {
		b.watching = append(b.watching, m)
	}
}

// watched reports whether a console is sent messages.
func (b *logbook) watched(m *monitor) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.watching, m)
}

// apply follows the configuration. What is kept stays.
func (b *logbook) apply(l *compiler.Logging) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = *l
}

func (b *logbook) add(m runtime.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.log.Sends(m.ID) {
		return
	}
	level := b.log.Level(m.ID, m.Level)
	for _, to := range []struct {
		upTo int
		n    *uint64
	}{{b.log.Console, &b.console}, {b.log.Monitor, &b.monitor}, {b.log.History, &b.history}} {
		if level <= to.upTo {
			*to.n++
		}
	}
	if level <= b.log.Monitor {
		for _, w := range b.watching {
			w.put(bareText(m) + "\n")
		}
	}
	if level > b.log.Buffered {
		return
	}
	b.buffered++
	line := bareText(m)
	line = line[:min(len(line), bookBytes)]
	b.lines, b.bytes = append(b.lines, line), b.bytes+len(line)
	for len(b.lines) > bookLines || b.bytes > bookBytes {
		b.bytes -= len(b.lines[0])
		b.lines[0] = "" // the array lives on for a while
		b.lines = b.lines[1:]
	}
}

// bareText is a message as consoles and the buffer have it (commands-vpn-aaa-show.md section 4.13).
func bareText(m runtime.Message) string { return fmt.Sprintf("%06d: %s", m.ID, m.Text) }

// clear empties the buffer.
func (b *logbook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines, b.bytes = nil, 0
}

// format is `show logging` (commands-vpn-aaa-show.md section 4.13). What the plan says is in force, so the settings come from it.
func (b *logbook) format(plan *compiler.Plan, sent syslog.Counts) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out strings.Builder
	l := &plan.Logging
	on := func(is bool) string {
		if is {
			return "enabled"
		}
		return "disabled"
	}
	to := func(what string, level int, n uint64) {
		if level < 0 {
			fmt.Fprintf(&out, "    %s logging: disabled\n", what)
			return
		}
		fmt.Fprintf(&out, "    %s logging: level %s, %d messages logged\n", what, ast.SeverityWord(level), n)
	}
	fmt.Fprintf(&out, "Syslog logging: %s\n    Facility: %d\n    Timestamp logging: %s\n    Standby logging: %s\n", on(!l.On.IsDefault()), l.Facility,
		on(l.Timestamp), on(l.Standby))
	to("Console", l.Console, b.console)
	to("Monitor", l.Monitor, b.monitor)
	to("Buffer", l.Buffered, b.buffered)
	to("Trap", l.Trap, sent.Sent)
	for i := range l.Hosts {
		h := &l.Hosts[i]
		fmt.Fprintf(&out, "        Logging to %s %v", ifName(plan, h.If), h.IP)
		if h.Proto != ast.ProtoUDP || h.Port != 514 {
			fmt.Fprintf(&out, " %s port: %d", ast.ProtocolWord(h.Proto), h.Port)
		}
		if h.Emblem {
			out.WriteString(" format EMBLEM")
		}
		out.WriteByte('\n')
	}
	to("History", l.History, b.history)
	device := "disabled"
	switch l.DeviceKind {
	case "":
	case "hostname":
		device = "hostname \"" + plan.Hostname + "\""
	case "ipaddress":
		device = "interface IP address \"" + syslog.DeviceID(plan) + "\""
	default:
		device = "string \"" + l.DeviceID + "\""
	}
	out.WriteString("    Device ID: " + device + "\n")
	for _, line := range b.lines {
		out.WriteString(line + "\n")
	}
	return out.String()
}

// formatLogQueue is `show logging queue` (layout unconfirmed).
func formatLogQueue(l *compiler.Logging, sent syslog.Counts) string {
	limit := "unlimited"
	if l.Queue > 0 {
		limit = fmt.Sprintf("%d msg(s)", l.Queue)
	}
	return fmt.Sprintf("\tLogging Queue length limit : %s\n\tCurrent %d msg on queue, %d msgs most on queue, %d msg discard.\n", limit, sent.Waiting, sent.Most, sent.Lost)
}

// formatLogMessages is `show logging message [ID|all]` (layout unconfirmed): the messages that the configuration treats otherwise than
// the box would by itself, one message, or all of them.
func formatLogMessages(l *compiler.Logging, which int, all bool) (string, error) {
	var out strings.Builder
	line := func(id, level int) {
		fmt.Fprintf(&out, "syslog %06d: default-level %s", id, ast.SeverityWord(level))
		if now := l.Level(id, level); now != level {
			out.WriteString(", current-level " + ast.SeverityWord(now))
		}
		if l.Disabled[id] {
			out.WriteString(" (disabled)\n")
		} else {
			out.WriteString(" (enabled)\n")
		}
	}
	if which != 0 {
		level, ok := syslog.Level(which)
		if !ok {
			return "", refusef("ERROR: there is no message %06d", which)
		}
		line(which, level)
		return out.String(), nil
	}
	for _, e := range syslog.Catalogue() {
		if _, changed := l.Levels[e.ID]; all || changed || l.Disabled[e.ID] {
			line(e.ID, e.Level)
		}
	}
	return out.String(), nil
}

// formatLogDisabled is `show logging disabled`: the messages that are switched off, as the configuration says it.
func formatLogDisabled(l *compiler.Logging) string {
	var ids []int
	for id, off := range l.Disabled {
		if off {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var out strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&out, "no logging message %06d\n", id)
	}
	return out.String()
}

// showLogging is the family of `show logging`.
func (s *Session) showLogging(c *ast.Show) (string, error) {
	plan := s.engine.Plan()
	var sent syslog.Counts
	if s.syslog != nil {
		sent = s.syslog.Counts()
	}
	switch c.Form {
	case "queue":
		return formatLogQueue(&plan.Logging, sent), nil
	case "disabled":
		return formatLogDisabled(&plan.Logging), nil
	case "message":
		return formatLogMessages(&plan.Logging, c.Number, c.ID == "all")
	}
	return s.book.format(plan, sent), nil
}

// enableMessages is `clear logging disabled`: every message that is switched off is sent again.
func (s *Session) enableMessages() error {
	if s.level < 15 {
		return refused(textUnprivilege)
	}
	for _, id := range slices.Sorted(maps.Keys(s.engine.Plan().Logging.Disabled)) {
		line := fmt.Sprintf("logging message %d", id)
		if _, err := s.configure(line, strings.Fields(line)); err != nil {
			return err
		}
	}
	return nil
}

// Syslog is what carries messages to servers.
type Syslog interface{ Counts() syslog.Counts }
