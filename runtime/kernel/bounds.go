package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// Limits bound the tables of an engine.
type Limits struct {
	Conns      int // connections; those beyond pass, and have no messages and no limits
	Xlates     int // translations of addresses; hosts beyond get none (202001)
	Ports      int // translations of ports; those beyond are not shown
	Half       int // hosts whose half-open connections are counted, and handshakes whose beginning was not told yet
	Pairs      int // connections to which others may come back; for those beyond nothing opens
	Doors      int // connections that inspections expect; beyond them nothing opens
	Users      int // users who have logged in; those beyond have to log in again
	Shuns      int // hosts that are shunned (401005)
	Intercepts int // clients whom the firewall has answered for a host; those beyond are dropped
	LogFlows   int // permitted flows that are counted for 106100; of denied ones the plan says it (access-list deny-flow-max)
}

// DefaultLimits hold where Options say nothing.
var DefaultLimits = Limits{Conns: 1 << 20, Xlates: 65535, Ports: 1 << 18, Half: 65535, Pairs: 65535, Doors: 16384, Users: 65535, Shuns: 65535,
	Intercepts: 1 << 15, LogFlows: 4096}

// MostLimits are the largest that can be. Tables that mirror sets of the kernel are not larger than these.
var MostLimits = Limits{Conns: 1 << 24, Xlates: 65535, Ports: 1 << 24, Half: 65535, Pairs: 65535, Doors: 16384, Users: 65535, Shuns: 65535,
	Intercepts: 1 << 15, LogFlows: 1 << 20}

func (l *Limits) fields() [10]*int {
	return [...]*int{&l.Conns, &l.Xlates, &l.Ports, &l.Half, &l.Pairs, &l.Doors, &l.Users, &l.Shuns, &l.Intercepts, &l.LogFlows}
}

// filled are the limits with defaults for what is zero, and none larger than can be.
func (l Limits) filled() Limits {
	defaults, most := DefaultLimits, MostLimits
	d, m := defaults.fields(), most.fields()
	for i, v := range l.fields() {
		if *v <= 0 {
			*v = *d[i]
		}
		*v = min(*v, *m[i])
	}
	return l
}

// A shortage is one kind of what was not done for want of room.
type shortage int

const (
	fullConns shortage = iota
	fullXlates
	fullPorts
	fullHalf
	fullAdmitted
	fullCalls
	fullPairs
	fullDoors
	fullUsers
	lostLog
	lostEvents
	lostQueued
	lostTracked
	shortages
)

// shortageText is what is said of each, with how many times since it was said last.
var shortageText = [shortages]string{
	fullConns:    "the table of connections is full: %d connections pass without messages and limits",
	fullXlates:   "the table of translations is full: %d times there was no address for a host",
	fullPorts:    "the table of port translations is full: %d are not shown",
	fullHalf:     "the table of half-open connections is full: %d are not counted for the limits of their hosts",
	fullAdmitted: "too many connections begin at once: %d packets of hosts with a limit of connections were dropped",
	fullCalls:    "too many clients are answered for their hosts at once: %d packets to hosts with a limit of half-open connections were dropped",
	fullPairs:    "the table of established connections is full: nothing opens for %d connections",
	fullDoors:    "the table of expected connections is full: nothing opens for %d inspected payloads",
	fullUsers:    "the table of users is full: %d logins were not remembered",
	lostLog:      "packets were denied faster than they could be told of: %d have no message",
	lostEvents:   "connections came faster than they could be told of: the table was read again %d times",
	lostQueued:   "packets came faster than the daemon could decide about them: %d were dropped",
	lostTracked:  "the kernel's table of connections is full (net.netfilter.nf_conntrack_max): %d packets were dropped",
}

// tellAgain is how long nothing is said of a shortage that was said.
const tellAgain = time.Minute

// bounds counts shortages, and says each once a minute. The lock is that of dynamic.
type bounds struct {
	Limits
	note  func(string)
	count [shortages]uint64
	told  [shortages]time.Time

	queue, track counterFile
}

// short counts a shortage.
func (b *bounds) short(s shortage, n uint64) { b.count[s] += n }

// tick is what is to be said now, as lines and as messages: a PIX that has no room says 211001.
func (b *bounds) tick(now time.Time) (lines []string, log []runtime.Message) {
	b.short(lostQueued, b.queue.more(queueDropped))
	b.short(lostTracked, b.track.more(trackDropped))
	for s := range shortages {
		n := b.count[s]
		if n == 0 || !b.told[s].IsZero() && now.Sub(b.told[s]) < tellAgain {
			continue
		}
		lines = append(lines, fmt.Sprintf(shortageText[s], n))
		if s < lostLog || s == lostTracked {
			log = append(log, syslog.New(211001))
		}
		b.count[s], b.told[s] = 0, now
	}
	return lines, log
}

// A counterFile is a table of counters of the kernel, of the namespace where it was opened. The zero value has none.
type counterFile struct {
	f    *os.File
	last uint64
}

// open opens a file of /proc/net; one that the kernel does not have counts nothing.
func (c *counterFile) open(s *space, name string) error {
	return s.do(func() (err error) {
		c.f, err = os.Open("/proc/thread-self/net/" + name)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
}

// more is how much a counter has grown.
func (c *counterFile) more(read func(text []byte) uint64) uint64 {
	if c.f == nil {
		return 0
	}
	text, err := io.ReadAll(io.NewSectionReader(c.f, 0, 1<<20))
	if err != nil {
		return 0
	}
	n := read(text)
	more := n - c.last
	if n < c.last { // it began anew
		more = n
	}
	c.last = n
	return more
}

func (c *counterFile) close() error {
	if c.f == nil {
		return nil
	}
	return c.f.Close()
}

// queueDropped reads /proc/net/netfilter/nfnetlink_queue: what did not fit into the queues, and what could not be handed over.
func queueDropped(text []byte) (n uint64) {
	for line := range bytes.Lines(text) {
		if f := strings.Fields(string(line)); len(f) >= 7 {
			for _, x := range f[5:7] {
				v, _ := strconv.ParseUint(x, 10, 64) // what is no number counts nothing
				n += v
			}
		}
	}
	return n
}

// trackDropped reads /proc/net/stat/nf_conntrack, which has a heading and a line of hexadecimal numbers for each processor.
func trackDropped(text []byte) (n uint64) {
	column := -1
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if column < 0 {
			for i := range f {
				if f[i] == "drop" {
					column = i
				}
			}
			if column < 0 {
				return 0
			}
			continue
		}
		if column < len(f) {
			v, _ := strconv.ParseUint(f[column], 16, 64)
			n += v
		}
	}
	return n
}
