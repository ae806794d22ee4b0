package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// answered ends the connection of a DNS answer that was the last one it waited for (semantics.md 1.3), unless something has been
// asked meanwhile. Its end is told of by the event.
func (d *dynamic) answered(p *runtime.Packet) error {
	return d.conntrack("end a DNS connection", func(c *socket) error {
		k := tuple{proto: p.Proto, src: p.Src, dst: p.Dst, sport: p.SrcPort, dport: p.DstPort}
		f, found, err := c.flow(ctTupleReply, &k)
		if err != nil || !found || !f.ours() || f.mark&nft.MarkQueries != 0 {
			return err
		}
		b := begin(nil, ctDelete, unix.NLM_F_REQUEST|unix.NLM_F_ACK, unix.AF_INET, 0)
		b = attribute(b, ctTupleReply|unix.NLA_F_NESTED, k.attributes())
		return c.request(end(attribute(b, ctID, binary.BigEndian.AppendUint32(nil, f.id)), 0))
	})
}

// conntrack does something with the socket to conntrack. What is not there any more is no error.
func (d *dynamic) conntrack(what string, fn func(*socket) error) error {
	d.ctMu.Lock()
	defer d.ctMu.Unlock()
	if d.ct == nil {
		c, err := d.ns.openSocket(0, 1<<20)
		if err != nil {
			return err
		}
		d.ct = c
	}
	err := fn(d.ct)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	// What is left to be read belongs to no other request.
	err = errors.Join(fmt.Errorf("%s: %w", what, err), d.ct.close())
	d.ct = nil
	return err
}

// flow reads the entry of conntrack that has the tuple as its first packets (ctTupleOrig) or its answers (ctTupleReply).
func (c *socket) flow(which uint16, k *tuple) (f flow, found bool, err error) {
	b := begin(nil, ctGet, unix.NLM_F_REQUEST, unix.AF_INET, 0)
	b = attribute(b, which|unix.NLA_F_NESTED, k.attributes())
	if err := c.send(end(b, 0)); err != nil {
		return f, false, err
	}
	if err := c.f.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return f, false, err
	}
	buf := make([]byte, 8192)
	for done := false; !done; {
		n, err := c.receive(buf, true)
		if err != nil {
			return f, false, err
		}
		var failed error
		messages(buf[:n], func(typ uint16, data []byte) {
			switch typ {
			case ctNew:
				f, found = parseFlow(data)
				done = true
			case unix.NLMSG_ERROR:
				done = true
				if len(data) >= 4 {
					if code := int32(binary.NativeEndian.Uint32(data)); code != 0 && unix.Errno(-code) != unix.ENOENT {
						failed = unix.Errno(-code)
					}
				}
			}
		})
		if failed != nil {
			return f, false, failed
		}
	}
	return f, found, nil
}

// outOfPlace reports whether a segment that has arrived on interface in belongs to a connection there that conntrack has, and has taken it
// for none of: it does not fit the state, or the window. The rules see such a segment as they see one without a connection.
func (d *dynamic) outOfPlace(in int, p *runtime.Packet) bool {
	k := tuple{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort}
	var f flow
	found := false
	err := d.conntrack("look for a connection", func(c *socket) (err error) {
		f, found, err = c.flow(ctTupleOrig, &k) // the kernel looks for it in both directions
		return err
	})
	if err != nil {
		d.bounds.note(err.Error())
	}
	if !found || !f.ours() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plan == nil {
		return false
	}
	a, b := between(d.plan, d.rules, d.live.clients, &f)
	return k == f.orig && in == a || k == f.reply && in == b
}

// attributes are a tuple for conntrack.
func (t *tuple) attributes() []byte {
	be := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	ip := attribute(attribute(nil, 1, be(uint32(t.src))), 2, be(uint32(t.dst)))
	proto := attribute(nil, 1, []byte{t.proto})
	switch t.proto {
	case ast.ProtoICMP:
		proto = attribute(proto, 4, binary.BigEndian.AppendUint16(nil, t.sport))
		proto = attribute(attribute(proto, 5, []byte{8}), 6, []byte{0})
	default:
		proto = attribute(proto, 2, binary.BigEndian.AppendUint16(nil, t.sport))
		proto = attribute(proto, 3, binary.BigEndian.AppendUint16(nil, t.dport))
	}
	return attribute(attribute(nil, 1|unix.NLA_F_NESTED, ip), 2|unix.NLA_F_NESTED, proto)
}

// keepQueries brings the DNS queries that wait into a ruleset: their answers may come after it.
func (s *space) keepQueries(rs *nft.Ruleset) error {
	for i := range rs.Sets {
		set := &rs.Sets[i]
		if set.Kind != nft.Queries {
			continue
		}
		set.Keys = nil
		err := s.dumps(func(c *socket) error {
			_, err := c.elements(set.Name, func(key []byte, _ uint64) {
				if len(key) == 16 {
					set.Keys = append(set.Keys, append([]byte(nil), key...))
				}
			})
			return err
		})
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("read DNS queries: %w", err)
		}
	}
	return nil
}
