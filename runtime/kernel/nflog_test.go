package kernel

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
	"pixfw/runtime"
)

func samplePacket() []byte {
	return []byte{0x45, 0, 0, 60, 1, 2, 0x40, 0, 63, 6, 0, 0, 198, 51, 100, 7, 192, 168, 1, 11,
		0x13, 0x88, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0xa0, 0x02, 0xff, 0xff, 0, 0, 0, 0}
}

func TestParseIPv4(t *testing.T) {
	p, ok := parseIPv4(samplePacket())
	want := runtime.Packet{Proto: 6, Src: ast.MustIP("198.51.100.7"), Dst: ast.MustIP("192.168.1.11"), SrcPort: 5000, DstPort: 80,
		Flags: runtime.SYN, Seq: 9, TTL: 63, Length: 0}
	if !ok || p.String() != want.String() || p.Flags != want.Flags || p.Seq != want.Seq || p.TTL != want.TTL || p.Length != want.Length {
		t.Errorf("got %+v, %v, want %+v", p, ok, want)
	}
	for _, bad := range [][]byte{nil, samplePacket()[:19], {0x65, 19: 0}, {0x4f, 19: 0}, {0x44, 19: 0}} {
		if _, ok := parseIPv4(bad); ok {
			t.Errorf("% x is not an IPv4 packet", bad)
		}
	}
}

// The bytes come from the kernel, but what they hold comes from the network.
func FuzzParseLogged(f *testing.F) {
	seed, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: attrInDev, Data: binary.BigEndian.AppendUint32(nil, 3)},
		{Type: attrPrefix, Data: []byte("106023:120\x00")},
		{Type: attrPayload, Data: samplePacket()}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{})
	plan := &compiler.Plan{Interfaces: []compiler.Interface{{Name: "outside"}, {Name: "inside"}}}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, ok := parseLogged(b)
		if !ok {
			return
		}
		if m, ok := message(plan, nil, 0, l.prefix, &l.packet); ok && (m.ID == 0 || m.Text == "") {
			t.Errorf("empty message %+v for %q", m, l.prefix)
		}
	})
}

func TestParseLoggedSeed(t *testing.T) {
	b, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: attrInDev, Data: binary.BigEndian.AppendUint32(nil, 3)},
		{Type: attrPrefix, Data: []byte("106023:120\x00")},
		{Type: attrPayload, Data: samplePacket()}})
	if err != nil {
		t.Fatal(err)
	}
	l, ok := parseLogged(b)
	if !ok || l.indev != 3 || l.prefix != "106023:120" || l.packet.DstPort != 80 {
		t.Errorf("%+v, %v", l, ok)
	}
}

