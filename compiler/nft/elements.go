package nft

import (
	"encoding/binary"
	"time"

	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"github.com/google/nftables/xt"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
)

// Change is the messages that add elements to a LiveMap of the table, or delete them, without the frame of a batch. Comments are those of
// elements that are added.
func Change(del bool, set string, pairs [][2]ast.IP, comments map[ast.IP]string) []netlink.Message {
	var out []netlink.Message
	for len(pairs) > 0 {
		n := min(len(pairs), chunk)
		out = append(out, change(del, set, pairs[:n], comments))
		pairs = pairs[n:]
	}
	return out
}

func change(del bool, set string, pairs [][2]ast.IP, comments map[ast.IP]string) netlink.Message {
	return changeElements(del, set, len(pairs), func(b []byte, k int) []byte {
		b = value(b, unix.NFTA_SET_ELEM_KEY, pairs[k][0])
		if del {
			return b
		}
		b = value(b, unix.NFTA_SET_ELEM_DATA, pairs[k][1])
		if text := comments[pairs[k][0]]; text != "" {
			b = attribute(b, unix.NFTA_SET_ELEM_USERDATA, userdata.AppendString(nil, userdata.NFTNL_UDATA_SET_ELEM_COMMENT, text))
		}
		return b
	})
}

// changeElements is the message that adds n elements to a set, or deletes them; elem appends the attributes of one.
func changeElements(del bool, set string, n int, elem func(b []byte, k int) []byte) netlink.Message {
	typ, flags := unix.NFT_MSG_NEWSETELEM, netlink.Request|netlink.Create
	if del {
		typ, flags = unix.NFT_MSG_DELSETELEM, netlink.Request
	}
	b := append(make([]byte, 0, 64+n*40), unix.NFPROTO_IPV4, unix.NFNETLINK_V0, 0, 0)
	b = text(b, unix.NFTA_SET_ELEM_LIST_TABLE, Table)
	b = text(b, unix.NFTA_SET_ELEM_LIST_SET, set)
	b, list := open(b, unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	for k := range n {
		var one int
		b, one = open(b, unix.NFTA_LIST_ELEM)
		b = elem(b, k)
		shut(b, one)
	}
	shut(b, list)
	return netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | typ), Flags: flags}, Data: b}
}

// key is a member as the key of an element.
func (m *Member) key(kind SetKind) []byte {
	switch kind {
	case LivePairs:
		return append(be32(uint32(m.IP)), be32(uint32(m.To))...)
	case LiveProtos:
		return []byte{byte(m.IP)}
	case LiveDoors, DoorMap:
		b := append(be32(uint32(m.IP)), be32(uint32(m.To))...)
		return append(append(append(b, m.Door.Proto, 0, 0, 0), be16(m.Door.Port)...), 0, 0)
	}
	return be32(uint32(m.IP))
}

// value is what a DoorMap has for a member.
func (m *Member) value() []byte {
	return append(append(be32(uint32(m.Door.Real)), be16(m.Door.RealPort)...), 0, 0)
}

// ChangeMembers is the messages that add members to a set or map that the daemon fills, or delete them. One that is there already
// gets its new time.
func ChangeMembers(del bool, set string, kind SetKind, members []Member) []netlink.Message {
	var out []netlink.Message
	for len(members) > 0 {
		n := min(len(members), chunk)
		out = append(out, changeElements(del, set, n, func(b []byte, k int) []byte {
			m := &members[k]
			if b = data(b, unix.NFTA_SET_ELEM_KEY, m.key(kind)); del {
				return b
			}
			if kind == DoorMap {
				b = data(b, unix.NFTA_SET_ELEM_DATA, m.value())
			}
			return lasting(b, m.For)
		}))
		members = members[n:]
	}
	return out
}

// lasting appends how long an element is there; zero: for ever.
func lasting(b []byte, life time.Duration) []byte {
	if life <= 0 {
		return b
	}
	ms := binary.BigEndian.AppendUint64(nil, uint64(life.Milliseconds()))
	return attribute(attribute(b, unix.NFTA_SET_ELEM_TIMEOUT, ms), unix.NFTA_SET_ELEM_EXPIRATION, ms)
}

// attribute appends a netlink attribute, whose length does not count the padding.
func attribute(b []byte, typ uint16, data []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(data)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// value appends an address as key or data of an element.
func value(b []byte, typ uint16, ip ast.IP) []byte {
	b = binary.NativeEndian.AppendUint16(b, 12)
	b = binary.NativeEndian.AppendUint16(b, typ|unix.NLA_F_NESTED)
	b = binary.NativeEndian.AppendUint16(b, 8)
	b = binary.NativeEndian.AppendUint16(b, unix.NFTA_DATA_VALUE)
	return binary.BigEndian.AppendUint32(b, uint32(ip))
}

// CompatQueue is the queue as a target of xtables.
func CompatQueue(num uint16, bypass bool) expr.Any {
	flags := uint16(0)
	if bypass {
		flags = 1
	}
	b := binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, num), 1) // one queue
	info := xt.Unknown(append(binary.NativeEndian.AppendUint16(b, flags), 0, 0))
	return &expr.Target{Name: "NFQUEUE", Rev: 3, Info: &info}
}
