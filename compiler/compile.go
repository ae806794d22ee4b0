package compiler

import (
	"encoding/hex"
	"strings"

	"pixfw/ast"
)

// Compile resolves a running configuration into the Plan that engines and translations act on. A line that cannot be
// resolved is left out of the Plan and reported with an E2xx or E3xx error: leaving out never permits what the line would
// have refused and the PIX would not have taken the line either. The Plan is never nil. Diagnostics come sorted.
func Compile(cfg *ast.Config) (*Plan, ast.Diagnostics) {
	c := &compiler{
		reporter: newReporter(cfg),
		cfg:      cfg,
		lines:    sortLines(cfg),
		plan: &Plan{
			File:     cfg.File,
			Hostname: "pixfirewall",
			Release:  cfg.Release,
		},
		ifs:    map[string]int{},
		acls:   map[string]int{},
		groups: map[string]*objectSet{},
	}
	if c.plan.Release == "" {
		c.plan.Release = ast.DefaultRelease
	}
	for _, h := range c.lines.hostnames {
		c.plan.Hostname = h.Name
	}
	if d, ok := ast.First[*ast.DomainName](cfg, nil); ok {
		c.plan.Domain = d.Name
	}
	// The order is that of the references: interfaces first, then lists, then those who name them.
	c.interfaces()
	c.routes()
	c.accessLists()
	c.bindings()
	c.nat()
	c.legacy()
	c.packetPath()
	c.aaa()
	c.vpn()
	c.users()
	c.box()
	c.timeouts()
	c.fixups()
	c.sysopt()
	c.logging()
	c.audits()
	c.systemServices()
	c.unbuilt()
	c.diags.Sort()
	return c.plan, c.diags
}

// unbuilt keeps the lines of which some engine has to say that it does nothing with them.
func (c *compiler) unbuilt() {
	other := func(cmd ast.Command, kind OtherKind) { c.plan.Others = append(c.plan.Others, Other{From(cmd), kind}) }
	for cmd := range c.cfg.Commands() {
		switch cmd := cmd.(type) {
		case *ast.AuditInterface:
			other(cmd, OtherAudit)
		case *ast.Filter:
			other(cmd, OtherFilter)
		case *ast.DHCPDEnable, *ast.RelayEnable, *ast.RelayServer:
			other(cmd, OtherDHCP)
		case *ast.NTPServer:
			other(cmd, OtherNTP)
		case *ast.RIP, *ast.RouterOSPF:
			other(cmd, OtherRouting)
		case *ast.Multicast, *ast.MRoute:
			other(cmd, OtherMulticast)
		case *ast.ManagementAccess:
			other(cmd, OtherInner)
		case *ast.VPDNEnable, *ast.VPNClientSwitch:
			other(cmd, OtherPPP)
		case *ast.Sysopt:
			if cmd.Option == "ipsec pl-compatible" {
				other(cmd, OtherPL)
			}
		case *ast.ARP:
			if mac, ok := parseMAC(cmd.MAC); ok {
				if i := c.plan.IfByName(cmd.If); i != None {
					c.plan.ARP = append(c.plan.ARP, ARP{Line: From(cmd), If: i, IP: cmd.IP, MAC: mac, Alias: cmd.Alias})
				}
			}
		case *ast.AccessList:
			// Long lists need not be looked at twice.
		case *ast.TransformSet, *ast.TransformMode, *ast.SALifetime, *ast.MapEntry, *ast.MapSessionKey, *ast.MapClientAddress,
			*ast.MapAuthentication, *ast.MapInterface, *ast.ISAKMPEnable, *ast.ISAKMPKey, *ast.ISAKMPIdentity, *ast.ISAKMPPool,
			*ast.ISAKMPPolicy, *ast.ISAKMPNatTraversal, *ast.ISAKMPKeepalive, *ast.ISAKMPPeer, *ast.VPNGroup, *ast.Pool:
			c.plan.VPN.Lines = append(c.plan.VPN.Lines, From(cmd))
		case *ast.Timeout:
			switch cmd.Timers[0].Name {
			case "conn", "half-closed", "udp", "rpc", "h225":
				c.plan.ConnTimers = append(c.plan.ConnTimers, From(cmd))
			case "h323", "mgcp", "sip", "sip_media", "sip-disconnect", "sip-invite":
				c.plan.AppTimers = append(c.plan.AppTimers, From(cmd))
			}
		}
	}
}

