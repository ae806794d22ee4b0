package nft

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler"
)

const (
	maxComment  = 100 // of 128 that nft can list
	maxPrefix   = 100 // of 127 that the kernel keeps
	dynamicSize = 65535
	chunk       = 500 // elements in a message: its attribute length is 16 bits wide and wraps in silence
)

// UserACE is the type of the user data of a rule that holds its ACE: two big-endian 32-bit numbers, list and entry.
const UserACE userdata.Type = 0x50

// A Batch is the ruleset as netlink messages, without the frame of a batch.
type Batch struct {
	Messages []netlink.Message

	rules *Ruleset
}

// Cause is the configuration line of a message, the zero Line where no single line causes it, and what the message is, for
// people.
func (b *Batch) Cause(k int) (compiler.Line, string) {
	switch uint16(b.Messages[k].Header.Type) & 0xff {
	case unix.NFT_MSG_NEWRULE:
		// The library keeps the order of calls, so the n-th new rule is the n-th rule of the model.
		n := 0
		for i := range k {
			if uint16(b.Messages[i].Header.Type)&0xff == unix.NFT_MSG_NEWRULE {
				n++
			}
		}
		if b.rules == nil {
			break
		}
		for i := range b.rules.Chains {
			c := &b.rules.Chains[i]
			if n < len(c.Rules) {
				return c.Rules[n].Line, "rule in chain " + c.Name + ": " + c.Rules[n].text()
			}
			n -= len(c.Rules)
		}
	case unix.NFT_MSG_NEWSET, unix.NFT_MSG_NEWSETELEM, unix.NFT_MSG_DELSETELEM:
		return compiler.Line{}, "set"
	case unix.NFT_MSG_NEWCHAIN:
		return compiler.Line{}, "chain"
	case unix.NFT_MSG_NEWOBJ:
		return compiler.Line{}, "connection tracking helper"
	}
	return compiler.Line{}, "table"
}

// Messages is the ruleset as the netlink messages of one batch.
func (r *Ruleset) Messages() ([]netlink.Message, error) {
	b, err := r.Batch()
	if err != nil {
		return nil, err
	}
	return b.Messages, nil
}

// errCaptured stops the library's Flush at its first message; any other error would be joined once a message.
var errCaptured = fmt.Errorf("captured: %w", os.ErrPermission)

// capture lets the library encode, and takes what it would send.
func capture(build func(*nftables.Conn) error) ([]netlink.Message, error) {
	w, err := newWire()
	if err != nil {
		return nil, err
	}
	if err = build(w.c); err != nil {
		return nil, err
	}
	return w.messages()
}

// Removal is the batch that removes the table, whether it is there or not.
func Removal() (*Batch, error) {
	msgs, err := capture(func(c *nftables.Conn) error {
		t := c.AddTable(&nftables.Table{Name: Table, Family: nftables.TableFamilyIPv4})
		c.DelTable(t)
		return nil
	})
	return &Batch{Messages: msgs}, err
}

// Batch is the ruleset as messages that know their lines.
func (r *Ruleset) Batch() (*Batch, error) { return r.batch(true) }

func (r *Ruleset) batch(anew bool) (*Batch, error) {
	w, err := newWire()
	if err != nil {
		return nil, err
	}
	if err = r.encode(w, anew); err != nil {
		return nil, err
	}
	msgs, err := w.messages()
	if err != nil {
		return nil, err
	}
	want, got := 0, 0
	for i := range r.Chains {
		want += len(r.Chains[i].Rules)
	}
	for i := range msgs {
		if uint16(msgs[i].Header.Type)&0xff == unix.NFT_MSG_NEWRULE {
			got++
		}
	}
	if got != want {
		return nil, fmt.Errorf("nft: %d rules encoded of %d", got, want)
	}
	return &Batch{Messages: msgs, rules: r}, nil
}

type encoder struct {
	c    *nftables.Conn
	w    *wire
	t    *nftables.Table
	sets map[string]*nftables.Set

	exprs []expr.Any // of the last rule
}

