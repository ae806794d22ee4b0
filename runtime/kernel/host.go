package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

// A hostState is what the host's own devices and settings were before the engine took them. It is kept in a file from
// before the first change until everything is as it was, so that the engine which follows one that died knows it as well.
type hostState struct {
	path    string
	Devices []hostDevice      `json:"devices"`
	Sysctls map[string]string `json:"sysctls"`
	Order   []string          `json:"order"` // of the settings, as they were made
}

type hostDevice struct {
	Name   string      `json:"name"`
	Up     bool        `json:"up"`
	MTU    int         `json:"mtu"`
	Addrs  []hostAddr  `json:"addresses"`
	Routes []hostRoute `json:"routes"`          // of the main table; those that come with an address are left out
	Proxy  []net.IP    `json:"proxy,omitempty"` // addresses for which ARP is answered one by one
}

type hostAddr struct {
	Net       string `json:"net"`
	Peer      string `json:"peer,omitempty"`
	Label     string `json:"label,omitempty"`
	Broadcast net.IP `json:"broadcast,omitempty"`
	Scope     int    `json:"scope"`
	Valid     int    `json:"valid,omitempty"` // seconds that were left
	Preferred int    `json:"preferred,omitempty"`
}

type hostRoute struct {
	Dst      string `json:"dst,omitempty"` // empty: default
	Gateway  net.IP `json:"gateway,omitempty"`
	Src      net.IP `json:"src,omitempty"`
	Metric   int    `json:"metric,omitempty"`
	Scope    int    `json:"scope,omitempty"`
	Protocol int    `json:"protocol,omitempty"`
	Type     int    `json:"type,omitempty"`
	MTU      int    `json:"mtu,omitempty"`
	Flags    int    `json:"flags,omitempty"`
}

