package shell

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// port is what is under an interface. The emulator has no ports of its own: it shows those of a box.
func (s *Session) port(i int) runtime.Port {
	if e, ok := s.engine.(runtime.Wired); ok {
		p, _ := e.Port(i) // without a device there is neither address nor carrier
		return p
	}
	return emulatedPort(i)
}

func emulatedPort(i int) runtime.Port {
	n := 0xfd5c + i
	return runtime.Port{MAC: net.HardwareAddr{0x00, 0x09, 0xe8, 0x9c, byte(n >> 8), byte(n)}, Carrier: true}
}

// macText is a hardware address as the box prints it: 0009.e89c.fd5c.
func macText(mac net.HardwareAddr) string {
	if len(mac) != 6 {
		return "0000.0000.0000"
	}
	return fmt.Sprintf("%02x%02x.%02x%02x.%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5])
}

// formatARP is `show arp` (commands-vpn-aaa-show.md section 4.10): what is known of the wires, or, on an engine without wires, what the
// configuration says of them.
func (s *Session) formatARP(plan *compiler.Plan) (string, error) {
	var b strings.Builder
	line := func(name string, ip ast.IP, mac string, alias bool) {
		fmt.Fprintf(&b, "\t%s %v %s", name, ip, mac)
		if alias {
			b.WriteString(" alias")
		}
		b.WriteByte('\n')
	}
	e, ok := s.engine.(runtime.Wired)
	if !ok {
		for _, a := range ast.All[*ast.ARP](s.running) {
			line(a.If, a.IP, a.MAC, a.Alias)
		}
		return b.String(), nil
	}
	list, err := e.Neighbours()
	if err != nil {
		return "", refused("ERROR: " + err.Error())
	}
	for _, n := range list {
		line(ifName(plan, n.If), n.IP, macText(n.MAC), n.Alias)
	}
	return b.String(), nil
}

// bandwidth is a speed of `interface` as `show interface` words it.
func bandwidth(speed string) string {
	switch speed {
	case "10baset", "aui", "bnc":
		return "BW 10000 Kbit half duplex"
	case "10full":
		return "BW 10000 Kbit full duplex"
	case "100basetx":
		return "BW 100000 Kbit half duplex"
	case "1000sxfull", "1000basesx", "1000auto", "1000full":
		return "BW 1000000 Kbit full duplex"
	}
	return "BW 100000 Kbit full duplex"
}

// interfaceCounters are in the order of PortFaults where they are not 0 by nature: a host has no runts that it tells of, and no blocks.
const interfaceCounters = `        %d packets input, %d bytes, %d no buffer
        Received %d broadcasts, 0 runts, 0 giants
        %d input errors, %d CRC, %d frame, %d overrun, 0 ignored, 0 abort
        %d packets output, %d bytes, %d underruns
        %d output errors, %d collisions, 0 interface resets
        0 babbles, %d late collisions, 0 deferred
        %d lost carrier, 0 no carrier
        input queue (curr/max blocks): hardware (0/0) software (0/0)
        output queue (curr/max blocks): hardware (0/0) software (0/0)
`

// formatInterfaces is `show interface [HW|IF]` (commands-vpn-aaa-show.md section 4.9).
func formatInterfaces(plan *compiler.Plan, port func(int) runtime.Port, counters func(int) runtime.Counters, id string) (string, error) {
	var b strings.Builder
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		if id != "" && !strings.EqualFold(id, f.Hardware) && id != f.Name {
			continue
		}
		state := "up"
		if f.Shutdown {
			state = "administratively down"
		}
		line, under := "up", port(i)
		if f.Shutdown || !under.Carrier {
			line = "down"
		}
		fmt.Fprintf(&b, "interface %s \"%s\" is %s, line protocol is %s\n", f.Hardware, f.Name, state, line)
		fmt.Fprintf(&b, "  Hardware is i82559 ethernet, address is %s\n", macText(under.MAC))
		if f.HasAddress() {
			fmt.Fprintf(&b, "  IP address %v, subnet mask %v\n", f.Net.IP, f.Net.Mask)
		}
		fmt.Fprintf(&b, "  MTU %d bytes, %s\n", f.MTU, bandwidth(f.Speed))
		c := counters(i)
		x := &under.Faults
		fmt.Fprintf(&b, interfaceCounters, c.InPackets, c.InBytes, x.NoBuffer, x.Multicasts, x.InErrors, x.CRC, x.Frame, x.Overrun, c.OutPackets, c.OutBytes, x.Underruns,
			x.OutErrors, x.Collisions, x.Late, x.NoCarrier)
	}
	if b.Len() == 0 && id != "" {
		return "", refusef("interface name \"%s\" not found", id)
	}
	return b.String(), nil
}

