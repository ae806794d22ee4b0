package shell

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// saTables is what the shows of associations read of runtime.VPN.
type saTables interface {
	IKESAs() []runtime.IKESA
	SAPairs() []runtime.SAPair
	SACounters(id uint64) runtime.SACounters
	ConnIDs(id uint64) (in, out int)
}

// noVPN are the tables of an engine that speaks no IKE: empty, as those of a box before its first peer.
type noVPN struct{}

func (noVPN) IKESAs() []runtime.IKESA              { return nil }
func (noVPN) SAPairs() []runtime.SAPair            { return nil }
func (noVPN) SACounters(uint64) runtime.SACounters { return runtime.SACounters{} }

func (noVPN) ConnIDs(uint64) (in, out int) { return 0, 0 }

// inUse are the addresses of a pool that clients have.
func (s *Session) inUse(pool int) (out []ast.IP) {
	if v, ok := s.engine.(runtime.VPN); ok {
		for _, a := range v.PoolInUse(pool) {
			if ip, ok := ast.ParseIP(a.String()); ok {
				out = append(out, ip)
			}
		}
		return out
	}
	return clientUsers(s.engine.Plan(), s.engine.Users(), pool)
}

// clientUsers are the addresses of a pool whose users have come by a tunnel.
func clientUsers(plan *compiler.Plan, users runtime.UserTable, pool int) (out []ast.IP) {
	for _, u := range users.Users {
		if u.IPsec && plan.VPN.Pools[pool].Contains(u.Addr) {
			out = append(out, u.Addr)
		}
	}
	return out
}

// formatCryptoEngine is `show crypto engine` (commands-vpn-aaa-show.md section 4.12): each pair has two connections. The table grows
// by eights (unconfirmed).
func formatCryptoEngine(pairs []runtime.SAPair) string {
	used := 2 * len(pairs)
	size := max(8, (used+7)/8*8)
	return fmt.Sprintf("Crypto Engine Connection Map:\n    size = %d, free = %d, used = %d, active = %[3]d\n", size, size-used, used)
}

// vpn is the engine's VPN, or the tables of one without peers.
func (s *Session) vpn() saTables {
	if v, ok := s.engine.(runtime.VPN); ok {
		return v
	}
	return noVPN{}
}

// formatISAKMPSAs is `show crypto isakmp sa` (commands-vpn-aaa-show.md section 4.12): dst is who answered, src who began.
func formatISAKMPSAs(sas []runtime.IKESA) string {
	embryonic := 0
	var rows strings.Builder
	for i := range sas {
		sa := &sas[i]
		if sa.State != "QM_IDLE" {
			embryonic++
		}
		dst, src := sa.Local.Addr(), sa.Peer.Addr()
		if sa.Initiator {
			dst, src = src, dst
		}
		fmt.Fprintf(&rows, "%16v %16v %10s %9d %11d\n", dst, src, sa.State, sa.Pending, sa.Created)
	}
	return fmt.Sprintf("Total     : %d\nEmbryonic : %d\n        dst               src        state     pending     created\n",
		len(sas), embryonic) + rows.String()
}

// formatIPsecSAs is `show crypto ipsec sa [detail|identity|address]` (commands-vpn-aaa-show.md section 4.12): each interface with a
// crypto map, and the pairs that belong to it in the order in which the engine has them. detail tells errors apart, identity leaves
// the associations themselves out, address goes by peer.
func formatIPsecSAs(plan *compiler.Plan, vpn saTables, form string, now time.Time) string {
	var b strings.Builder
	pairs := vpn.SAPairs()
	if form == "address" {
		slices.SortStableFunc(pairs, func(a, b runtime.SAPair) int { return a.Peer.Compare(b.Peer) })
	}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		if f.Map == compiler.None {
			continue
		}
		name := plan.VPN.Maps[f.Map].Name
		fmt.Fprintf(&b, "interface: %s\n    Crypto map tag: %s, local addr. %v\n", f.Name, name, f.Net.IP)
		for j := range pairs {
			if pairs[j].If == i {
				formatPair(&b, &pairs[j], vpn, name, f.MTU, form, now)
			}
		}
	}
	return b.String()
}

