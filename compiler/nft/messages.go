package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
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
func (r *Ruleset) Batch() (*Batch, error) {
	w, err := newWire()
	if err != nil {
		return nil, err
	}
	if err = r.encode(w); err != nil {
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

func (r *Ruleset) encode(w *wire) error {
	c := w.c
	e := &encoder{c: c, w: w, sets: map[string]*nftables.Set{}}
	t := &nftables.Table{Name: Table, Family: nftables.TableFamilyIPv4}
	c.AddTable(t)
	c.DelTable(t)
	e.t = c.AddTable(t)
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
	case LiveAddrs, LivePairs:
		set.HasTimeout, set.Size = true, dynamicSize
		if s.Kind == LivePairs {
			t, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr)
			if err != nil {
				return err
			}
			set.KeyType, set.Concatenation = t, true
		}
		for _, m := range s.Members {
			key := be32(uint32(m.IP))
			if s.Kind == LivePairs {
				key = append(key, be32(uint32(m.To))...)
			}
			elems = append(elems, nftables.SetElement{Key: key, Timeout: m.For})
		}
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
			set.Size = dynamicSize
		}
		set.IsMap, set.DataType = true, nftables.TypeIPAddr
		for _, p := range s.Pairs {
			elems = append(elems, nftables.SetElement{Key: be32(uint32(p[0])), Val: be32(uint32(p[1]))})
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

// rule is what a rule does. The memory of the answer serves again.
func (e *encoder) rule(r *Rule) ([]expr.Any, error) {
	out := e.exprs[:0]
	for i := 0; i < len(r.Match); i++ {
		if i+1 < len(r.Match) && r.Match[i].Field == Sport && r.Match[i].single() && r.Match[i+1].Field == Dport && r.Match[i+1].single() {
			// Both ports at once, as nft does it.
			ports := &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Len: 4}
			out = append(out, ports, r.Match[i].cmp(be32(r.Match[i].Values[0].Lo<<16|r.Match[i+1].Values[0].Lo)))
			i++
			continue
		}
		x, err := e.match(&r.Match[i])
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	for _, s := range r.Do {
		x, err := e.stmt(s)
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	e.exprs = out
	return out, nil
}

func payload(base expr.PayloadBase, offset, n uint32) *expr.Payload {
	return &expr.Payload{DestRegister: 1, Base: base, Offset: offset, Len: n}
}

func (e *encoder) match(m *Match) ([]expr.Any, error) {
	const network, transport = expr.PayloadBaseNetworkHeader, expr.PayloadBaseTransportHeader
	be8 := func(v uint32) []byte { return []byte{byte(v)} }
	be16 := func(v uint32) []byte { return be16(uint16(v)) }
	native := func(v uint32) []byte { return binaryutil.NativeEndian.PutUint32(v) }
	switch m.Field {
	case Iif, Oif:
		key := expr.MetaKeyIIFNAME
		if m.Field == Oif {
			key = expr.MetaKeyOIFNAME
		}
		name := make([]byte, 16)
		if copy(name, m.Name) > 15 {
			return nil, fmt.Errorf("device name %q is too long", m.Name)
		}
		return []expr.Any{&expr.Meta{Key: key, Register: 1}, m.cmp(name)}, nil
	case Saddr:
		return e.values(m, payload(network, 12, 4), nftables.TypeIPAddr, be32)
	case Daddr:
		return e.values(m, payload(network, 16, 4), nftables.TypeIPAddr, be32)
	case SaddrDaddr:
		set := e.sets[m.Set]
		if set == nil {
			return nil, fmt.Errorf("no set %s", m.Set)
		}
		src, dst := payload(network, 12, 4), payload(network, 16, 4)
		src.DestRegister, dst.DestRegister = unix.NFT_REG32_00, unix.NFT_REG32_01
		return []expr.Any{src, dst, &expr.Lookup{SourceRegister: unix.NFT_REG32_00, SetID: set.ID, SetName: set.Name, Invert: m.Not}}, nil
	case QuotedSaddr:
		return e.values(m, payload(network, quotedSaddr, 4), nftables.TypeIPAddr, be32)
	case QuotedDaddr:
		return e.values(m, payload(network, quotedDaddr, 4), nftables.TypeIPAddr, be32)
	case LiveDaddr:
		set := e.sets[m.Set]
		if set == nil {
			return nil, fmt.Errorf("no map %s", m.Set)
		}
		real, err := e.values(&Match{Values: m.Values, Not: m.Not}, &expr.Lookup{SourceRegister: 1, DestRegister: 1, IsDestRegSet: true, SetID: set.ID, SetName: set.Name},
			nftables.TypeIPAddr, be32)
		return append([]expr.Any{payload(network, 16, 4)}, real...), err
	case OrigSaddr:
		return e.values(m, &expr.Ct{Key: ctSaddr, Register: 1}, nftables.TypeIPAddr, be32)
	case OrigDaddr:
		return e.values(m, &expr.Ct{Key: ctDaddr, Register: 1}, nftables.TypeIPAddr, be32)
	case OrigDport:
		return e.values(m, &expr.Ct{Key: expr.CtKeyPROTODST, Register: 1}, nftables.TypeInetService, be16)
	case L4Proto:
		return e.values(m, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, nftables.TypeInetProto, be8)
	case Sport:
		return e.values(m, payload(transport, 0, 2), nftables.TypeInetService, be16)
	case Dport:
		return e.values(m, payload(transport, 2, 2), nftables.TypeInetService, be16)
	case ICMPType:
		return e.values(m, payload(transport, 0, 1), nftables.TypeICMPType, be8)
	case TCPFlags:
		return []expr.Any{payload(transport, 13, 1), mask(be8(m.Mask)), m.cmp(be8(m.Values[0].Lo))}, nil
	case CtState, CtStatus:
		key := expr.CtKeySTATE
		if m.Field == CtStatus {
			key = expr.CtKeySTATUS
		}
		op := expr.CmpOpNeq
		if m.Not {
			op = expr.CmpOpEq
		}
		return []expr.Any{&expr.Ct{Key: key, Register: 1}, mask(native(m.Mask)),
			&expr.Cmp{Op: op, Register: 1, Data: make([]byte, 4)}}, nil
	case CtReply:
		dir := uint32(1)
		if m.Not {
			dir = 0
		}
		return []expr.Any{&expr.Ct{Key: expr.CtKeyDIRECTION, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: be8(dir)}}, nil
	case CtMark:
		out := []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1}}
		if m.Mask != 0 {
			out = append(out, mask(native(m.Mask)))
		}
		return append(out, m.cmp(native(m.Values[0].Lo))), nil
	case PacketMark:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, mask(native(m.Mask)), m.cmp(native(m.Values[0].Lo))}, nil
	case PacketMarkOver:
		// The mark is in the order of the host, which must be that of its octets to be compared.
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
			&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
			&expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be32(m.Values[0].Lo)}}, nil
	case IsFragment:
		return []expr.Any{payload(network, 6, 2), mask(be16(0x3fff)), &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 2)}}, nil
	case QueryOf, AskedBefore:
		set := e.sets[m.Set]
		if set == nil {
			return nil, fmt.Errorf("no set %s", m.Set)
		}
		return append(queryKey(m.Field == QueryOf), &expr.Lookup{SourceRegister: 1, SetID: set.ID, SetName: set.Name, Invert: m.Not}), nil
	case FirstOption:
		return e.values(m, payload(network, 20, 1), nftables.TypeInetProto, be8)
	case HdrLen:
		return []expr.Any{payload(network, 0, 1), mask(be8(0x0f)), &expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be8(m.Values[0].Lo)}}, nil
	case NoRoute:
		return []expr.Any{&expr.Fib{Register: 1, ResultOIF: true, FlagSADDR: true, FlagIIF: true}, m.cmp(make([]byte, 4))}, nil
	case UDPLenOver:
		return []expr.Any{payload(transport, 4, 2), &expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be16(m.Values[0].Lo)}}, nil
	case MSSOver:
		return []expr.Any{&expr.Exthdr{DestRegister: 1, Type: 2, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt},
			&expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: be16(m.Values[0].Lo)}}, nil
	}
	return nil, fmt.Errorf("unknown field %d", m.Field)
}

