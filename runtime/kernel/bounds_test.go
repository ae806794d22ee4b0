package kernel

import (
	"net"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

// Each shortage is said once a minute, with how much it was since.
func TestShortages(t *testing.T) {
	b := bounds{Limits: DefaultLimits}
	at := time.Unix(1e9, 0)
	said := func(want ...string) {
		t.Helper()
		lines, log := b.tick(at)
		if !slices.Equal(lines, want) {
			t.Errorf("%q, want %q", lines, want)
		}
		if len(log) > 0 && log[0].ID != 211001 {
			t.Error(log)
		}
	}
	said()
	b.short(fullConns, 1)
	b.short(lostLog, 7)
	said("the table of connections is full: 1 connections pass without messages and limits", "packets were denied faster than they could be told of: 7 have no message")
	b.short(fullConns, 2)
	at = at.Add(tellAgain - 1)
	said()
	b.short(fullConns, 3)
	at = at.Add(1)
	said("the table of connections is full: 5 connections pass without messages and limits")
	at = at.Add(tellAgain)
	said()
}

func TestLimitsFilled(t *testing.T) {
	if l := (Limits{}).filled(); l != DefaultLimits {
		t.Error(l)
	}
	got := Limits{Conns: 1 << 22, Xlates: 1 << 22, Users: 5}.filled()
	want := DefaultLimits
	want.Conns, want.Users = 1<<22, 5 // the set of translations is not larger
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The kernel's counters are found in its tables.
func TestDropCounters(t *testing.T) {
	if n := queueDropped([]byte("  106  12345  0 2   128     3     4       99  1\n  107  12345  0 2   128     0     1       99  1\n")); n != 8 {
		t.Errorf("queue: %d", n)
	}
	if n := trackDropped([]byte("entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n" +
		"00000005  00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000000 00000000 00000010 00000000 00000000  00000000 00000000 00000000 00000000\n" +
		"00000005  00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000000 00000000 00000001 00000000 00000000  00000000 00000000 00000000 00000000\n")); n != 17 {
		t.Errorf("conntrack: %d", n)
	}
	ownSpace(t, func(s *space) {
		q, err := s.openQueue(firstPackets)
		if err != nil {
			t.Skipf("no queue: %v", err)
		}
		defer q.close()
		for _, x := range []struct {
			name string
			read func([]byte) uint64
		}{{"netfilter/nfnetlink_queue", queueDropped}, {"stat/nf_conntrack", trackDropped}, {"no_such_table", queueDropped}} {
			var c counterFile
			if err := c.open(s, x.name); err != nil {
				t.Errorf("%s: %v", x.name, err)
			}
			if n := c.more(x.read); n != 0 {
				t.Errorf("%s: %d, and nothing was dropped", x.name, n)
			}
			if err := c.close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// What a queue has no room for is counted by the kernel.
func TestQueueOverflow(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	ownSpace(t, func(s *space) {
		q, err := s.openQueue(firstPackets)
		if err != nil {
			t.Skipf("no queue: %v", err)
		}
		defer q.close()
		small := end(attribute(begin(nil, queueConfig, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_UNSPEC, nft.Queue), queueCfgMaxLen, []byte{0, 0, 0, 3}), 0)
		if err := q.request(small); err != nil {
			t.Fatal(err)
		}
		rs := &nft.Ruleset{Chains: []nft.Chain{{Name: "out", Type: "filter", Hook: "output", Rules: []nft.Rule{{Match: []nft.Match{{Field: nft.L4Proto, Values: []nft.Range{{Lo: 17, Hi: 17}}}},
			Do: []nft.Stmt{nft.ToQueue{Num: nft.Queue, Compat: true}}}}}}}
		b, err := rs.Batch()
		if err == nil {
			err = s.commit(b)
		}
		if err != nil {
			t.Skipf("no queue in rules: %v", err)
		}
		var c counterFile
		if err := c.open(s, "netfilter/nfnetlink_queue"); err != nil {
			t.Fatal(err)
		}
		defer c.close()
		sendLoopback(t, s, 10)
		if n := c.more(queueDropped); n != 7 {
			t.Errorf("%d of 10 packets did not fit into a queue of three", n)
		}
		if n := c.more(queueDropped); n != 0 {
			t.Errorf("%d more", n)
		}
	})
}

// sendLoopback sends datagrams to nobody.
func sendLoopback(t *testing.T, s *space, n int) {
	t.Helper()
	err := s.do(func() error {
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Skipf("ip: %v %s", err, out)
		}
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer c.Close()
		for range n {
			// What rules drop is refused; it was sent all the same.
			_, _ = c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// How many packets the log could not tell of is known from the next one that it tells of.
func TestLostLog(t *testing.T) {
	ownSpace(t, func(s *space) {
		c, err := s.openLog()
		if err != nil {
			t.Skipf("no log: %v", err)
		}
		rs := &nft.Ruleset{Chains: []nft.Chain{{Name: "out", Type: "filter", Hook: "output", Rules: []nft.Rule{{Match: []nft.Match{{Field: nft.L4Proto, Values: []nft.Range{{Lo: 17, Hi: 17}}}},
			Do: []nft.Stmt{nft.Log{Prefix: "x"}, nft.Drop{}}}}}}}
		b, err := rs.Batch()
		if err == nil {
			err = s.commit(b)
		}
		if err == nil {
			err = c.option(unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
		}
		if err != nil {
			t.Fatal(err)
		}
		sendLoopback(t, s, 1000) // nobody reads
		seen, lost := make(chan struct{}, 2000), make(chan uint64, 2000)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			readLog(c, func(logged) { seen <- struct{}{} }, func(n uint64) { lost <- n })
		}()
		for !c.quiet() {
			time.Sleep(time.Millisecond)
		}
		sendLoopback(t, s, 1)
		n := 0
		var missing uint64
		for missing == 0 {
			select {
			case <-seen:
				n++
			case missing = <-lost:
			case <-time.After(30 * time.Second):
				t.Fatalf("nothing was lost; %d of 1001 came", n)
			}
		}
		<-seen // the last one
		n++
		for len(seen) > 0 {
			<-seen
			n++
		}
		if n+int(missing) != 1001 {
			t.Errorf("%d came, and %d were said to be lost, of 1001", n, missing)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
}