// Every reason that a rule may log has a message, but for those that a PIX drops in silence.
func TestReasonsHaveMessages(t *testing.T) {
	silent := map[string]bool{"same-level": true, "ipsec": true}
	plan := notePlan(t)
	rs, _ := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"})
	p, _ := parseIPv4(samplePacket())
	n := 0
	for _, c := range rs.Chains {
		for _, r := range c.Rules {
			for _, s := range r.Do {
				log, ok := s.(nft.Log)
				if !ok {
					continue
				}
				n++
				id, _, _ := strings.Cut(log.Prefix, ":")
				m, ok := message(plan, nil, 0, log.Prefix, &p)
				if !silent[id] && (!ok || strings.Contains(m.Text, "%!")) {
					t.Errorf("%s: %v, %v", log.Prefix, m, ok)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d rules log", n)
	}
}

func notePlan(t *testing.T) *compiler.Plan {
	t.Helper()
	text, err := os.ReadFile("../../examples/vpnclient-xauth/web.cfg")
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, diags := parser.Load("web.cfg", text)
	plan, more := compiler.Compile(cfg)
	if err := append(diags, more...).Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// ownSpace runs fn with a fresh network namespace that has two dummy links, eth0 and eth1.
func ownSpace(t testing.TB, fn func(*space)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	type made struct {
		s   *space
		err error
	}
	c := make(chan made)
	go func() {
		goruntime.LockOSThread() // never unlocked: the thread dies
		err := unix.Unshare(unix.CLONE_NEWNET)
		var s *space
		if err == nil {
			s, err = openSpace("")
		}
		c <- made{s, err}
	}()
	m := <-c
	if m.err != nil {
		t.Skipf("cannot make a network namespace: %v", m.err)
	}
	defer m.s.close()
	fn(m.s)
}

// What the kernel refuses is named by its configuration line, and nothing of the batch stays.
func TestRefusalNamesTheLine(t *testing.T) {
	plan := notePlan(t)
	rs, _ := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"})
	ownSpace(t, func(s *space) {
		good, err := rs.Batch()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.commit(good); err != nil {
			t.Fatal(err)
		}
		if err := s.check(good, rs); err != nil {
			t.Error(err)
		}
		before, err := s.rules()
		if err != nil {
			t.Fatal(err)
		}
		// An entry that jumps to where nothing is.
		bad, _ := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"})
		line := plan.ACLs[plan.ACLByID("120")].Entries[1].Line
		found := false
		for i := range bad.Chains {
			for k := range bad.Chains[i].Rules {
				if r := &bad.Chains[i].Rules[k]; r.ACE.Is && r.Line.Pos == line.Pos {
					r.Do = []nft.Stmt{nft.Jump{Chain: "nowhere"}}
					found = true
				}
			}
		}
		if !found {
			t.Fatal("no rule of the entry")
		}
		batch, err := bad.Batch()
		if err != nil {
			t.Fatal(err)
		}
		err = s.commit(batch)
		var refused *RuleError
		if !errors.As(err, &refused) || refused.Line != line.Pos.Line || refused.Text != line.Text() || !errors.Is(err, unix.ENOENT) {
			t.Errorf("got %v, want line %d: %s", err, line.Pos.Line, line.Text())
		}
		after, err := s.rules()
		if err != nil || len(after) != len(before) {
			t.Errorf("%d rules before, %d after, %v", len(before), len(after), err)
		}
		// A rule that is missing in the kernel is noticed.
		rs.Chains[0].Rules = append(rs.Chains[0].Rules, nft.Rule{Do: []nft.Stmt{nft.Accept{}}})
		if err := s.check(good, rs); err == nil || !strings.Contains(err.Error(), "sanity") {
			t.Errorf("check: %v", err)
		}
	})
}

// Long lists arrive whole: their messages are cut before a length wraps.
func TestLongLists(t *testing.T) {
	plan := notePlan(t)
	acl := &plan.ACLs[plan.ACLByID("120")]
	wide := acl.Entries[1]
	wide.Src = nil
	for i := range 3000 {
		wide.Src = append(wide.Src, ast.Net{IP: ast.MustIP("100.64.0.0") + ast.IP(2*i), Mask: ast.AllOnes})
	}
	acl.Entries = append(acl.Entries, wide)
	first := plan.NAT.Statics[0]
	for i := range 3000 {
		s := first
		s.Mapped, s.Real = ast.MustIP("100.64.0.0")+ast.IP(2*i), ast.MustIP("10.0.0.0")+ast.IP(i)
		plan.NAT.Statics = append(plan.NAT.Statics, s)
	}
	for range 2000 {
		acl.Entries = append(acl.Entries, acl.Entries[0])
	}
	rs, _ := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"})
	ownSpace(t, func(s *space) {
		b, err := rs.Batch()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.commit(b); err != nil {
			t.Fatal(err)
		}
		if err := s.check(b, rs); err != nil {
			t.Error(err)
		}
	})
}

// Real configurations are accepted by the kernel, and read back whole.
func TestCorpusCommits(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/*.cfg")
	more, _ := filepath.Glob("../../examples/*/*.cfg")
	if len(files) == 0 {
		t.Log("no corpus of configurations beside the repository: only the examples are tried")
	}
	ownSpace(t, func(s *space) {
		for _, file := range append(files, more...) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
				continue
			}
			cfg, _, _ := parser.Load(filepath.Base(file), text)
			plan, _ := compiler.Compile(cfg)
			if plan == nil {
				continue // its errors are for others to judge
			}
			names := map[int]string{}
			for i := range plan.Interfaces {
				names[i] = "eth" + strconv.Itoa(i)
			}
			rs, _ := nft.Lower(plan, names)
			b, err := rs.Batch()
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if err := s.commit(b); err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if err := s.check(b, rs); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	})
}
