package parser

import "pixfw/ast"

// clearGrammar is `clear FAMILY [ID]` of configuration. The same word with runtime state behind it (`clear xlate`) is the
// console's.
type clearGrammar struct {
	Family kw         `parser:"'clear' ( @( 'access-group' | 'global' | 'nat' | 'static' | 'route' | 'fixup' | 'timeout' | 'names' | 'name' | 'icmp' | 'failover' | 'aaa' | 'http' | 'snmp-server' | 'floodguard' | 'sysopt' | 'isakmp' | 'telnet' | 'ssh' | 'pager' | 'passwd' | 'ntp' | 'clock' | 'dhcpd' | 'dhcprelay' | 'banner' | 'tftp-server' | 'auto-update' | 'privilege' | 'management-access' | 'mgcp' | 'nameif' | 'arp' | 'multicast' | 'mroute' | 'rip' | 'route-map' | 'prefix-list' | 'router' | 'routing' | 'conduit' | 'outbound' | 'apply' | 'established' | 'alias' | 'fragment' | 'service' )"`
	PDM    kw         `parser:"| @'pdm' ( @( 'location' | 'group' | 'logging' ) )?"`
	Off    kw         `parser:"| @'logging' @'disabled'"`
	IP     kw         `parser:"| @'ip' ( @'address' | @'audit' ( @( 'info' | 'attack' | 'name' | 'interface' | 'signature' ) )? | @'verify' ( @'reverse-path' )? )"`
	Pools  kw         `parser:"| @'ip' @'local' @'pool'"`
	Pool   poolName   `parser:"  @@?"`
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

func (g *clearGrammar) toAST(c *conv) ast.Command {
	return &ast.Cleared{Pos: c.pos, Name: string(g.Family+g.PDM+g.Off+g.IP+g.Pools+g.Shun+g.Objs+g.ACLs+g.Tags+g.Sets+g.Maps+g.Groups) + g.More.name(),
		ID: string(g.Obj) + g.Pool.Text + g.ACL.Text + g.Tag.Text + g.Set.Text + g.Map.Text + g.Group.Text + g.More.id()}
}