// encode writes the ruleset in place of the table that is there, or into it.
func (r *Ruleset) encode(w *wire, anew bool) error {
	c := w.c
	e := &encoder{c: c, w: w, sets: map[string]*nftables.Set{}}
	t := &nftables.Table{Name: Table, Family: nftables.TableFamilyIPv4}
	if e.t = t; anew {
		c.AddTable(t)
		c.DelTable(t)
		e.t = c.AddTable(t)
	}
	for _, h := range r.Helpers {
		c.AddObj(&nftables.NamedObj{Table: e.t, Name: h.Name, Type: nftables.ObjTypeCtHelper,
			Obj: &expr.CtHelper{Name: h.Type, L3Proto: unix.NFPROTO_IPV4, L4Proto: h.Proto}})
	}
	for i := range r.Sets {
		if err := e.set(&r.Sets[i]); err != nil {
			return fmt.Errorf("set %s: %w", r.Sets[i].Name, err)
		}
	}
	for i := range r.Chains {
		if ch := &r.Chains[i]; ch.Hook != "" {
			c.AddChain(e.chain(ch))
		} else if err := w.chain(ch.Name); err != nil {
			return fmt.Errorf("chain %s: %w", ch.Name, err)
		}
	}
	for i := range r.Sets {
		if err := e.verdicts(&r.Sets[i]); err != nil {
			return fmt.Errorf("set %s: %w", r.Sets[i].Name, err)
		}
	}
	for i := range r.Chains {
		for j := range r.Chains[i].Rules {
			rule := &r.Chains[i].Rules[j]
			exprs, err := e.rule(rule)
			if err != nil {
				return fmt.Errorf("chain %s: %s: %w", r.Chains[i].Name, rule.text(), err)
			}
			var data []byte
			if rule.Note != "" {
				data = userdata.AppendString(data, userdata.TypeComment, quoted(rule.Note, maxComment))
			}
			if rule.ACE.Is {
				id := binary.BigEndian.AppendUint32(nil, uint32(rule.ACE.ACL))
				data = userdata.Append(data, UserACE, binary.BigEndian.AppendUint32(id, uint32(rule.ACE.Entry)))
			}
			if slices.ContainsFunc(exprs, func(x expr.Any) bool { _, is := x.(*expr.Target); return is }) {
				// It needs the library's tables of what targets want.
				c.AddRule(&nftables.Rule{Table: e.t, Chain: &nftables.Chain{Name: r.Chains[i].Name}, Exprs: exprs, UserData: data})
				continue
			}
			if err := w.rule(r.Chains[i].Name, exprs, data); err != nil {
				return fmt.Errorf("chain %s: %s: %w", r.Chains[i].Name, rule.text(), err)
			}
		}
	}
	return nil
}

func (e *encoder) chain(c *Chain) *nftables.Chain {
	out := &nftables.Chain{Table: e.t, Name: c.Name}
	hooks := map[string]*nftables.ChainHook{"prerouting": nftables.ChainHookPrerouting, "input": nftables.ChainHookInput,
		"forward": nftables.ChainHookForward, "output": nftables.ChainHookOutput, "postrouting": nftables.ChainHookPostrouting}
	out.Type, out.Hooknum = nftables.ChainType(c.Type), hooks[c.Hook]
	out.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(c.Priority))
	policy := nftables.ChainPolicyAccept
	if c.Drop {
		policy = nftables.ChainPolicyDrop
	}
	out.Policy = &policy
	return out
}

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func be16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

