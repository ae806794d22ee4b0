package compiler

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pixfw/ast"
)

// transformModes applies the lines that give a set its mode.
func (c *compiler) transformModes() {
	for _, m := range c.lines.modes {
		if t := c.transformSet(m, m.Name); t != None {
			c.plan.VPN.TransformSets[t].Transport, c.plan.VPN.TransformSets[t].ModeLine = m.Mode == "transport", From(m)
		}
	}
}

// peerName keeps a peer that is known by its name only. Nothing looks the name up, so no tunnel is built to it.
func (c *compiler) peerName(e *ast.MapEntry, out *MapEntry) {
	out.PeerNames = append(out.PeerNames, e.PeerName)
	c.report("W440", ast.Lint, ast.Warning, e, e.PeerName, "the name of peer %s is not looked up: no tunnel is built to it", e.PeerName).Hint =
		"write its address, or define it with name IP " + e.PeerName
}

// sessionKeys gives the entries of maps their keys by hand.
func (c *compiler) sessionKeys() {
	for _, k := range c.lines.sessionKeys {
		m := findMap(c.plan.VPN.Maps, k.Name)
		if m == None {
			c.unknown("E207", k, "crypto map", k.Name, "give it an entry with crypto map "+k.Name+" 10 ipsec-manual", mapNames(c.plan.VPN.Maps))
			continue
		}
		entries := c.plan.VPN.Maps[m].Entries
		if i := slices.IndexFunc(entries, func(e MapEntry) bool { return e.Seq == k.Seq }); i >= 0 {
			entries[i].Keys = append(entries[i].Keys, SessionKey{Line: From(k), Inbound: k.Inbound, AH: k.AH, SPI: k.SPI, Key: k.Key, Auth: k.Auth})
		}
	}
}

// lifetimes resolves the life of keys: entries that state none have that of the box.
func (c *compiler) lifetimes() {
	v := &c.plan.VPN
	v.Seconds, v.Kilobytes = ast.DefaultSASeconds, ast.DefaultSAKilobytes
	for _, l := range c.lines.lifetimes {
		if l.Seconds > 0 {
			v.Seconds, v.SecondsLine = l.Seconds, From(l)
		}
		if l.Kilobytes > 0 {
			v.Kilobytes, v.KilobytesLine = l.Kilobytes, From(l)
		}
	}
	for _, maps := range [][]CryptoMap{v.DynamicMaps, v.Maps} {
		for i := range maps {
			for j := range maps[i].Entries {
				e := &maps[i].Entries[j]
				if e.Seconds == 0 && v.Seconds != ast.DefaultSASeconds {
					e.Seconds = v.Seconds
				}
				if e.Kilobytes == 0 && v.Kilobytes != ast.DefaultSAKilobytes {
					e.Kilobytes = v.Kilobytes
				}
			}
		}
	}
}

// defaultRetry of keepalives (commands-vpn-aaa-show.md section 1.3, unconfirmed).
const defaultRetry = 2 * time.Second

// ikePeers resolves the peers that are no clients, and how dead ones are found.
func (c *compiler) ikePeers(cmd ast.Command) {
	v := &c.plan.VPN
	switch cmd := cmd.(type) {
	case *ast.ISAKMPPeer:
		v.Peers = append(v.Peers, IKEPeer{Line: From(cmd), IP: cmd.IP, FQDN: cmd.FQDN, NoXauth: cmd.NoXauth, NoConfigMode: cmd.NoConfigMode})
	case *ast.ISAKMPKeepalive:
		v.Keepalive = Keepalive{Line: From(cmd), Interval: time.Duration(cmd.Seconds) * time.Second, Retry: time.Duration(cmd.Retry) * time.Second}
		if cmd.Retry == 0 {
			v.Keepalive.Retry = defaultRetry
		}
	}
}

// clientPolicy takes the attributes of a group that a client is told to obey.
func (c *compiler) clientPolicy(g *ast.VPNGroup, out *VPNGroup) {
	switch g.Attribute {
	case "split-dns":
		out.SplitDNS = g.Values
	case "pfs":
		out.PFS = true
	case "secure-unit-authentication":
		out.SecureUnit = true
	case "user-authentication":
		out.UserAuth = true
	case "device-pass-through":
		out.DevicePass = true
	case "user-idle-timeout":
		if len(g.Values) == 1 {
			out.UserIdle = hms(g.Values[0])
		}
	case "authentication-server":
		if len(g.Values) == 1 {
			out.AuthServer, _ = c.groupIndex(g, g.Values[0])
		}
	case "backup-server":
		for _, w := range g.Values {
			if ip, ok := ast.ParseIP(w); ok {
				out.Backup = append(out.Backup, ip)
			}
		}
		out.ClearBackup = len(out.Backup) == 0
	}
}

// hms reads H:MM:SS, which the parser has checked.
func hms(s string) (d time.Duration) {
	for _, part := range strings.Split(s, ":") {
		n, _ := strconv.Atoi(part)
		d = d*60 + time.Duration(n)*time.Second
	}
	return d
}