func formatPair(b *strings.Builder, p *runtime.SAPair, vpn saTables, name string, mtu int, form string, now time.Time) {
	n := vpn.SACounters(p.ID)
	in, out := vpn.ConnIDs(p.ID)
	port, flags := uint16(500), "origin_is_acl,"
	if p.Encap {
		port = p.PeerPort
	}
	if p.Dynamic != compiler.None {
		flags = ""
	}
	fmt.Fprintf(b, "\n   local  ident (addr/mask/prot/port): (%s)\n   remote ident (addr/mask/prot/port): (%s)\n   current_peer: %v\n",
		proxyText(p.LocalID), proxyText(p.RemoteID), netip.AddrPortFrom(p.Peer, port))
	if p.Client.IsValid() {
		fmt.Fprintf(b, "   dynamic allocated peer ip: %v\n", p.Client)
	}
	fmt.Fprintf(b, "\n     PERMIT, flags={%s}\n", flags)
	fmt.Fprintf(b, "    #pkts encaps: %d, #pkts encrypt: %[1]d, #pkts digest %[1]d\n", n.Encaps)
	fmt.Fprintf(b, "    #pkts decaps: %d, #pkts decrypt: %[1]d, #pkts verify %[1]d\n", n.Decaps)
	b.WriteString("    #pkts compressed: 0, #pkts decompressed: 0\n" +
		"    #pkts not compressed: 0, #pkts compr. failed: 0, #pkts decompress failed: 0\n")
	fmt.Fprintf(b, "    #send errors %d, #recv errors %d\n", n.SendErrors, n.RecvErrors)
	if form == "detail" {
		fmt.Fprintf(b, "    #pkts verify failed (rcv) %d, #pkts replay failed (rcv) %d\n", n.AuthFailed, n.ReplayFailed)
	}
	b.WriteByte('\n')
	current := p.Out.SPI
	if current == 0 {
		current = p.OutAH.SPI
	}
	path := mtu
	if n.PathMTU != 0 {
		path = min(path, n.PathMTU)
	}
	fmt.Fprintf(b, "     local crypto endpt.: %v, remote crypto endpt.: %v\n     path mtu %d, ipsec overhead %d, media mtu %d\n"+
		"     current outbound spi: %08x\n", p.Local, p.Peer, path, overhead(p), mtu, current)
	if form == "identity" {
		return
	}
	formatSA(b, "inbound", p, &p.In, &p.InAH, name, in, n.CarriedIn, now)
	formatSA(b, "outbound", p, &p.Out, &p.OutAH, name, out, n.CarriedOut, now)
}

func proxyText(p runtime.ProxyID) string {
	return fmt.Sprintf("%v/%v/%d/%d", p.Addr, p.Mask, p.Proto, p.Port)
}

// overhead is how many octets a packet may grow by: outer header, ESP with its longest padding, AH, UDP (unconfirmed but
// for esp-des esp-md5-hmac in a tunnel: 56).
func overhead(p *runtime.SAPair) int {
	n := 0
	if p.Mode == runtime.Tunnel {
		n += 20
	}
	if p.Out.SPI != 0 {
		block := ivSize(p.Out.Cipher)
		n += 8 + block + max(block, 4)
		if p.Out.Auth != "" {
			n += 12
		}
	}
	if p.OutAH.SPI != 0 {
		n += 24
	}
	if p.Encap {
		n += 8
	}
	return n
}

// ivSize is the length of the initialisation vector of a transform in octets, which is that of its block.
func ivSize(cipher string) int {
	switch cipher {
	case "esp-des", "esp-3des":
		return 8
	case "", "esp-null":
		return 0
	}
	return 16
}

// formatSA writes one direction of a pair; used are the octets that it has carried. Without authentication anybody could move the
// window of numbers, so there is none.
func formatSA(b *strings.Builder, way string, p *runtime.SAPair, esp, ah *runtime.SAKeys, name string, conn int, used uint64, now time.Time) {
	mode := "Tunnel"
	if p.Mode == runtime.Transport {
		mode = "Transport"
	}
	if p.Encap {
		mode += " UDP-Encaps"
	}
	for _, part := range []struct {
		kind string
		k    *runtime.SAKeys
	}{{"esp", esp}, {"ah", ah}, {"pcp", nil}} {
		fmt.Fprintf(b, "\n     %s %s sas:\n", way, part.kind)
		if k := part.k; k != nil && k.SPI != 0 {
			replay := "Y"
			if p.NoReplayCheck || p.Manual || k.Auth == "" {
				replay = "N"
			}
			fmt.Fprintf(b, "      spi: 0x%x(%[1]d)\n        transform: %s ,\n        in use settings ={%s, }\n"+
				"        slot: 0, conn id: %d, crypto map: %s\n",
				k.SPI, strings.TrimSpace(k.Cipher+" "+k.Auth), mode, conn, name)
			if !p.Manual {
				seconds := max(0, p.Seconds-int(now.Sub(p.Born)/time.Second))
				kilobytes := max(0, int64(p.Kilobytes)-int64(used/1024))
				fmt.Fprintf(b, "        sa timing: remaining key lifetime (k/sec): (%d/%d)\n", kilobytes, seconds)
			}
			fmt.Fprintf(b, "        IV size: %d bytes\n        replay detection support: %s\n", ivSize(k.Cipher), replay)
		}
		b.WriteByte('\n')
	}
}
