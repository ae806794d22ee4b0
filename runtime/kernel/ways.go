package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// A way is one entry of the kernel's that leads to the far end of tunnels: a route by a twin, or the answer to who asks by ARP for the
// address of a client.
type way struct {
	link int // index of the device
	net  ast.Net
	arp  bool
}

func (w way) String() string {
	if w.arp {
		return fmt.Sprintf("answer of device %d for %v", w.link, w.net.IP)
	}
	return fmt.Sprintf("route to %v by device %d", w.net, w.link)
}

// ways are the entries of the kernel that lead to tunnels. Several may need the same one.
type ways struct {
	ns     *space
	tx     *socket // nil until it is needed
	needed map[way]int
}

func newWays(ns *space) *ways { return &ways{ns: ns, needed: map[way]int{}} }

// add makes entries for one more who needs them. All are there afterwards, or with an error what was.
func (w *ways) add(list []way) error {
	var fresh []way
	for _, x := range list {
		if w.needed[x]++; w.needed[x] == 1 {
			fresh = append(fresh, x)
		}
	}
	if err := w.change(false, fresh); err != nil {
		return errors.Join(err, w.remove(list))
	}
	return nil
}

// remove takes entries away that nobody else needs.
func (w *ways) remove(list []way) error {
	var gone []way
	for _, x := range list {
		if w.needed[x]--; w.needed[x] <= 0 {
			delete(w.needed, x)
			gone = append(gone, x)
		}
	}
	return w.change(true, gone)
}

// become makes the entries those of a list, in which one may stand several times. What is there already is made again, because the
// kernel takes routes away with addresses. An error leaves those of before.
func (w *ways) become(list []way) error {
	next := map[way]int{}
	var add, fresh, gone []way
	for _, x := range list {
		if next[x]++; next[x] > 1 {
			continue
		}
		if add = append(add, x); w.needed[x] == 0 {
			fresh = append(fresh, x)
		}
	}
	for x := range w.needed {
		if next[x] == 0 {
			gone = append(gone, x)
		}
	}
	if err := errors.Join(w.change(true, gone), w.change(false, add)); err != nil {
		return errors.Join(err, w.change(true, fresh), w.change(false, gone))
	}
	w.needed = next
	return nil
}

// wayBatch is how many changes are sent at a time: of each that fails there is an answer.
const wayBatch = 256

// change adds entries or takes them away. One that is there already, or gone, is as it should be.
func (w *ways) change(del bool, list []way) error {
	var errs []error
	for len(list) > 0 {
		n := min(len(list), wayBatch)
		if err := w.send(del, list[:n]); err != nil {
			errs = append(errs, err)
		}
		list = list[n:]
	}
	return errors.Join(errs...)
}

func (w *ways) send(del bool, list []way) error {
	if w.tx == nil {
		tx, err := w.ns.openFamily(unix.NETLINK_ROUTE, 0, 1<<20)
		if err != nil {
			return err
		}
		if err := tx.brief(); err != nil {
			return errors.Join(err, tx.close())
		}
		w.tx = tx
	}
	b := make([]byte, 0, 64*len(list))
	for i, x := range list {
		b = x.append(b, del, i == len(list)-1, uint32(i))
	}
	err := w.tx.send(b)
	var refused []error
	for done := false; err == nil && !done; {
		var reply []byte
		if reply, err = w.tx.reply(); err != nil {
			break
		}
		answers(reply, func(seq uint32, errno unix.Errno) {
			done = done || seq == uint32(len(list)-1)
			if errno != 0 && seq < uint32(len(list)) && !settled(del, errno) {
				refused = append(refused, fmt.Errorf("%v: %w", list[seq], errno))
			}
		})
	}
	if err != nil { // answers may still be on the way
		err = errors.Join(fmt.Errorf("netlink: %w", err), w.tx.close())
		w.tx = nil
	}
	return errors.Join(append(refused, err)...)
}

// settled reports whether a refusal says that there is nothing to do.
func settled(del bool, errno unix.Errno) bool {
	if del {
		return errno == unix.ESRCH || errno == unix.ENODEV || errno == unix.ENOENT
	}
	return errno == unix.EEXIST
}