// load brings a field that sets of verdicts are asked for into the first register.
func (e *encoder) load(f Field) (expr.Any, error) {
	const network, transport = expr.PayloadBaseNetworkHeader, expr.PayloadBaseTransportHeader
	switch f {
	case Saddr:
		return payload(network, 12, 4), nil
	case Daddr:
		return payload(network, 16, 4), nil
	case L4Proto:
		return &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, nil
	case Sport:
		return payload(transport, 0, 2), nil
	case Dport:
		return payload(transport, 2, 2), nil
	case ICMPType:
		return payload(transport, 0, 1), nil
	case PacketMark:
		return &expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, nil
	}
	return nil, fmt.Errorf("field %d leads nowhere", f)
}

// single reports whether a match is for one value.
func (m *Match) single() bool {
	return !m.Not && m.Set == "" && len(m.Values) == 1 && m.Values[0].Lo == m.Values[0].Hi
}

func (m *Match) cmp(data []byte) *expr.Cmp {
	op := expr.CmpOpEq
	if m.Not {
		op = expr.CmpOpNeq
	}
	return &expr.Cmp{Op: op, Register: 1, Data: data}
}

func mask(m []byte) *expr.Bitwise {
	return &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: uint32(len(m)), Mask: m, Xor: make([]byte, len(m))}
}