// takeHost reads the state of the devices, or what an engine before this one has kept of it.
func (e *Engine) takeHost(path string) error {
	h := &hostState{path: path, Sysctls: map[string]string{}}
	switch text, err := os.ReadFile(path); {
	case err == nil:
		if err := json.Unmarshal(text, h); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		e.before, e.beforeOrder = h.Sysctls, h.Order
		if e.before == nil {
			e.before = map[string]string{}
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for _, name := range sortedDevices(e.opts.Devices) {
		if slices.ContainsFunc(h.Devices, func(d hostDevice) bool { return d.Name == name }) {
			continue
		}
		d, err := e.readDevice(name)
		if err != nil {
			return err
		}
		h.Devices = append(h.Devices, d)
	}
	for i := range h.Devices {
		e.mtu[h.Devices[i].Name] = h.Devices[i].MTU
	}
	e.host = h
	return e.keepHost()
}

func sortedDevices(m map[string]string) []string {
	var out []string
	for _, name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keepHost writes the state down. It must be on the disk before what it describes is changed.
func (e *Engine) keepHost() error {
	e.host.Sysctls, e.host.Order = e.before, e.beforeOrder
	text, err := json.MarshalIndent(e.host, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(e.host.path), ".host-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), e.host.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (e *Engine) readDevice(name string) (hostDevice, error) {
	link, err := e.nl.LinkByName(name)
	if err != nil {
		return hostDevice{}, fmt.Errorf("device %s: %w", name, err)
	}
	d := hostDevice{Name: name, Up: link.Attrs().Flags&net.FlagUp != 0, MTU: link.Attrs().MTU}
	addrs, err := e.nl.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return d, fmt.Errorf("addresses of %s: %w", name, err)
	}
	for _, a := range addrs {
		h := hostAddr{Net: a.IPNet.String(), Label: a.Label, Broadcast: a.Broadcast, Scope: a.Scope, Valid: a.ValidLft, Preferred: a.PreferedLft}
		if a.Peer != nil && a.Peer.String() != h.Net {
			h.Peer = a.Peer.String()
		}
		if h.Valid < 0 || uint32(h.Valid) == 1<<32-1 { // for ever
			h.Valid, h.Preferred = 0, 0
		}
		d.Addrs = append(d.Addrs, h)
	}
	routes, err := e.deviceRoutes(link, unix.RT_TABLE_MAIN)
	if err != nil {
		return d, err
	}
	for _, r := range routes {
		if r.Protocol == unix.RTPROT_KERNEL {
			continue
		}
		h := hostRoute{Gateway: r.Gw, Src: r.Src, Metric: r.Priority, Scope: int(r.Scope), Protocol: int(r.Protocol), Type: r.Type, MTU: r.MTU, Flags: r.Flags & unix.RTNH_F_ONLINK}
		if r.Dst != nil {
			h.Dst = r.Dst.String()
		}
		d.Routes = append(d.Routes, h)
	}
	proxies, err := e.proxies(link)
	for _, n := range proxies {
		d.Proxy = append(d.Proxy, n.IP)
	}
	return d, err
}

// proxies are the addresses for which ARP is answered on a device.
func (e *Engine) proxies(link netlink.Link) ([]netlink.Neigh, error) {
	list, err := e.nl.NeighProxyList(link.Attrs().Index, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("proxy neighbours of %s: %w", link.Attrs().Name, err)
	}
	return list, nil
}

// clearRules takes the rules off the host that an engine has made for tunnels, and the items do not bring: one that died has left them.
func (e *Engine) clearRules(want []item) error {
	list, err := e.nl.RuleList(netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	for i := range list {
		r := &list[i]
		ours := r.Table == tunnelTable || r.Mask != nil && *r.Mask == nft.MarkMask && (r.Mark == nft.MarkTunnel || r.Mark == nft.MarkClear)
		if !ours || r.Priority < tunnelRule || r.Priority > tunnelRule+2 || slices.ContainsFunc(want, func(it item) bool { return it.key == ruleKey(r) }) {
			continue
		}
		if err := e.nl.RuleDel(r); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("take rule %d off: %w", r.Priority, err)
		}
	}
	return nil
}

func (e *Engine) deviceRoutes(link netlink.Link, table int) ([]netlink.Route, error) {
	routes, err := e.nl.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{LinkIndex: link.Attrs().Index, Table: table},
		netlink.RT_FILTER_OIF|netlink.RT_FILTER_TABLE)
	if err != nil {
		return nil, fmt.Errorf("routes of %s: %w", link.Attrs().Name, err)
	}
	return routes, nil
}

// clearDevices takes everything off the devices that the items do not bring: what the host had there, and what an engine that
// died has left. What stays was never away, so that traffic which passes goes on.
func (e *Engine) clearDevices(links map[int]netlink.Link, want []item) error {
	for _, i := range slices.Sorted(maps.Keys(links)) {
		link := links[i]
		name := link.Attrs().Name
		routes, err := e.deviceRoutes(link, unix.RT_TABLE_UNSPEC) // of all tables
		if err != nil {
			return err
		}
		for _, r := range routes {
			if !ourTable(r.Table) && r.Table != unix.RT_TABLE_MAIN && r.Table != unix.RT_TABLE_LOCAL {
				continue
			}
			if r.Protocol == unix.RTPROT_KERNEL || slices.ContainsFunc(want, func(it item) bool { return it.route != nil && sameRoute(it.route, &r) }) {
				continue
			}
			if err := e.nl.RouteDel(&r); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("take route %s off %s: %w", r.Dst, name, err)
			}
		}
		proxies, err := e.proxies(link)
		if err != nil {
			return err
		}
		for _, n := range proxies { // who is behind a tunnel is not known yet
			n.LinkIndex, n.Flags, n.Family = link.Attrs().Index, netlink.NTF_PROXY, netlink.FAMILY_V4
			if err := e.nl.NeighDel(&n); err != nil && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("take the answer for %s off %s: %w", n.IP, name, err)
			}
		}
		addrs, err := e.nl.AddrList(link, netlink.FAMILY_V4)
		if err != nil {
			return fmt.Errorf("addresses of %s: %w", name, err)
		}
		for _, a := range addrs {
			if slices.ContainsFunc(want, func(it item) bool {
				return it.addr != nil && it.addr.LinkIndex == link.Attrs().Index && it.addr.IPNet.String() == a.IPNet.String()
			}) {
				continue
			}
			if err := e.nl.AddrDel(link, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
				return fmt.Errorf("take address %s off %s: %w", a.IPNet, name, err)
			}
		}
	}
	return nil
}