// answers hands the sequence number and the error of each acknowledgement to fn.
func answers(b []byte, fn func(seq uint32, errno unix.Errno)) {
	messages(b, func(typ uint16, data []byte) {
		if typ == unix.NLMSG_ERROR && len(data) >= 20 { // the error, and the header of what it answers
			fn(binary.NativeEndian.Uint32(data[12:]), unix.Errno(-int32(binary.NativeEndian.Uint32(data))))
		}
	})
}

// append appends the message that adds an entry or takes it away. With ack it is answered in any case, else only if it fails.
func (x way) append(b []byte, del, ack bool, seq uint32) []byte {
	start := len(b)
	typ, flags := uint16(unix.RTM_NEWROUTE), uint16(unix.NLM_F_REQUEST)
	if x.arp {
		typ = unix.RTM_NEWNEIGH
	}
	if del {
		typ++ // RTM_DELROUTE, RTM_DELNEIGH
	} else {
		flags |= unix.NLM_F_CREATE | unix.NLM_F_EXCL
	}
	if ack {
		flags |= unix.NLM_F_ACK
	}
	native := binary.NativeEndian
	b = native.AppendUint32(b, 0) // the length, in the end
	b = native.AppendUint16(native.AppendUint16(b, typ), flags)
	b = native.AppendUint32(native.AppendUint32(b, seq), 0)
	ip := binary.BigEndian.AppendUint32(nil, uint32(x.net.IP&x.net.Mask))
	index := native.AppendUint32(nil, uint32(x.link))
	if x.arp {
		b = append(append(b, unix.AF_INET, 0, 0, 0), index...)
		b = append(b, 0, 0, unix.NTF_PROXY, 0) // state, flags, type
		b = attribute(b, unix.NDA_DST, ip)
	} else {
		b = append(b, unix.AF_INET, byte(x.net.Mask.Bits()), 0, 0, unix.RT_TABLE_UNSPEC, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST)
		b = native.AppendUint32(b, 0) // flags
		b = attribute(b, unix.RTA_DST, ip)
		b = attribute(b, unix.RTA_OIF, index)
		b = attribute(b, unix.RTA_TABLE, native.AppendUint32(nil, tunnelTable))
	}
	native.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func (w *ways) close() error {
	if w.tx == nil {
		return nil
	}
	return w.tx.close()
}

// toRemote are the entries that lead to a remote, as far as the plan has its interface: by the twin, whose index twins has by interface.
// Of a client they are a route to its address, and answers where the address is of the network of an interface.
func toRemote(plan *compiler.Plan, links, twins map[int]netlink.Link, r *Remote) (out []way) {
	i := plan.IfByName(r.If)
	if i == compiler.None || twins[i] == nil {
		return nil
	}
	twin := twins[i].Attrs().Index
	if !r.Client {
		for _, n := range nft.RoutedNets(plan, i, r.Net) {
			out = append(out, way{link: twin, net: n})
		}
		return out
	}
	out = append(out, way{link: twin, net: r.Net})
	for k := range plan.Interfaces {
		f, link := &plan.Interfaces[k], links[k]
		if link == nil || f.Shutdown || !f.ProxyARP || !f.HasAddress() || !f.Net.Contains(r.Net.IP) {
			continue
		}
		out = append(out, way{link: link.Attrs().Index, net: r.Net, arp: true})
	}
	return out
}

// allWays are the entries of a plan: those to networks of crypto maps, and to remotes.
func allWays(plan *compiler.Plan, links, twins map[int]netlink.Link, remotes []Remote) (out []way) {
	for i := range plan.Interfaces {
		if twins[i] == nil {
			continue
		}
		for _, n := range nft.TunnelNets(plan, i) {
			out = append(out, way{link: twins[i].Attrs().Index, net: n})
		}
	}
	for i := range remotes {
		out = append(out, toRemote(plan, links, twins, &remotes[i])...)
	}
	return slices.Clip(out)
}