// values compares a loaded field with a set, one value, one range or an anonymous set.
func (e *encoder) values(m *Match, load expr.Any, typ nftables.SetDatatype, key func(uint32) []byte) ([]expr.Any, error) {
	out := []expr.Any{load}
	lookup := func(set *nftables.Set) []expr.Any {
		return append(out, &expr.Lookup{SourceRegister: 1, SetID: set.ID, SetName: set.Name, Invert: m.Not})
	}
	if m.Set != "" {
		set := e.sets[m.Set]
		if set == nil {
			return nil, fmt.Errorf("no set %s", m.Set)
		}
		return lookup(set), nil
	}
	if len(m.Values) == 0 {
		return nil, errors.New("match without values")
	}
	if m.Mask != 0 {
		return append(out, mask(key(m.Mask)), m.cmp(key(m.Values[0].Lo))), nil
	}
	if len(m.Values) == 1 {
		r := m.Values[0]
		if r.Lo == r.Hi {
			return append(out, m.cmp(key(r.Lo))), nil
		}
		if n, ok := r.prefix(); ok && typ == nftables.TypeIPAddr {
			return append(out, mask(key(uint32(ast.MaskOf(n)))), m.cmp(key(r.Lo))), nil
		}
		if m.Not {
			return append(out, &expr.Range{Op: expr.CmpOpNeq, Register: 1, FromData: key(r.Lo), ToData: key(r.Hi)}), nil
		}
		return append(out, &expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: key(r.Lo)}, &expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: key(r.Hi)}), nil
	}
	if len(m.Values) > chunk {
		return nil, errors.New("too many values for one rule")
	}
	set := &nftables.Set{Table: e.t, Anonymous: true, Constant: true, KeyType: typ}
	var elems []nftables.SetElement
	for _, r := range m.Values {
		set.Interval = set.Interval || r.Lo != r.Hi
	}
	if set.Interval {
		elems = intervals(m.Values, key)
	} else {
		for _, r := range m.Values {
			elems = append(elems, nftables.SetElement{Key: key(r.Lo)})
		}
	}
	if err := e.c.AddSet(set, elems); err != nil {
		return nil, err
	}
	return lookup(set), nil
}

func (e *encoder) stmt(s Stmt) ([]expr.Any, error) {
	verdict := func(kind expr.VerdictKind, chain string) ([]expr.Any, error) {
		return []expr.Any{&expr.Verdict{Kind: kind, Chain: chain}}, nil
	}
	native := func(v uint32) []byte { return binaryutil.NativeEndian.PutUint32(v) }
	switch s := s.(type) {
	case Counter:
		return []expr.Any{&expr.Counter{}}, nil
	case Log:
		return []expr.Any{&expr.Log{Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX, Group: LogGroup,
			Data: []byte(quoted(s.Prefix, maxPrefix))}}, nil
	case SetMark:
		return []expr.Any{&expr.Immediate{Register: 1, Data: native(s.Mark)},
			&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}}, nil
	case Update:
		set := e.sets[s.Set]
		if set == nil {
			return nil, fmt.Errorf("no set %s", s.Set)
		}
		offset := uint32(12)
		if s.Dst {
			offset = 16
		}
		return []expr.Any{payload(expr.PayloadBaseNetworkHeader, offset, 4),
			&expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: uint32(unix.NFT_DYNSET_OP_UPDATE)}}, nil
	case Rewrite:
		return e.rewrite(s)
	case MarkPacket:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(^s.Bits), Xor: native(s.Bits)},
			&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case SetPacketMark:
		return []expr.Any{&expr.Immediate{Register: 1, Data: native(s.Mark)}, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case TakeMark:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, &expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true},
			&expr.Immediate{Register: 1, Data: native(0)}, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}, nil
	case SynProxy:
		return []expr.Any{Synproxy()}, nil
	case NoTrack:
		return []expr.Any{&expr.Notrack{}}, nil
	case AddMark:
		return []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(^s.Bits), Xor: native(s.Bits)},
			&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}}, nil
	case ClearMark:
		return []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: native(^s.Bits), Xor: native(0)},
			&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}}, nil
	case Ask:
		return e.query(s.Set, false, unix.NFT_DYNSET_OP_UPDATE)
	case Answer:
		return e.query(s.Set, true, dynsetDelete)
	case ToQueue:
		if s.Compat {
			return []expr.Any{CompatQueue(s.Num, s.Bypass)}, nil
		}
		q := &expr.Queue{Num: s.Num, Total: 1}
		if s.Bypass {
			q.Flag = expr.QueueFlagBypass
		}
		return []expr.Any{q}, nil
	case Limit:
		set := e.sets[s.Set]
		if set == nil {
			return nil, fmt.Errorf("no set %s", s.Set)
		}
		offset := uint32(12)
		if s.Dst {
			offset = 16
		}
		return []expr.Any{payload(expr.PayloadBaseNetworkHeader, offset, 4),
			&expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: uint32(unix.NFT_DYNSET_OP_ADD),
				Exprs: []expr.Any{&expr.Connlimit{Count: s.Over, Flags: expr.NFT_CONNLIMIT_F_INV}}}}, nil
	case SetMSS:
		return []expr.Any{&expr.Immediate{Register: 1, Data: be16(s.Size)},
			&expr.Exthdr{SourceRegister: 1, Type: 2, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt}}, nil
	case Dispatch:
		set := e.sets[s.Set]
		if set == nil {
			return nil, fmt.Errorf("no set %s", s.Set)
		}
		load, err := e.load(s.Field)
		if err != nil {
			return nil, err
		}
		return []expr.Any{load, &expr.Lookup{SourceRegister: 1, DestRegister: 0, IsDestRegSet: true, SetID: set.ID, SetName: set.Name}}, nil
	case SetHelper:
		return []expr.Any{&expr.Objref{Type: int(nftables.ObjTypeCtHelper), Name: s.Name}}, nil
	case NAT:
		return e.nat(s)
	case Accept:
		return verdict(expr.VerdictAccept, "")
	case Reset:
		return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}, nil
	case Drop:
		return verdict(expr.VerdictDrop, "")
	case Return:
		return verdict(expr.VerdictReturn, "")
	case Jump:
		return verdict(expr.VerdictJump, s.Chain)
	case Goto:
		return verdict(expr.VerdictGoto, s.Chain)
	}
	return nil, fmt.Errorf("unknown statement %T", s)
}

