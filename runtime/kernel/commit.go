package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

const nftMessage = unix.NFNL_SUBSYS_NFTABLES << 8

func (s *space) dial() (*netlink.Conn, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: s.fd})
	if err != nil {
		return nil, err
	}
	// Best effort: without it errors are only less well explained.
	_ = c.SetOption(netlink.ExtendedAcknowledge, true)
	return c, nil
}

// commit sends a batch as one transaction. The error names the configuration line of the message that was refused.
func (s *space) commit(b *nft.Batch) error {
	if len(b.Messages) == 0 {
		return nil
	}
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	size := 0
	for _, m := range b.Messages {
		size += 20 + len(m.Data)
	}
	// One sendmsg holds the whole batch; each message of a failing batch is reported with a copy of itself.
	if err := c.SetWriteBuffer(max(size*5/4, 1<<20)); err != nil {
		return err
	}
	if err := c.SetReadBuffer(max(size*8, 8<<20)); err != nil {
		return err
	}
	frame := func(typ uint16) netlink.Message {
		return netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request},
			Data: []byte{0, 0, 0, unix.NFNL_SUBSYS_NFTABLES}}
	}
	all := make([]netlink.Message, 0, len(b.Messages)+2)
	all = append(append(append(all, frame(unix.NFNL_MSG_BATCH_BEGIN)), b.Messages...), frame(unix.NFNL_MSG_BATCH_END))
	all[len(all)-2].Header.Flags |= netlink.Acknowledge
	sent, err := c.SendMessages(all)
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	_, err = c.Receive()
	if err == nil {
		return nil
	}
	var op *netlink.OpError
	if errors.As(err, &op) && op.Sequence != 0 {
		for i := range sent {
			if k := i - 1; sent[i].Header.Sequence == op.Sequence && k >= 0 && k < len(b.What) {
				return &RuleError{Line: b.Lines[k].Pos.Line, Text: b.Lines[k].Text(), What: b.What[k], Err: err}
			}
		}
	}
	return fmt.Errorf("nftables: %w", err)
}

// RuleError is a refusal of the kernel, with what it refused and the configuration line that it comes from.
type RuleError struct {
	Line int32 // 0: of no single line
	Text string
	What string
	Err  error
}

func (e *RuleError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("the kernel refused a %s: %v", e.What, e.Err)
	}
	return fmt.Sprintf("line %d: %s: the kernel refused a %s: %v", e.Line, e.Text, e.What, e.Err)
}

func (e *RuleError) Unwrap() error { return e.Err }

// A rule in force, as far as the engine reads it back.
type loaded struct {
	chain   string
	packets uint64
	ace     nft.ACE
}

// rules reads all rules of the table in one dump.
func (s *space) rules() ([]loaded, error) {
	var out []loaded
	err := s.dump(unix.NFT_MSG_GETRULE, []netlink.Attribute{{Type: unix.NFTA_RULE_TABLE, Data: []byte(nft.Table + "\x00")}}, func(data []byte) error {
		ad, err := netlink.NewAttributeDecoder(data)
		if err != nil {
			return err
		}
		var r loaded
		table := ""
		for ad.Next() {
			switch ad.Type() {
			case unix.NFTA_RULE_TABLE:
				table = ad.String()
			case unix.NFTA_RULE_CHAIN:
				r.chain = ad.String()
			case unix.NFTA_RULE_USERDATA:
				r.ace = aceOf(ad.Bytes())
			case unix.NFTA_RULE_EXPRESSIONS:
				r.packets = counterOf(ad.Bytes())
			}
		}
		if table == nft.Table {
			out = append(out, r)
		}
		return ad.Err()
	})
	return out, err
}

