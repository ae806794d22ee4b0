package vpn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime/aaa"
	"pixfw/runtime/kernel"
	"pixfw/runtime/syslog"
)

// use is one end of a connection of a client to a Telnet server inside.
func use(number uint64, stop bool) kernel.Use {
	return kernel.Use{Tag: "AuthInbound", Client: ast.MustIP("10.89.129.200"), Stop: stop, Elapsed: 15 * time.Second, In: 99, Out: 1879, About: syslog.Connection{
		Number: number, Proto: ast.ProtoTCP, Inbound: true, User: "cisco_customer", Foreign: syslog.End{IP: ast.MustIP("10.89.129.200"), Port: 1024},
		Local: syslog.End{IP: ast.MustIP("10.89.129.131"), Port: 23}}}
}

// books collects records.
type books struct {
	mu   sync.Mutex
	list []aaa.Record
	fail error
}

func (b *books) take(_ context.Context, _ string, r aaa.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail == nil {
		b.list = append(b.list, r)
	}
	return b.fail
}

func (b *books) records() []aaa.Record { b.mu.Lock(); defer b.mu.Unlock(); return slices.Clone(b.list) }

func (b *books) set(err error) { b.mu.Lock(); defer b.mu.Unlock(); b.fail = err }

// Both ends of a connection are told with one number, and with what the server has said of the user.
func TestAccounts(t *testing.T) {
	w := newWorld(t)
	a := w.add(boxA)
	b := &books{}
	a.report = b.take
	a.books.up(ast.MustIP("10.89.129.200"), &session{Result: aaa.Result{Class: [][]byte{[]byte("gold")}}})
	a.books.use(use(7, false))
	a.books.down(ast.MustIP("10.89.129.200"))
	a.books.use(use(7, true))
	a.books.use(use(8, true)) // whose start nobody was told of
	w.until("two records", func() bool { return len(b.records()) == 2 })
	for i, r := range b.records() {
		if r.Stop != (i == 1) || r.ID != 1 || r.User != "cisco_customer" || r.Service != "telnet" || r.Client.String() != "10.89.129.200" || len(r.Class) != 1 ||
			r.Foreign.String() != "10.89.129.200/1024" || r.Local.String() != "10.89.129.131/23" || r.In != 99 || r.Out != 1879 {
			t.Errorf("%+v", r)
		}
	}
}

// A server that takes no record is said once, and so is its return.
func TestAccountsRefused(t *testing.T) {
	w := newWorld(t)
	a := w.add(boxA)
	b := &books{fail: errors.New("accounting with AuthInbound: no answer")}
	a.report = b.take
	for n := range uint64(20) {
		a.books.use(use(n, false))
	}
	w.until("said", func() bool { return a.said("no answer") })
	b.set(nil)
	w.until("the return is said", func() bool {
		a.books.use(use(1000, false))
		return a.said("accounting with AuthInbound: records are taken again, 0 were lost")
	})
	if a.notesAbout("no answer") != 1 {
		t.Errorf("%v", a.notes)
	}
}

func (b *box) notesAbout(text string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.notes {
		if s == "accounting with AuthInbound: "+text {
			n++
		}
	}
	return n
}

// A server that answers late makes nobody wait, and what waits for it is bounded; a firewall that ends still tells of what waits.
func TestAccountsBounded(t *testing.T) {
	w := newWorld(t)
	a := w.add(boxA)
	b := &books{}
	open := make(chan struct{})
	a.report = func(ctx context.Context, tag string, r aaa.Record) error {
		select {
		case <-open:
			return b.take(ctx, tag, r)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	const more = reporters*(reports+1) + 100
	for n := range uint64(more) {
		a.books.use(use(n, false))
	}
	if !a.said("records are lost") {
		t.Errorf("%v", a.notes)
	}
	a.books.mu.Lock()
	if n, lost := len(a.books.begun), int(a.books.lost); n > reporters*(reports+1) || n+lost != more {
		t.Errorf("%d connections wait, %d records are lost", n, lost)
	}
	kept := len(a.books.begun)
	a.books.mu.Unlock()
	close(open)
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	if n := len(b.records()); n != kept {
		t.Errorf("%d records of %d", n, kept)
	}
}
