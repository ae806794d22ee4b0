package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

// check reads back what was loaded and compares it: a list that is too long would be cut in silence, and others may change the table.
func (s *space) check(b *nft.Batch, rs *nft.Ruleset) error {
	if err := s.verify(rs); err != nil {
		return err
	}
	return s.readback(b, rs)
}

// readback compares the rules and elements that the kernel has with those that were sent, the elements of all sets, and rules: of
// long lists, whose numbers verify has compared, the first readRules.
func (s *space) readback(b *nft.Batch, rs *nft.Ruleset) error {
	sent := map[string][]int{} // rules of each chain, as messages
	var order []string
	elems := map[string]map[string]int{}
	total := 0
	for i := range b.Messages {
		m := &b.Messages[i]
		switch uint16(m.Header.Type) & 0xff {
		case unix.NFT_MSG_NEWRULE:
			name := string(attributeOf(m.Data[4:], unix.NFTA_RULE_CHAIN))
			if sent[name] == nil {
				order = append(order, name)
			}
			sent[name] = append(sent[name], i)
			total++
		case unix.NFT_MSG_NEWSETELEM:
			name := string(text(attributeOf(m.Data[4:], unix.NFTA_SET_ELEM_LIST_SET)))
			if elems[name] == nil {
				elems[name] = map[string]int{}
			}
			attributes(attributeOf(m.Data[4:], unix.NFTA_SET_ELEM_LIST_ELEMENTS), func(_ uint16, elem []byte) { elems[name][element(elem)]++ })
		}
	}
	return s.dumps(func(c *socket) error {
		var err error
		wrong := func(k int) {
			if err == nil {
				line, what := b.Cause(k)
				err = &RuleError{Line: line.Pos.Line, Text: line.Text(), What: what, Err: errOther}
			}
		}
		next := map[string]int{}
		take := func(rule []byte) {
			name := string(attributeOf(rule, unix.NFTA_RULE_CHAIN))
			if string(text(attributeOf(rule, unix.NFTA_RULE_TABLE))) != nft.Table {
				return
			}
			if n := next[name]; n < len(sent[name]) {
				k := sent[name][n]
				m := b.Messages[k].Data[4:]
				if !bytes.Equal(attributeOf(m, unix.NFTA_RULE_USERDATA), attributeOf(rule, unix.NFTA_RULE_USERDATA)) ||
					!sameExpressions(attributeOf(m, unix.NFTA_RULE_EXPRESSIONS), attributeOf(rule, unix.NFTA_RULE_EXPRESSIONS)) {
					wrong(k)
				}
			}
			next[name]++
		}
		table := attribute(nil, unix.NFTA_RULE_TABLE, []byte(nft.Table+"\x00"))
		if total <= readRules {
			if e := c.dump(unix.NFT_MSG_GETRULE, take, table); e != nil {
				return e
			}
		} else {
			for read, i := 0, 0; i < len(order) && read < readRules; i++ {
				if len(sent[order[i]]) > readRules {
					continue // the kernel begins each part of a dump at the first rule of all
				}
				if e := c.dump(unix.NFT_MSG_GETRULE, take, attribute(table[:len(table):len(table)], unix.NFTA_RULE_CHAIN, []byte(order[i]))); e != nil {
					return e
				}
				read += len(sent[order[i]])
			}
		}
		for i := range rs.Sets {
			name := rs.Sets[i].Name
			if rs.Sets[i].Elements() == 0 || err != nil {
				continue
			}
			want := elems[name]
			n, bad := 0, false
			if e := c.eachElement(name, func(elem []byte) {
				n++
				k := element(elem)
				want[k]--
				bad = bad || want[k] < 0
			}); e != nil {
				return fmt.Errorf("read set %s back: %w", name, e)
			}
			switch {
			case n != rs.Sets[i].Elements():
				return fmt.Errorf("set %s has %d elements in the kernel, %d were loaded", name, n, rs.Sets[i].Elements())
			case bad:
				return fmt.Errorf("set %s: %w", name, errOther)
			}
		}
		return err
	})
}

const readRules = 5000

var errOther = fmt.Errorf("what the kernel has is not what was loaded")