// sameRoute reports whether a route that is there is the one wanted.
func sameRoute(want, is *netlink.Route) bool {
	table := max(want.Table, unix.RT_TABLE_UNSPEC)
	if table == unix.RT_TABLE_UNSPEC {
		table = unix.RT_TABLE_MAIN
	}
	return want.LinkIndex == is.LinkIndex && table == is.Table && want.Priority == is.Priority && want.Gw.Equal(is.Gw) &&
		(want.Dst == nil && is.Dst == nil || want.Dst != nil && is.Dst != nil && want.Dst.String() == is.Dst.String())
}

// returnHost gives the devices back as they were. A device that is gone needs nothing.
func (e *Engine) returnHost() error {
	errs := []error{e.clearRules(nil)}
	for _, d := range e.host.Devices {
		link, err := e.nl.LinkByName(d.Name)
		if errors.As(err, new(netlink.LinkNotFoundError)) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("device %s: %w", d.Name, err))
			continue
		}
		errs = append(errs, e.clearDevices(map[int]netlink.Link{0: link}, nil))
		if err := e.returnDevice(link, &d); err != nil {
			errs = append(errs, fmt.Errorf("device %s: %w", d.Name, err))
		}
	}
	errs = append(errs, e.clearPaths())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the host is not as it was (%s says how it was): %w", e.host.path, err)
	}
	return os.Remove(e.host.path)
}

func (e *Engine) returnDevice(link netlink.Link, d *hostDevice) error {
	var errs []error
	if link.Attrs().MTU != d.MTU {
		errs = append(errs, e.nl.LinkSetMTU(link, d.MTU))
	}
	for _, h := range d.Addrs {
		ipnet, err := parseIPNet(h.Net)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if h.Broadcast == nil {
			h.Broadcast = net.IPv4zero // else the library makes one
		}
		a := &netlink.Addr{IPNet: ipnet, Label: h.Label, Broadcast: h.Broadcast, Scope: h.Scope, ValidLft: h.Valid, PreferedLft: h.Preferred}
		if h.Peer != "" {
			if a.Peer, err = parseIPNet(h.Peer); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		if err := e.nl.AddrReplace(link, a); err != nil {
			errs = append(errs, fmt.Errorf("address %s: %w", h.Net, err))
		}
	}
	if d.Up {
		errs = append(errs, e.nl.LinkSetUp(link))
	} else {
		errs = append(errs, e.nl.LinkSetDown(link)) // which takes routes and proxies along
	}
	for _, ip := range d.Proxy {
		n := &netlink.Neigh{LinkIndex: link.Attrs().Index, Family: netlink.FAMILY_V4, Flags: netlink.NTF_PROXY, IP: ip}
		if err := e.nl.NeighSet(n); err != nil {
			errs = append(errs, fmt.Errorf("answer for %s: %w", ip, err))
		}
	}
	if !d.Up {
		return errors.Join(errs...)
	}
	// Routes on the link come before those through a gateway that they reach.
	for _, gateway := range []bool{false, true} {
		for _, h := range d.Routes {
			if (len(h.Gateway) > 0) != gateway {
				continue
			}
			r := &netlink.Route{LinkIndex: link.Attrs().Index, Gw: h.Gateway, Src: h.Src, Priority: h.Metric, Scope: netlink.Scope(h.Scope),
				Protocol: netlink.RouteProtocol(h.Protocol), Type: h.Type, MTU: h.MTU, Flags: h.Flags, Table: unix.RT_TABLE_MAIN}
			dst := h.Dst
			if dst == "" {
				dst = "0.0.0.0/0"
			}
			var err error
			if r.Dst, err = parseIPNet(dst); err == nil {
				err = e.nl.RouteReplace(r)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("route %s: %w", dst, err))
			}
		}
	}
	return errors.Join(errs...)
}

func parseIPNet(s string) (*net.IPNet, error) {
	ip, n, err := net.ParseCIDR(s)
	if err != nil {
		return nil, err
	}
	return &net.IPNet{IP: ip, Mask: n.Mask}, nil
}