// aceOf reads the identity of an entry from the user data of its rule.
func aceOf(b []byte) nft.ACE {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		v := b[2 : 2+int(b[1])]
		if userdata.Type(b[0]) == nft.UserACE && len(v) == 8 {
			return nft.ACE{Is: true, ACL: int(int32(binary.BigEndian.Uint32(v))), Entry: int(int32(binary.BigEndian.Uint32(v[4:])))}
		}
		b = b[2+len(v):]
	}
	return nft.ACE{}
}

// counterOf is the packets of the first counter of a rule's expressions.
func counterOf(b []byte) (packets uint64) {
	list, err := netlink.UnmarshalAttributes(b)
	if err != nil {
		return 0
	}
	for _, e := range list {
		x, err := netlink.UnmarshalAttributes(e.Data)
		if err != nil {
			return 0
		}
		name := ""
		for _, a := range x {
			switch a.Type &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER) {
			case unix.NFTA_EXPR_NAME:
				name = string(a.Data)
			case unix.NFTA_EXPR_DATA:
				if name != "counter\x00" {
					continue
				}
				fields, err := netlink.UnmarshalAttributes(a.Data)
				if err != nil {
					return 0
				}
				for _, f := range fields {
					if f.Type == unix.NFTA_COUNTER_PACKETS && len(f.Data) == 8 {
						return binary.BigEndian.Uint64(f.Data)
					}
				}
			}
		}
	}
	return 0
}

// elements counts the elements of a set as the kernel keeps them.
func (s *space) elements(set string) (int, error) {
	n := 0
	err := s.dump(unix.NFT_MSG_GETSETELEM, []netlink.Attribute{
		{Type: unix.NFTA_SET_ELEM_LIST_TABLE, Data: []byte(nft.Table + "\x00")},
		{Type: unix.NFTA_SET_ELEM_LIST_SET, Data: []byte(set + "\x00")}}, func(data []byte) error {
		attrs, err := netlink.UnmarshalAttributes(data)
		if err != nil {
			return err
		}
		for _, a := range attrs {
			if a.Type&^unix.NLA_F_NESTED == unix.NFTA_SET_ELEM_LIST_ELEMENTS {
				elems, err := netlink.UnmarshalAttributes(a.Data)
				if err != nil {
					return err
				}
				n += len(elems)
			}
		}
		return nil
	})
	return n, err
}

func (s *space) dump(typ uint16, filter []netlink.Attribute, each func([]byte) error) error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetReadBuffer(8 << 20); err != nil {
		return err
	}
	attrs, err := netlink.MarshalAttributes(filter)
	if err != nil {
		return err
	}
	msgs, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(nftMessage | typ), Flags: netlink.Request | netlink.Dump},
		Data:   append([]byte{unix.NFPROTO_IPV4, unix.NFNETLINK_V0, 0, 0}, attrs...)})
	if err != nil {
		return err
	}
	for _, m := range msgs {
		if len(m.Data) < 4 {
			continue
		}
		if err := each(m.Data[4:]); err != nil {
			return err
		}
	}
	return nil
}

// verify reads back what was loaded and compares the counts with the model: a list that is too long is cut in silence.
func (s *space) verify(rs *nft.Ruleset) error {
	rules, err := s.rules()
	if err != nil {
		return fmt.Errorf("read rules back: %w", err)
	}
	got := map[string]int{}
	for _, r := range rules {
		got[r.chain]++
	}
	for i := range rs.Chains {
		if c := &rs.Chains[i]; got[c.Name] != len(c.Rules) {
			return fmt.Errorf("chain %s has %d rules in the kernel, %d were loaded", c.Name, got[c.Name], len(c.Rules))
		}
	}
	for i := range rs.Sets {
		want := rs.Sets[i].Elements()
		if want == 0 {
			continue
		}
		n, err := s.elements(rs.Sets[i].Name)
		if err != nil {
			return fmt.Errorf("read set %s back: %w", rs.Sets[i].Name, err)
		}
		if n != want {
			return fmt.Errorf("set %s has %d elements in the kernel, %d were loaded", rs.Sets[i].Name, n, want)
		}
	}
	return nil
}
