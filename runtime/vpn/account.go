package vpn

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/runtime/aaa"
	"pixfw/runtime/kernel"
	"pixfw/runtime/syslog"
)

// Reports to servers under way at a time, and those that wait for each of these. A server that does not answer fills them; what comes
// then is lost, which is said.
const (
	reporters = 8
	reports   = 512
)

// goodbye is how long a firewall that ends goes on with the reports that wait.
const goodbye = 3 * time.Second

// accounts tells servers what users have done. The records of one connection go out in their order, and one that a server is slow to
// take makes those wait that have the same turn.
type accounts struct {
	s      *service
	turns  [reporters]chan report
	ctx    context.Context // of questions to servers; it ends later than that of the service
	cancel context.CancelFunc

	mu      sync.Mutex
	classes map[ast.IP][][]byte // of users of tunnels, by their address
	begun   map[uint64]begun    // connections whose start has been reported, by their number
	lost    uint64              // records
	failing map[string]struct{} // groups whose last record was not taken
}

// begun is what the record of the end has from that of the start.
type begun struct {
	id    uint32
	class [][]byte
}

type report struct {
	tag    string
	record aaa.Record
}

func newAccounts(s *service) *accounts {
	a := &accounts{s: s, classes: map[ast.IP][][]byte{}, begun: map[uint64]begun{}, failing: map[string]struct{}{}}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	for i := range a.turns {
		a.turns[i] = make(chan report, reports)
		s.work.Go(func() { a.send(a.turns[i]) })
	}
	return a
}

// up and down keep what a server has said about the user of a client, which goes back to it (commands-vpn-aaa-show.md 5.3).
func (a *accounts) up(client ast.IP, session *session) {
	if session == nil || len(session.Class) == 0 {
		a.down(client)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.classes[client] = session.Class
}

func (a *accounts) down(client ast.IP) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.classes, client)
}

// use takes one end of a connection in. It does not wait.
func (a *accounts) use(u kernel.Use) {
	a.mu.Lock()
	b, ok := a.begun[u.About.Number]
	switch {
	case u.Stop && !ok:
		a.mu.Unlock()
		return // the start was lost: there is nothing to end
	case u.Stop:
		delete(a.begun, u.About.Number)
	default:
		b = begun{a.s.c.servers.NewID(), a.classes[u.Client]}
		a.begun[u.About.Number] = b
	}
	a.mu.Unlock()
	to := u.About.Foreign.Port
	if u.About.Inbound {
		to = u.About.Local.Port
	}
	r := report{u.Tag, aaa.Record{Stop: u.Stop, ID: b.id, User: u.About.User, Client: addr(u.Client), Local: at(u.About.Local), Foreign: at(u.About.Foreign),
		Service: aaa.ServiceName(u.About.Proto, to), Elapsed: u.Elapsed, In: u.In, Out: u.Out, Class: b.class}}
	select {
	case a.turns[b.id%reporters] <- r:
		return
	default:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !u.Stop {
		delete(a.begun, u.About.Number)
	}
	if a.lost++; a.lost == 1 {
		a.s.say(fmt.Sprintf("accounting with %s: records are lost, because none is taken for too long", u.Tag))
	}
}

// send is the goroutine of one turn.
func (a *accounts) send(turn <-chan report) {
	tell := func(r report) { a.took(r.tag, a.s.c.servers.AccountWith(a.ctx, r.tag, r.record)) }
	for {
		select {
		case r := <-turn:
			tell(r)
		case <-a.s.stop:
			for a.ctx.Err() == nil {
				select {
				case r := <-turn:
					tell(r)
				default:
					return
				}
			}
			return
		}
	}
}

// close is called when the service has stopped, and waits for what is under way.
func (a *accounts) close() {
	timer := time.AfterFunc(goodbye, a.cancel)
	a.s.work.Wait()
	timer.Stop()
	a.cancel()
}

// took says when a group stops to take records, and when it has begun again.
func (a *accounts) took(tag string, err error) {
	a.mu.Lock()
	_, was := a.failing[tag]
	if err != nil {
		a.failing[tag] = struct{}{}
	} else {
		delete(a.failing, tag)
	}
	lost := a.lost
	if err == nil {
		a.lost = 0
	}
	a.mu.Unlock()
	switch {
	case err != nil && !was:
		a.s.say(err.Error())
	case err == nil && (was || lost > 0):
		a.s.say(fmt.Sprintf("accounting with %s: records are taken again, %d were lost", tag, lost))
	}
}

func at(e syslog.End) aaa.End { return aaa.End{IP: e.IP, Port: e.Port} }
