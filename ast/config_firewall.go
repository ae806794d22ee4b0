package ast

import (
	"slices"
	"strings"
)

// Indent is what stands before a command in a printed configuration: two blanks for the members of object groups
// (commands-firewall.md section 5.3), nothing for most.
func Indent(cmd Command) string {
	switch cmd.(type) {
	case GroupMember, ModeLine:
		return "  "
	}
	return ""
}

// fixupOrder is the alphabetical order in which 6.3 prints fixups.
var fixupOrder = strings.Split("ctiqbe,dns,esp-ike,ftp,h323 h225,h323 ras,http,icmp,ils,mgcp,pptp,rsh,rtsp,sip,sip udp,skinny,smtp,snmp,sqlnet,tftp", ",")

// kind is the protocol with the part of it that a fixup speaks of. To inspect ftp strictly is another way, not another kind.
func (c *Fixup) kind() string {
	switch c.Sub {
	case "", "strict", "error":
		return c.Protocol
	}
	return c.Protocol + " " + c.Sub
}

// mgcpPorts are the two ports of MGCP, which has a line for each (commands-firewall.md section 5.7).
var mgcpPorts = [...]uint16{2427, 2727}

func (c *Config) setFixup(cmd *Fixup) error {
	if cmd.Protocol != "mgcp" || cmd.First != 0 {
		return c.put(cmd)
	}
	for _, p := range mgcpPorts {
		f := *cmd
		f.First, f.Last = p, p
		if err := c.put(&f); err != nil {
			return err
		}
	}
	return nil
}

// removeFixup switches inspections off: that of the port, or all of the protocol where none is given. What a box has from the
// factory is stored switched off; other lines go.
func (c *Config) removeFixup(cmd *Fixup) error {
	means := func(f *Fixup) bool {
		return f.Protocol == cmd.Protocol && (f.kind() == cmd.kind() || cmd.Protocol == "h323" && cmd.Sub == "") &&
			(cmd.First == 0 || f.First == cmd.First && f.Last == cmd.Last)
	}
	factory := append(defaultFixups(c.Release), &Fixup{On: true, Protocol: "ils", First: 389, Last: 389})
	var kept []Command
	for _, old := range c.sections[secFixup] {
		if !means(old.(*Fixup)) {
			kept = append(kept, old)
		}
	}
	c.keep(secFixup, kept)
	for _, f := range factory {
		if means(f) {
			off := *f
			off.Pos, off.On = cmd.Pos, false
			if err := c.put(&off); err != nil {
				return err
			}
		}
	}
	return nil
}

// renameTo makes a name stand for one address only: the line that gave it to another one goes.
func (c *Config) renameTo(cmd *Name) {
	other := func(old Command) bool {
		n, ok := old.(*Name)
		return ok && n.Name == cmd.Name && n.IP != cmd.IP
	}
	if slices.ContainsFunc(c.sections[secNames], other) {
		c.keep(secNames, slices.DeleteFunc(slices.Clone(c.sections[secNames]), other))
	}
}

// reservedNames are words that mean something else where an address may stand. A PIX takes them as names all the same; printed
// in place of an address they would not be read as one.
var reservedNames = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("any host interface object-group access-list netmask eq neq lt gt range log permitto permitfrom " +
		"tcp udp icmp ip dns outside norandomseq dhcp pppoe") {
		m[w] = true
	}
	return m
}()

// ReservedName reports whether a name is a keyword of the places where addresses stand.
func ReservedName(name string) bool { return reservedNames[strings.ToLower(name)] }

// DefaultMSS is the largest TCP segment that a box lets through without a sysopt line.
const DefaultMSS = 1380

// Old reports whether the option is one of releases before 6.3, which 6.3 takes no notice of.
func (c *Sysopt) Old() bool { return c.Option == "route dnat" || c.Option == "security fragguard" }

// key is the option without its value.
func (c *Sysopt) key() string {
	option, _, _ := strings.Cut(c.Option, " minimum")
	if w := strings.Fields(option); len(w) == 3 && w[1] == "tcpmss" {
		option = "connection tcpmss"
	}
	if strings.Contains(c.Option, " minimum") {
		option += " minimum"
	}
	return familyKey("sysopt", option)
}