// parseMAC reads xxxx.xxxx.xxxx.
func parseMAC(s string) (mac [6]byte, ok bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, ".", ""))
	if err != nil || len(b) != len(mac) {
		return mac, false
	}
	return [6]byte(b), true
}

// compiler is the state of one Compile.
type compiler struct {
	*reporter
	cfg    *ast.Config
	lines  lines
	plan   *Plan
	ifs    map[string]int
	acls   map[string]int
	groups map[string]*objectSet // object groups resolved so far
}

// lines is a configuration sorted by command form, so that one pass over a long configuration does. Access lists stay in
// the Config, which keeps them by id.
type lines struct {
	hostnames   []*ast.Hostname
	hardware    []*ast.Interface
	nameifs     []*ast.Nameif
	mtus        []*ast.MTU
	addresses   []*ast.IPAddress
	reversePath []*ast.ReversePath
	routes      []*ast.Route
	groups      []*ast.AccessGroup
	globals     []*ast.Global
	nats        []*ast.Nat
	statics     []*ast.Static
	aaaProtos   []*ast.AAAProtocol
	aaaHosts    []*ast.AAAHost
	aaaRules    []*ast.AAARule
	transforms  []*ast.TransformSet
	mapEntries  []*ast.MapEntry
	mapTails    []ast.Command // the lines of crypto maps that belong to no entry
	isakmp      []ast.Command
	policies    []*ast.ISAKMPPolicy
	aaaMatches  []*ast.AAAMatch
	users       []ast.Command // of AAA, content filters and vpdn
	modes       []*ast.TransformMode
	lifetimes   []*ast.SALifetime
	sessionKeys []*ast.MapSessionKey
	keys        []*ast.ISAKMPKey
	pools       []*ast.Pool
	vpnGroups   []*ast.VPNGroup
	icmp        []*ast.ICMPRule
	management  []*ast.Management
	httpServer  *ast.HTTPServer
	community   *ast.SNMPCommunity
	snmpHosts   []*ast.SNMPHost
	timeouts    []*ast.Timeout
	fixups      []*ast.Fixup
	sysopts     []*ast.Sysopt
	enables     []*ast.EnablePassword
	passwds     []*ast.Passwd
	conduits    []*ast.Conduit
	outbound    []*ast.Outbound
	applies     []*ast.Apply
	established []*ast.Established
	aliases     []*ast.Alias
	fragments   []*ast.Fragment
	services    []*ast.Service
	listLimits  []*ast.ListLimit
	vlans       []*ast.VLAN
	system      []ast.Command // all others
}