func (e *encoder) set(s *Set) error {
	set := &nftables.Set{Table: e.t, Name: s.Name, KeyType: nftables.TypeIPAddr}
	var elems []nftables.SetElement
	switch s.Kind {
	case Addrs:
		set.Interval = true
		elems = intervals(s.Ranges, be32)
	case Values:
		set.Interval, set.KeyType = true, keyTypes[keyType(s.Key)]
		elems = intervals(s.Ranges, keyOctets(s.Key))
	case Pairs:
		t, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr)
		if err != nil {
			return err
		}
		set.KeyType, set.Concatenation = t, true
		for _, p := range s.Pairs {
			elems = append(elems, nftables.SetElement{Key: append(be32(uint32(p[0])), be32(uint32(p[1]))...)})
		}
	case LiveAddrs, LivePairs, LiveProtos:
		set.HasTimeout, set.Size = true, dynamicSize
		if s.Kind == LiveProtos {
			set.KeyType = nftables.TypeInetProto
		}
		if s.Kind == LivePairs {
			t, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr)
			if err != nil {
				return err
			}
			set.KeyType, set.Concatenation = t, true
		}
		for _, m := range s.Members {
			elems = append(elems, nftables.SetElement{Key: m.key(s.Kind), Timeout: m.For})
		}
	case LiveDoors, DoorMap:
		if err := doorSet(set, s.Kind); err != nil {
			return err
		}
		for _, m := range s.Members {
			x := nftables.SetElement{Key: m.key(s.Kind), Timeout: m.For}
			if s.Kind == DoorMap {
				x.Val = m.value()
			}
			elems = append(elems, x)
		}
	case CallMarks, CallEnds:
		if err := callMap(s.Kind, set); err != nil {
			return err
		}
	case LivePorts:
		set.IsMap, set.Concatenation = true, true
		var err error
		if set.KeyType, err = nftables.ConcatSetType(nftables.TypeInetProto, nftables.TypeIPAddr, nftables.TypeInetService); err != nil {
			return err
		}
		if set.DataType, err = nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService); err != nil {
			return err
		}
		for i := range s.Ports {
			key, as := s.Ports[i].element()
			elems = append(elems, nftables.SetElement{Key: key, Val: as})
		}
	case Octets, Lengths:
		p, err := e.w.pairSet(s)
		e.sets[s.Name] = p
		return err
	case Queries:
		q, err := e.w.querySet(s)
		e.sets[s.Name] = q
		return err
	case Dynamic:
		set.Dynamic, set.HasTimeout, set.Timeout, set.Size = true, true, s.Timeout, dynamicSize
	case Verdicts:
		// The chains that it leads to do not exist yet: elements come later.
		set.IsMap, set.DataType, set.Interval, set.Counter = true, nftables.TypeVerdict, s.interval(), s.Counted
		set.KeyType = keyTypes[keyType(s.Key)]
		if s.Key == PacketMark {
			set.KeyByteOrder = binaryutil.NativeEndian
		}
	case Counting:
		set.Dynamic, set.Size = true, dynamicSize
	case AddrMap, LiveMap:
		if s.Kind == LiveMap {
			set.Size, set.Comment = dynamicSize, s.Comment
		}
		set.IsMap, set.DataType = true, nftables.TypeIPAddr
		for _, p := range s.Pairs {
			elems = append(elems, nftables.SetElement{Key: be32(uint32(p[0])), Val: be32(uint32(p[1])), Comment: s.Comments[p[0]]})
		}
	}
	if err := e.c.AddSet(set, nil); err != nil {
		return err
	}
	e.sets[s.Name] = set
	for len(elems) > 0 {
		n := min(len(elems), chunk)
		if err := e.c.SetAddElements(set, elems[:n]); err != nil {
			return err
		}
		elems = elems[n:]
	}
	return nil
}

var keyTypes = map[string]nftables.SetDatatype{"ipv4_addr": nftables.TypeIPAddr, "inet_service": nftables.TypeInetService,
	"inet_proto": nftables.TypeInetProto, "icmp_type": nftables.TypeICMPType, "mark": nftables.TypeMark}

// keyOctets encodes values of a field as keys of a set.
func keyOctets(f Field) func(uint32) []byte {
	switch keyType(f) {
	case "inet_service":
		return func(v uint32) []byte { return be16(uint16(v)) }
	case "inet_proto", "icmp_type":
		return func(v uint32) []byte { return []byte{byte(v)} }
	case "mark":
		return func(v uint32) []byte { return binaryutil.NativeEndian.PutUint32(v) }
	}
	return be32
}

// verdicts adds the elements of a set of verdicts.
func (e *encoder) verdicts(s *Set) error {
	if s.Kind != Verdicts {
		return nil
	}
	key := keyOctets(s.Key)
	interval := s.interval()
	elems := make([]nftables.SetElement, 0, chunk)
	for i := range s.Verdicts {
		v := &s.Verdicts[i]
		x, err := e.stmt(v.Do)
		if err != nil {
			return err
		}
		verdict, ok := x[0].(*expr.Verdict)
		if !ok {
			return fmt.Errorf("%T is no verdict", v.Do)
		}
		elems = append(elems, nftables.SetElement{Key: key(v.Lo), VerdictData: verdict})
		if interval && s.end(i) {
			elems = append(elems, nftables.SetElement{Key: key(v.Hi + 1), IntervalEnd: true})
		}
		if len(elems)+2 > chunk || i == len(s.Verdicts)-1 {
			if err := e.w.elements(e.sets[s.Name], elems); err != nil {
				return err
			}
			elems = elems[:0]
		}
	}
	return nil
}

// intervals encodes ranges as the kernel wants them: a start, and an end that is outside.
func intervals(ranges []Range, key func(uint32) []byte) []nftables.SetElement {
	var out []nftables.SetElement
	for _, r := range ranges {
		out = append(out, nftables.SetElement{Key: key(r.Lo)})
		if end := key(r.Hi + 1); binary.BigEndian.Uint32(append(make([]byte, 4-len(end)), end...)) != 0 {
			out = append(out, nftables.SetElement{Key: end, IntervalEnd: true})
		}
	}
	return out
}