// attributeOf is the first attribute of a type.
func attributeOf(b []byte, want uint16) (out []byte) {
	found := false
	attributes(b, func(typ uint16, data []byte) {
		if typ == want && !found {
			out, found = data, true
		}
	})
	return out
}

// element is what tells elements apart: key, flags, and what they lead to.
func element(b []byte) string {
	var out []byte
	for _, typ := range [...]uint16{unix.NFTA_SET_ELEM_KEY, unix.NFTA_SET_ELEM_FLAGS, unix.NFTA_SET_ELEM_DATA} {
		data := attributeOf(b, typ)
		switch typ {
		case unix.NFTA_SET_ELEM_FLAGS:
			out = append(out, byte(be32(data)))
		default:
			out = append(out, attributeOf(data, unix.NFTA_DATA_VALUE)...)
			v := attributeOf(data, unix.NFTA_DATA_VERDICT)
			out = append(out, attributeOf(v, unix.NFTA_VERDICT_CODE)...)
			out = append(out, attributeOf(v, unix.NFTA_VERDICT_CHAIN)...)
		}
		out = append(out, 0)
	}
	return string(out)
}

// sameExpressions reports whether the kernel's expressions are those that were sent, as far as those say something: of counters what
// they have counted, ids within the batch, and names of sets without one are its own.
func sameExpressions(sent, has []byte) bool {
	var a, b [][]byte
	attributes(sent, func(_ uint16, data []byte) { a = append(a, data) })
	attributes(has, func(_ uint16, data []byte) { b = append(b, data) })
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		name := string(text(attributeOf(a[i], unix.NFTA_EXPR_NAME)))
		if name != string(text(attributeOf(b[i], unix.NFTA_EXPR_NAME))) {
			return false
		}
		if name != "counter" && !sameData(name, attributeOf(a[i], unix.NFTA_EXPR_DATA), attributeOf(b[i], unix.NFTA_EXPR_DATA)) {
			return false
		}
	}
	return true
}

// sameData reports whether each attribute that was sent is there with its value.
func sameData(name string, sent, has []byte) bool {
	for len(sent) >= 4 {
		n := int(binary.NativeEndian.Uint16(sent))
		typ := binary.NativeEndian.Uint16(sent[2:])
		if n < 4 || n > len(sent) {
			return false
		}
		data := sent[4:n]
		sent = sent[min((n+3)&^3, len(sent)):]
		nested := typ&unix.NLA_F_NESTED != 0
		typ &^= unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER
		switch {
		case name == "lookup" && typ == unix.NFTA_LOOKUP_SET_ID, name == "dynset" && typ == unix.NFTA_DYNSET_SET_ID,
			name == "lookup" && typ == unix.NFTA_LOOKUP_SET && bytes.HasPrefix(data, []byte("__set")):
			continue
		}
		got := attributeOf(has, typ)
		switch {
		case name == "dynset" && typ == unix.NFTA_DYNSET_EXPR: // an expression of each element
			if !bytes.Equal(text(attributeOf(data, unix.NFTA_EXPR_NAME)), text(attributeOf(got, unix.NFTA_EXPR_NAME))) ||
				!sameData("", attributeOf(data, unix.NFTA_EXPR_DATA), attributeOf(got, unix.NFTA_EXPR_DATA)) {
				return false
			}
		case name == "reject" && typ == unix.NFTA_REJECT_ICMP_CODE && got == nil: // a TCP reset has none
		case name == "nat" && typ == unix.NFTA_NAT_FLAGS: // the kernel says which registers it uses
			if be32(data)&^be32(got) != 0 {
				return false
			}
		case nested:
			if !sameData(name, data, got) {
				return false
			}
		case bytes.Equal(data, got), name == "objref" && bytes.Equal(text(data), text(got)):
		case register(name, typ) && be32(data) >= unix.NFT_REG32_00 && be32(data)%4 == 0 && be32(got) == be32(data)/4-1: // it has two names
		default:
			return false
		}
	}
	return true
}

// register reports whether an attribute of an expression names a register.
func register(name string, typ uint16) bool {
	switch name {
	case "payload":
		return typ == unix.NFTA_PAYLOAD_DREG
	case "lookup":
		return typ == unix.NFTA_LOOKUP_SREG
	case "dynset":
		return typ == unix.NFTA_DYNSET_SREG_KEY
	}
	return false
}