func sortLines(cfg *ast.Config) lines {
	var l lines
	for cmd := range cfg.Commands() {
		switch cmd := cmd.(type) {
		case *ast.AccessList, *ast.Remark:
		case *ast.Hostname:
			l.hostnames = append(l.hostnames, cmd)
		case *ast.Interface:
			l.hardware = append(l.hardware, cmd)
		case *ast.Nameif:
			l.nameifs = append(l.nameifs, cmd)
		case *ast.MTU:
			l.mtus = append(l.mtus, cmd)
		case *ast.IPAddress:
			l.addresses = append(l.addresses, cmd)
		case *ast.ReversePath:
			l.reversePath = append(l.reversePath, cmd)
		case *ast.Route:
			l.routes = append(l.routes, cmd)
		case *ast.AccessGroup:
			l.groups = append(l.groups, cmd)
		case *ast.Global:
			l.globals = append(l.globals, cmd)
		case *ast.Nat:
			l.nats = append(l.nats, cmd)
		case *ast.Static:
			l.statics = append(l.statics, cmd)
		case *ast.AAAProtocol:
			l.aaaProtos = append(l.aaaProtos, cmd)
		case *ast.AAAHost:
			l.aaaHosts = append(l.aaaHosts, cmd)
		case *ast.AAARule:
			l.aaaRules = append(l.aaaRules, cmd)
		case *ast.TransformSet:
			l.transforms = append(l.transforms, cmd)
		case *ast.MapEntry:
			l.mapEntries = append(l.mapEntries, cmd)
		case *ast.MapClientAddress, *ast.MapAuthentication, *ast.MapInterface:
			l.mapTails = append(l.mapTails, cmd)
		case *ast.ISAKMPPolicy:
			l.policies = append(l.policies, cmd)
		case *ast.ISAKMPKey:
			l.keys = append(l.keys, cmd)
		case *ast.ISAKMPEnable, *ast.ISAKMPIdentity, *ast.ISAKMPPool, *ast.ISAKMPNatTraversal, *ast.ISAKMPPeer, *ast.ISAKMPKeepalive:
			l.isakmp = append(l.isakmp, cmd)
		case *ast.AAAMatch:
			l.aaaMatches = append(l.aaaMatches, cmd)
		case *ast.AAALimit, *ast.AAAPort, *ast.AAAConsole, *ast.AAACommand, *ast.AAASecureHTTP, *ast.AAAProxyLimit, *ast.AAAMACExempt, *ast.MACList,
			*ast.Username, *ast.AuthPrompt, *ast.Virtual, *ast.URLServer, *ast.Filter, *ast.URLCache, *ast.VPDNEnable, *ast.VPDNGroup:
			l.users = append(l.users, cmd)
		case *ast.TransformMode:
			l.modes = append(l.modes, cmd)
		case *ast.SALifetime:
			l.lifetimes = append(l.lifetimes, cmd)
		case *ast.MapSessionKey:
			l.sessionKeys = append(l.sessionKeys, cmd)
		case *ast.Pool:
			l.pools = append(l.pools, cmd)
		case *ast.VPNGroup:
			l.vpnGroups = append(l.vpnGroups, cmd)
		case *ast.ICMPRule:
			l.icmp = append(l.icmp, cmd)
		case *ast.Management:
			l.management = append(l.management, cmd)
		case *ast.HTTPServer:
			l.httpServer = cmd
		case *ast.SNMPCommunity:
			l.community = cmd
		case *ast.SNMPHost:
			l.snmpHosts = append(l.snmpHosts, cmd)
		case *ast.Timeout:
			l.timeouts = append(l.timeouts, cmd)
		case *ast.Fixup:
			l.fixups = append(l.fixups, cmd)
		case *ast.Sysopt:
			l.sysopts = append(l.sysopts, cmd)
		case *ast.EnablePassword:
			l.enables = append(l.enables, cmd)
		case *ast.Passwd:
			l.passwds = append(l.passwds, cmd)
		case *ast.Conduit:
			l.conduits = append(l.conduits, cmd)
		case *ast.Outbound:
			l.outbound = append(l.outbound, cmd)
		case *ast.Apply:
			l.applies = append(l.applies, cmd)
		case *ast.Established:
			l.established = append(l.established, cmd)
		case *ast.Alias:
			l.aliases = append(l.aliases, cmd)
		case *ast.Fragment:
			l.fragments = append(l.fragments, cmd)
		case *ast.Service:
			l.services = append(l.services, cmd)
		case *ast.ListLimit:
			l.listLimits = append(l.listLimits, cmd)
		case *ast.VLAN:
			l.vlans = append(l.vlans, cmd)
		default:
			l.system = append(l.system, cmd)
		}
	}
	return l
}
