package ast

import "slices"

// removePrivilege removes the lines about a command; the level need not be given.
func (c *Config) removePrivilege(cmd *Privilege) error {
	n := len(c.sections[secPrivilege])
	kept := slices.DeleteFunc(slices.Clone(c.sections[secPrivilege]), func(old Command) bool {
		o := old.(*Privilege)
		return o.Command == cmd.Command && o.Mode == cmd.Mode && (cmd.Form == "" || o.Form == cmd.Form) &&
			(cmd.Level < 0 || o.Level == cmd.Level)
	})
	if len(kept) == n {
		return refuseNoSuch(cmd)
	}
	c.keep(secPrivilege, kept)
	return nil
}

// removeVLAN takes the name of an interface away with its VLAN, and what is bound to it (commands-firewall.md section 5.1).
func (c *Config) removeVLAN(cmd *VLAN) {
	same := func(old Command) bool {
		v, ok := old.(*VLAN)
		return ok && v.Hardware == cmd.Hardware && v.VLAN == cmd.VLAN && (cmd.Kind == "" || cmd.Kind == v.Kind)
	}
	if !slices.ContainsFunc(c.sections[secInterface], same) {
		return
	}
	for _, n := range c.sections[secNameif] {
		if n := n.(*Nameif); n.Hardware == cmd.Name() {
			_ = c.resetNameif(n) // a VLAN's name has no default that could be taken
			break
		}
	}
}
