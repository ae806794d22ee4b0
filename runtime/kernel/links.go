package kernel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// An item is one thing that Apply brings to the host and Close takes away. Its key tells whether two Plans want the same.
type item struct {
	key  string
	line compiler.Line
	add  func(*netlink.Handle) error
	del  func(*netlink.Handle) error

	addr  *netlink.Addr // what it brings, where it is one of these: with LinkIndex
	route *netlink.Route

	while mappedKey // it goes when nothing is translated to that address any more; zero: with the plan
}

func (e *Engine) ipnet(n ast.Net) *net.IPNet {
	return &net.IPNet{IP: toIP(n.IP), Mask: net.IPMask(toIP(n.Mask))}
}

func toIP(ip ast.IP) net.IP {
	return net.IP{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}
}

// wanted are the addresses, links, neighbour answers and routes of a plan, in the order of adding.
func (e *Engine) wanted(plan *compiler.Plan, links map[int]netlink.Link) []item {
	var out []item
	for i := range plan.Interfaces {
		f, link := &plan.Interfaces[i], links[i]
		if link == nil {
			continue
		}
		name := link.Attrs().Name
		if f.Shutdown {
			out = append(out, item{key: "down " + name, line: f.Line, add: func(h *netlink.Handle) error { return h.LinkSetDown(link) }})
			continue
		}
		if f.MTU > 0 && f.MTU != e.mtu[name] {
			was := e.mtu[name]
			out = append(out, item{key: fmt.Sprint("mtu ", name, f.MTU), line: f.Line,
				add: func(h *netlink.Handle) error { return h.LinkSetMTU(link, f.MTU) },
				del: func(h *netlink.Handle) error { return h.LinkSetMTU(link, was) }})
		}
		if f.HasAddress() {
			addr := &netlink.Addr{IPNet: e.ipnet(f.Net), LinkIndex: link.Attrs().Index}
			if f.Net.Mask < ast.MaskOf(31) { // one of two hosts has no broadcast address
				addr.Broadcast = toIP(f.Broadcast())
			}
			out = append(out, item{addr: addr, key: fmt.Sprint("address ", name, " ", f.Net), line: f.AddrLine,
				add: func(h *netlink.Handle) error { return h.AddrAdd(link, addr) },
				del: func(h *netlink.Handle) error { return h.AddrDel(link, addr) }})
		}
		out = append(out, item{key: "up " + name, line: f.Line, add: func(h *netlink.Handle) error { return h.LinkSetUp(link) }})
	}
	route := func(key string, line compiler.Line, r *netlink.Route) {
		out = append(out, item{key: key, line: line, route: r,
			add: func(h *netlink.Handle) error { return h.RouteAdd(r) },
			del: func(h *netlink.Handle) error { return h.RouteDel(r) }})
	}
	for i := range plan.Routes {
		r := &plan.Routes[i]
		link := links[r.If]
		if _, down := plan.Interfaces[r.If].DownBy(); r.Connected || link == nil || down {
			continue // without an address on the device the kernel has no gateway there
		}
		route(fmt.Sprint("route ", link.Attrs().Name, " ", r.Net, " ", r.Gateway, " ", r.Metric), r.Line,
			&netlink.Route{LinkIndex: link.Attrs().Index, Dst: e.ipnet(r.Net), Gw: toIP(r.Gateway), Priority: r.Metric, Protocol: unix.RTPROT_STATIC})
	}
	for i := range plan.ARP {
		a := &plan.ARP[i]
		link := links[a.If]
		if link == nil || plan.Interfaces[a.If].Shutdown {
			continue
		}
		neigh := &netlink.Neigh{LinkIndex: link.Attrs().Index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT, IP: toIP(a.IP), HardwareAddr: a.MAC[:]}
		out = append(out, item{key: fmt.Sprintf("neighbour %s %v %x", link.Attrs().Name, a.IP, a.MAC), line: a.Line,
			add: func(h *netlink.Handle) error { return h.NeighSet(neigh) },
			del: func(h *netlink.Handle) error { return h.NeighDel(neigh) }})
	}
	// Mapped addresses of the interface's subnet are made local, so that the kernel answers ARP for them. Packets to them
	// that no translation takes end in the input chain, which drops them.
	seen := map[string]bool{}
	mapped, live := e.mapped(plan)
	for k := range mapped {
		m := &mapped[k]
		f, link := &plan.Interfaces[m.If], links[m.If]
		if link == nil || f.Shutdown || !f.HasAddress() || !m.Answers(f) || m.Has(f.Net.IP) {
			continue
		}
		key := fmt.Sprint("arp ", link.Attrs().Name, " ", m.Net)
		if seen[key] {
			continue
		}
		seen[key] = true
		route(key, m.Line, &netlink.Route{LinkIndex: link.Attrs().Index, Dst: e.ipnet(m.Net), Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL,
			Scope: netlink.SCOPE_HOST, Protocol: unix.RTPROT_STATIC})
		if k >= live {
			out[len(out)-1].while = mappedKey{m.If, m.Net.IP}
		}
	}
	return out
}

