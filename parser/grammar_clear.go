package parser

import (
	"strings"

	"pixfw/ast"
)

// clearGrammar is `clear FAMILY [ID]` of configuration. The same word with runtime state behind it (`clear xlate`) is the
// console's.
type clearGrammar struct {
	Family kw         `parser:"'clear' ( @( 'access-group' | 'global' | 'nat' | 'static' | 'route' | 'fixup' | 'timeout' | 'names' | 'name' | 'icmp' | 'failover' | 'aaa' | 'snmp-server' | 'floodguard' | 'sysopt' | 'isakmp' | 'pager' | 'passwd' | 'ntp' | 'clock' | 'dhcpd' | 'dhcprelay' | 'banner' | 'tftp-server' | 'auto-update' | 'privilege' | 'management-access' | 'mgcp' | 'nameif' | 'arp' | 'multicast' | 'mroute' | 'rip' | 'router' | 'routing' | 'conduit' | 'outbound' | 'apply' | 'established' | 'alias' | 'fragment' | 'service' | 'mtu' | 'hostname' | 'domain-name' | 'console' | 'terminal' )"`
	PDM    kw         `parser:"| @'pdm' ( @( 'location' | 'group' | 'logging' ) )?"`
	Off    kw         `parser:"| @'logging' @'disabled'"`
	Pools  kw         `parser:"| @'ip' @'local' @'pool'"`
	Pool   poolName   `parser:"  @@?"`
	IP     kw         `parser:"| @'ip' ( @'address' | @'audit' ( @( 'info' | 'attack' | 'name' | 'interface' | 'signature' ) )? | @'verify' ( @'reverse-path' )? )?"`
	Access kw         `parser:"| @( 'telnet' | 'ssh' | 'http' )"`
	Host   *clearHost `parser:"  @@?"`
	Prefix kw         `parser:"| @'prefix-list'"`
	List   prefixName `parser:"  @@?"`
	Routes kw         `parser:"| @'route-map'"`
	Map2   routeMapID `parser:"  @@?"`
	Enable kw         `parser:"| @'enable' @'password'"`
	Shun   kw         `parser:"| @'shun'"`
	Objs   kw         `parser:"| @'object-group'"`
	Obj    kw         `parser:"  @( 'network' | 'service' | 'protocol' | 'icmp-type' )?"`
	ACLs   kw         `parser:"| @'access-list'"`
	ACL    aclID      `parser:"  @@?"`
	Tags   kw         `parser:"| @'aaa-server'"`
	Tag    tagName    `parser:"  @@?"`
	Sets   kw         `parser:"| @'crypto' @'ipsec' @'transform-set'"`
	Set    setName    `parser:"  @@?"`
	Maps   kw         `parser:"| @'crypto' @( 'map' | 'dynamic-map' )"`
	Map    mapName    `parser:"  @@?"`
	More   *clearMore `parser:"| @@"`
	Groups kw         `parser:"| @'vpngroup'"`
	Group  vpnName    `parser:"  @@? )"`
}

// clearHost is `IP [MASK] [IF]` behind `clear telnet` and its kin: what was left off is not looked at.
type clearHost struct {
	IP   ipAddr  `parser:"@@"`
	Mask netMask `parser:"@@?"`
	If   ifName  `parser:"@@?"`
}

func (g *clearHost) words(c *conv) string {
	if g == nil {
		return ""
	}
	words := c.ip(g.IP.word).String()
	switch mask, _ := ast.ParseIP(g.Mask.Text); {
	case g.Mask.given():
		words += " " + mask.String()
	case g.If.given():
		words += " " + ast.AllOnes.String()
	}
	return strings.TrimSpace(words + " " + g.If.Text)
}

func (g *clearGrammar) toAST(c *conv) ast.Command {
	if g.IP == "ip" { // of the commands that begin so it is those of addresses that it resets
		g.IP = "ip address"
	}
	return &ast.Cleared{Pos: c.pos, Name: string(g.Family+g.PDM+g.Off+g.IP+g.Pools+g.Access+g.Prefix+g.Routes+g.Enable+g.Shun+g.Objs+g.ACLs+g.Tags+g.Sets+g.Maps+g.Groups) + g.More.name(),
		ID: string(g.Obj) + g.Host.words(c) + g.List.Text + g.Map2.Text + g.Pool.Text + g.ACL.Text + g.Tag.Text + g.Set.Text + g.Map.Text + g.Group.Text + g.More.id()}
}
