package nft

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler"
)

// What is written here is what the library writes, octet for octet but for the flags of its answers.
func TestWireIsTheLibrarys(t *testing.T) {
	list := []*compiler.Plan{webPlan(), widePlan()}
	for _, kind := range listKinds {
		list = append(list, longPlan(kind.make(rand.New(rand.NewPCG(5, 5)), 120)))
	}
	rules, elements := 0, 0
	for _, p := range list {
		rs, _ := Lower(p, devices, Options{Daemon: true})
		w, err := newWire()
		if err != nil {
			t.Fatal(err)
		}
		e := &encoder{c: w.c, w: w, t: &nftables.Table{Name: Table, Family: nftables.TableFamilyIPv4}, sets: map[string]*nftables.Set{}}
		for i := range rs.Sets {
			if err := e.set(&rs.Sets[i]); err != nil {
				t.Fatal(err)
			}
		}
		last := func() netlink.Message {
			msgs, err := w.messages()
			if err != nil || len(msgs) == 0 {
				t.Fatal("nothing is encoded", err)
			}
			return msgs[len(msgs)-1]
		}
		equal := func(what string, theirs netlink.Message) {
			t.Helper()
			if ours := last(); !bytes.Equal(ours.Data, theirs.Data) || ours.Header != theirs.Header {
				t.Fatalf("%s:\n%v %x\nthe library has\n%v %x", what, ours.Header, ours.Data, theirs.Header, theirs.Data)
			}
		}
		for i := range rs.Chains {
			c := &rs.Chains[i]
			if c.Hook == "" {
				w.c.AddChain(&nftables.Chain{Table: e.t, Name: c.Name})
				theirs := last()
				if err := w.chain(c.Name); err != nil {
					t.Fatal(err)
				}
				equal(c.Name, theirs)
			}
			for k := range c.Rules {
				x, err := e.rule(&c.Rules[k])
				if err != nil {
					t.Fatal(err)
				}
				if slices.ContainsFunc(c.Rules[k].Match, func(m Match) bool { return m.Field == OrigSaddr || m.Field == OrigDaddr || m.Field == OrigDport }) {
					continue // the library does not know directions: listed alike, see TestTextAndMessagesListAlike
				}
				w.c.AddRule(&nftables.Rule{Table: e.t, Chain: &nftables.Chain{Name: c.Name}, Exprs: x, UserData: []byte(c.Name)})
				theirs := last()
				if err := w.rule(c.Name, x, []byte(c.Name)); err != nil {
					t.Fatal(err)
				}
				equal(c.Rules[k].text(), theirs)
				rules++
			}
		}
		for _, set := range e.sets {
			elems := []nftables.SetElement{{Key: be32(7), VerdictData: &expr.Verdict{Kind: expr.VerdictJump, Chain: "acl_120"}},
				{Key: be16(9), IntervalEnd: true}, {Key: []byte{1}, VerdictData: &expr.Verdict{Kind: expr.VerdictDrop}}}
			if err := w.c.SetAddElements(set, elems); err != nil {
				t.Fatal(err)
			}
			theirs := last()
			if err := w.elements(set, elems); err != nil {
				t.Fatal(err)
			}
			equal(set.Name, theirs)
			elements++
		}
	}
	if rules < 500 || elements < 50 {
		t.Errorf("%d rules and %d sets compared", rules, elements)
	}
}

// What the 16 bits of an attribute's length do not hold is refused.
func TestWireTooLong(t *testing.T) {
	w, err := newWire()
	if err != nil {
		t.Fatal(err)
	}
	elems := make([]nftables.SetElement, 3000)
	for i := range elems {
		elems[i] = nftables.SetElement{Key: be32(uint32(i)), VerdictData: &expr.Verdict{Kind: expr.VerdictGoto, Chain: "chain"}}
	}
	if err := w.elements(&nftables.Set{Name: "set"}, elems); err == nil {
		t.Error("3000 elements are written as one message")
	}
	if err := w.chain("chain"); err != nil {
		t.Error(err)
	}
	if msgs, err := w.messages(); err != nil || len(msgs) != 1 || uint16(msgs[0].Header.Type)&0xff != unix.NFT_MSG_NEWCHAIN {
		t.Errorf("%v, %v", msgs, err)
	}
}
