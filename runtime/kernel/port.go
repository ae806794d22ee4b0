package kernel

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/runtime"
)

var (
	_ runtime.Wired       = (*Engine)(nil)
	_ runtime.HostClearer = (*Engine)(nil)
	_ runtime.FlowLogger  = (*Engine)(nil)
)

// device is what is under an interface of the plan in force.
func (e *Engine) device(i int) (netlink.Link, bool) {
	plan := e.Plan()
	if plan == nil || i < 0 || i >= len(plan.Interfaces) {
		return nil, false
	}
	name := e.opts.Devices[plan.Interfaces[i].Hardware]
	if name == "" {
		return nil, false
	}
	link, err := e.nl.LinkByName(name)
	return link, err == nil
}

// Port is that of runtime.Wired.
func (e *Engine) Port(i int) (runtime.Port, bool) {
	link, ok := e.device(i)
	if !ok {
		return runtime.Port{}, false
	}
	a := link.Attrs()
	p := runtime.Port{MAC: a.HardwareAddr, Carrier: a.RawFlags&unix.IFF_RUNNING != 0}
	if c := a.Statistics; c != nil {
		p.Faults = runtime.PortFaults{Multicasts: c.Multicast, InErrors: c.RxErrors, CRC: c.RxCrcErrors, Frame: c.RxFrameErrors, Overrun: c.RxOverErrors + c.RxFifoErrors,
			NoBuffer: c.RxDropped + c.RxMissedErrors, OutErrors: c.TxErrors, Underruns: c.TxFifoErrors, Collisions: c.Collisions, Late: c.TxWindowErrors,
			NoCarrier: c.TxCarrierErrors}
	}
	return p, true
}

// known are the states of a neighbour in which its hardware address is known.
const known = unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE | unix.NUD_PERMANENT

// Neighbours is that of runtime.Wired: what the kernel knows on the devices of interfaces, and for whom it answers there.
func (e *Engine) Neighbours() ([]runtime.Neighbour, error) {
	plan := e.Plan()
	if plan == nil {
		return nil, nil
	}
	var out []runtime.Neighbour
	for i := range plan.Interfaces {
		link, ok := e.device(i)
		if !ok {
			continue
		}
		index := link.Attrs().Index
		list, err := e.nl.NeighList(index, unix.AF_INET)
		if err != nil {
			return nil, err
		}
		proxies, err := e.nl.NeighProxyList(index, unix.AF_INET)
		if err != nil {
			return nil, err
		}
		add := func(n *netlink.Neigh, alias bool) {
			a, ok := netip.AddrFromSlice(n.IP)
			if !ok {
				return
			}
			ip, ok := ast.ParseIP(a.Unmap().String())
			if !ok {
				return
			}
			mac := n.HardwareAddr
			if alias {
				mac = link.Attrs().HardwareAddr
			}
			out = append(out, runtime.Neighbour{If: i, IP: ip, MAC: mac, Alias: alias})
		}
		for j := range list {
			if n := &list[j]; n.State&known != 0 && len(n.HardwareAddr) == 6 {
				add(n, false)
			}
		}
		for j := range proxies {
			add(&proxies[j], true)
		}
	}
	slices.SortFunc(out, func(a, b runtime.Neighbour) int { return cmp.Or(cmp.Compare(a.If, b.If), cmp.Compare(a.IP, b.IP)) })
	return out, nil
}

// LogFlows is that of runtime.FlowLogger.
func (e *Engine) LogFlows() (total, denied int) {
	d := e.dyn
	d.mu.Lock()
	defer d.mu.Unlock()
	permitted, denied := d.entries.Len()
	return permitted + denied, denied
}

// ClearHost is that of runtime.HostClearer.
func (e *Engine) ClearHost(ip ast.IP) error {
	return e.dyn.clear("Xlate Clear", func(x *xlate) bool { return x.key.real == ip },
		func(f *flow) bool { return f.orig.src == ip || f.reply.src == ip })
}