// formatTraffic is `show traffic` (commands-vpn-aaa-show.md section 4.14).
func formatTraffic(plan *compiler.Plan, counters func(int) runtime.Counters, seconds float64) string {
	var b strings.Builder
	part := func(what string, packets, bytes uint64) {
		per := max(uint64(seconds), 1)
		fmt.Fprintf(&b, "\t%s (in %.3f secs):\n\t\t%d packets\t%d bytes\n\t\t%d pkts/sec\t%d bytes/sec\n", what, seconds, packets,
			bytes, packets/per, bytes/per)
	}
	for i := range plan.Interfaces {
		c := counters(i)
		b.WriteString(plan.Interfaces[i].Name + ":\n")
		part("received", c.InPackets, c.InBytes)
		part("transmitted", c.OutPackets, c.OutBytes)
	}
	return b.String()
}

// formatIP is `show ip [address]` (commands-vpn-aaa-show.md section 4.10).
func formatIP(cfg *ast.Config) string {
	var b strings.Builder
	p := cfg.Printer()
	for _, head := range []string{"System IP Addresses:", "Current IP Addresses:"} {
		b.WriteString(head + "\n")
		for _, a := range ast.All[*ast.IPAddress](cfg) {
			b.WriteString("\t" + p.Text(a) + "\n")
		}
	}
	return b.String()
}

// formatRoutes is `show route` (commands-vpn-aaa-show.md section 4.10), in order of the networks.
func formatRoutes(plan *compiler.Plan) string {
	routes := slices.Clone(plan.Routes)
	slices.SortStableFunc(routes, func(a, b compiler.Route) int {
		return cmp.Or(cmp.Compare(a.Net.IP, b.Net.IP), cmp.Compare(a.Net.Mask, b.Net.Mask), cmp.Compare(a.Metric, b.Metric))
	})
	var b strings.Builder
	for i := range routes {
		r := &routes[i]
		gateway, kind, metric := r.Gateway, "OTHER", max(r.Metric, 1)
		if r.Connected {
			kind, gateway = "CONNECT", plan.Interfaces[r.If].Net.IP
		}
		fmt.Fprintf(&b, "\t%s %v %v %v %d %s static\n", ifName(plan, r.If), r.Net.IP, r.Net.Mask, gateway, metric, kind)
	}
	return b.String()
}

// formatPool is `show ip local pool [NAME]` (commands-vpn-aaa-show.md section 4.12). An address is in use while a client
// that has it is up.
func formatPool(plan *compiler.Plan, inUse func(pool int) []ast.IP, name string) (string, error) {
	var b strings.Builder
	// A pool of a whole class A network would print for minutes.
	const most = 1 << 16
	for i := range plan.VPN.Pools {
		p := &plan.VPN.Pools[i]
		if name != "" && p.Name != name {
			continue
		}
		used := map[ast.IP]bool{}
		for _, ip := range inUse(i) {
			used[ip] = true
		}
		free := int64(p.Last) - int64(p.First) + 1 - int64(len(used))
		fmt.Fprintf(&b, "%-20s%-16s%-16s%-8s%s\n", "Pool", "Begin", "End", "Free", "In use")
		fmt.Fprintf(&b, "%-20s%-16v%-16v%-8d%d\n", p.Name, p.First, p.Last, free, len(used))
		b.WriteString("Available Addresses:\n")
		for n, ip := 0, p.First; ip <= p.Last && n < most; n, ip = n+1, ip+1 {
			if !used[ip] {
				b.WriteString(ip.String() + "\n")
			}
			if ip == p.Last {
				break
			}
		}
		if len(used) > 0 {
			b.WriteString("In use Addresses:\n")
			for _, ip := range slices.Sorted(maps.Keys(used)) {
				b.WriteString(ip.String() + "\n")
			}
		}
	}
	if b.Len() == 0 && name != "" {
		return "", refusef("ERROR: ip local pool %s does not exist", name)
	}
	return b.String(), nil
}
