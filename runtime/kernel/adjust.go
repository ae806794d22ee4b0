package kernel

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// What conntrack knows of how the numbers of a TCP connection have moved, because a payload has become longer or shorter on its way: it
// corrects what follows. It has room for that only where a helper was assigned when the connection was translated.
const (
	ctSeqAdjOrig = 15 // and the other direction after it

	seqAdjAt     = 1 // numbers behind this one are moved by after, others by before
	seqAdjBefore = 2
	seqAdjAfter  = 3
)

// An adjustment is that of one direction.
type adjustment struct {
	at            uint32
	before, after int32
}

func (a adjustment) attribute(dir int) []byte {
	be := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	in := attribute(attribute(attribute(nil, seqAdjAt, be(a.at)), seqAdjBefore, be(uint32(a.before))), seqAdjAfter, be(uint32(a.after)))
	return attribute(nil, uint16(ctSeqAdjOrig+dir)|unix.NLA_F_NESTED, in)
}

// adjust has conntrack move the numbers of one direction from now on. It is false where there is no room for it.
func (d *dynamic) adjust(f *flow, dir int, a adjustment) bool {
	ok := false
	err := d.conntrack("adjust sequence numbers", func(c *socket) error {
		b := begin(nil, ctNew, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_INET, 0)
		b = attribute(b, ctTupleOrig|unix.NLA_F_NESTED, f.orig.attributes())
		b = append(b, a.attribute(dir)...)
		if err := c.request(end(b, 0)); err != nil {
			return err
		}
		got, found, err := c.flow(ctTupleOrig, &f.orig)
		ok = found && got.id == f.id && got.adjusted[dir] == a
		return err
	})
	return err == nil && ok
}

// unhelped takes the helper off a connection that has one for nothing but the room that comes with it.
func (d *dynamic) unhelped(f *flow) error {
	return d.conntrack("take a helper off", func(c *socket) error {
		b := begin(nil, ctNew, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_INET, 0)
		b = attribute(b, ctTupleOrig|unix.NLA_F_NESTED, f.orig.attributes())
		b = attribute(b, ctHelp|unix.NLA_F_NESTED, attribute(nil, 1, []byte("\x00")))
		return c.request(end(b, 0))
	})
}