// Where the addresses of the packet are that an ICMP error quotes, and its header's checksum. Options were dropped.
const quotedSaddr, quotedDaddr, quotedSum = 40, 44, 38

// rewrite changes an address, and the checksums that depend on it. That of an ICMP error does not: the quoted header, with its own
// checksum, adds up to the same.
func (e *encoder) rewrite(s Rewrite) ([]expr.Any, error) {
	offset, sum, flags := uint32(12), uint32(10), uint32(1) // NFT_PAYLOAD_L4CSUM_PSEUDOHDR
	switch s.Field {
	case Daddr:
		offset = 16
	case QuotedSaddr:
		offset, sum, flags = quotedSaddr, quotedSum, 0
	case QuotedDaddr:
		offset, sum, flags = quotedDaddr, quotedSum, 0
	}
	write := &expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4,
		CsumType: expr.CsumTypeInet, CsumOffset: sum, CsumFlags: flags}
	load := payload(expr.PayloadBaseNetworkHeader, offset, 4)
	switch {
	case s.Map != "":
		set := e.sets[s.Map]
		if set == nil {
			return nil, fmt.Errorf("no map %s", s.Map)
		}
		return []expr.Any{load, &expr.Lookup{SourceRegister: 1, DestRegister: 1, IsDestRegSet: true, SetID: set.ID, SetName: set.Name}, write}, nil
	case s.To.Mask == ast.AllOnes:
		return []expr.Any{&expr.Immediate{Register: 1, Data: be32(uint32(s.To.IP))}, write}, nil
	}
	return []expr.Any{load, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: be32(uint32(^s.To.Mask)), Xor: be32(uint32(s.To.IP & s.To.Mask))}, write}, nil
}

func (e *encoder) nat(s NAT) ([]expr.Any, error) {
	nat := &expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, Persistent: s.Persistent, Prefix: s.Prefix}
	offset := uint32(12)
	if s.Dst {
		nat.Type, offset = expr.NATTypeDestNAT, 16
	}
	if s.Map != "" {
		set := e.sets[s.Map]
		if set == nil {
			return nil, fmt.Errorf("no map %s", s.Map)
		}
		return []expr.Any{payload(expr.PayloadBaseNetworkHeader, offset, 4),
			&expr.Lookup{SourceRegister: 1, DestRegister: 1, IsDestRegSet: true, SetID: set.ID, SetName: set.Name}, nat}, nil
	}
	out := []expr.Any{&expr.Immediate{Register: 1, Data: be32(uint32(s.First))}}
	if s.Last != s.First || s.Prefix {
		out = append(out, &expr.Immediate{Register: 2, Data: be32(uint32(s.Last))})
		nat.RegAddrMax = 2
	}
	if s.PortLo != 0 {
		nat.Specified = true
		out = append(out, &expr.Immediate{Register: 3, Data: be16(s.PortLo)})
		nat.RegProtoMin = 3
		if s.PortHi != s.PortLo {
			out = append(out, &expr.Immediate{Register: 4, Data: be16(s.PortHi)})
			nat.RegProtoMax = 4
		}
	}
	return append(out, nat), nil
}
