package compiler

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"pixfw/ast"
)

// dump writes a plan for golden files: one line an item, fields that are zero (or None, where that is usual) left out, the
// configuration line it came from behind a bar.
func dump(p *Plan) string {
	var b strings.Builder
	section := func(name string, list any) {
		v := reflect.ValueOf(list)
		for i := range v.Len() {
			fmt.Fprintf(&b, "%s %d: %s\n", name, i, item(v.Index(i)))
		}
	}
	fmt.Fprintf(&b, "plan: %s %s\n", p.Hostname, p.Release)
	section("interface", p.Interfaces)
	section("route", p.Routes)
	for i, a := range p.ACLs {
		fmt.Fprintf(&b, "acl %d: %s\n", i, a.ID)
		section("  entry", a.Entries)
	}
	section("exemption", p.NAT.Exemptions)
	section("static", p.NAT.Statics)
	section("policy nat", p.NAT.Policies)
	section("nat", p.NAT.Nats)
	section("global", p.NAT.Globals)
	for i, g := range p.AAAGroups {
		fmt.Fprintf(&b, "aaa group %d: %s %s\n", i, g.Tag, g.Protocol)
		section("  server", g.Servers)
	}
	section("aaa rule", p.AAARules)
	fmt.Fprintf(&b, "uauth: %s\n", item(reflect.ValueOf(p.UAuth)))
	section("transform-set", p.VPN.TransformSets)
	maps := func(name string, list []CryptoMap) {
		for i, m := range list {
			entries := m.Entries
			m.Entries = nil
			fmt.Fprintf(&b, "%s %d: %s\n", name, i, item(reflect.ValueOf(m)))
			section("  entry", entries)
		}
	}
	maps("map", p.VPN.Maps)
	maps("dynamic map", p.VPN.DynamicMaps)
	section("ike policy", p.VPN.Policies)
	section("ike key", p.VPN.Keys)
	fmt.Fprintf(&b, "ike identity: %s\n", p.VPN.Identity)
	section("pool", p.VPN.Pools)
	section("vpngroup", p.VPN.Groups)
	section("client pool", p.VPN.ClientPools)
	section("telnet", p.Box.Telnet)
	section("ssh", p.Box.SSH)
	section("http", p.Box.HTTP)
	section("icmp", p.Box.ICMP)
	section("snmp host", p.Box.SNMP)
	if p.Box.Community != "" {
		fmt.Fprintf(&b, "snmp community: %s\n", p.Box.Community)
	}
	fmt.Fprintf(&b, "timeouts: %s\n", item(reflect.ValueOf(p.Timeouts)))
	section("fixup", p.Fixups)
	fmt.Fprintf(&b, "sysopt: %s\n", item(reflect.ValueOf(p.Sysopt)))
	return b.String()
}

// item is one struct: its own Line last.
func item(v reflect.Value) string {
	var words []string
	line := ""
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch x := f.Interface().(type) {
		case Line:
			if name == "Line" {
				line = " | " + x.Text()
				if x.IsDefault() {
					line = " | (default)"
				}
			} else if !x.IsDefault() {
				words = append(words, name)
			}
			continue
		case time.Duration:
			if x != 0 {
				words = append(words, name+"="+ast.HMS(x))
			}
			continue
		case ast.Secret:
			if x != "" {
				words = append(words, fmt.Sprintf("%s=%q", name, x))
			}
			continue
		case ast.IP:
			if x != 0 {
				words = append(words, name+"="+x.String())
			}
			continue
		case int:
			if x == None || x == 0 && !isIndex(name) {
				continue
			}
		default:
			if f.IsZero() && name != "Net" && name != "Foreign" && name != "Local" && name != "Peer" {
				continue
			}
			if f.Kind() == reflect.Bool {
				words = append(words, name)
				continue
			}
		}
		words = append(words, fmt.Sprintf("%s=%v", name, f.Interface()))
	}
	return strings.Join(words, " ") + line
}

// isIndex tells fields where 0 is the first of a table, not nothing.
func isIndex(name string) bool {
	switch name {
	case "If", "RealIf", "MappedIf", "ACL", "Map", "Group", "Dynamic", "Authentication", "Pool", "Split", "ID", "Level", "Type":
		return true
	}
	return false
}