// change brings the host from the items that are there to those wanted. On an error it goes back. file is that of their lines.
func (e *Engine) change(want []item, file string) error {
	wanted, ours := map[string]bool{}, map[string]bool{}
	for _, it := range want {
		wanted[it.key] = true
	}
	for _, it := range slices.Backward(e.items) {
		switch {
		case it.del == nil:
		case wanted[it.key]:
			ours[it.key] = true
		default:
			_ = it.del(e.nl) // what is gone already, such as the routes of an address, is no error
		}
	}
	have := make([]item, 0, len(want))
	for _, it := range want {
		// What is there is added again as well, because removing an address takes routes with it.
		switch err := it.add(e.nl); {
		case errors.Is(err, unix.EEXIST):
			if !ours[it.key] && e.host == nil {
				it.del = nil // the host's own: it stays
			}
		case err != nil:
			for _, new := range slices.Backward(have) {
				if new.del != nil && !ours[new.key] {
					_ = new.del(e.nl)
				}
			}
			for _, old := range e.items {
				_ = old.add(e.nl)
			}
			return fmt.Errorf("%s: %s: %w", it.line.Place(file), it.key, err)
		}
		have = append(have, it)
	}
	e.items = have
	return nil
}

// sysctl sets what the rules rely on, and remembers what was there before the first Apply.
func (e *Engine) sysctl(list []nft.Sysctl) error {
	return e.ns.do(func() error {
		for _, s := range list {
			path := sysctlPath(s.Key)
			was, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Key, err)
			}
			if strings.TrimSpace(string(was)) == s.Value {
				continue
			}
			if _, known := e.before[s.Key]; !known {
				e.before[s.Key] = strings.TrimSpace(string(was))
				e.beforeOrder = append(e.beforeOrder, s.Key)
				if e.host != nil {
					if err := e.keepHost(); err != nil {
						return err
					}
				}
			}
			if err := os.WriteFile(path, []byte(s.Value), 0); err != nil {
				return fmt.Errorf("%s = %s: %w", s.Key, s.Value, err)
			}
		}
		return nil
	})
}

func sysctlPath(key string) string { return "/proc/sys/" + strings.ReplaceAll(key, ".", "/") }

// restore takes away everything that Apply has brought.
func (e *Engine) restore() error {
	var errs []error
	for _, it := range slices.Backward(e.items) {
		if it.del == nil {
			continue
		}
		switch err := it.del(e.nl); {
		case err == nil, errors.Is(err, unix.ESRCH), errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOENT):
		default:
			errs = append(errs, fmt.Errorf("%s: %w", it.key, err))
		}
	}
	e.items = nil
	errs = append(errs, e.ns.do(func() error {
		for _, k := range slices.Backward(e.beforeOrder) {
			// A device may be gone with its settings.
			if err := os.WriteFile(sysctlPath(k), []byte(e.before[k]), 0); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
		return nil
	}))
	return errors.Join(errs...)
}
