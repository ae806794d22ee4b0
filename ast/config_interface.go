package ast

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// rename gives an interface its new name. Every command that names it goes on naming it (commands-firewall.md section 5.1).
// A name that another interface has rewrites nothing: that is for whoever resolves names to refuse.
func (c *Config) rename(cmd *Nameif) {
	var from string
	for _, old := range c.nameifs() {
		switch {
		case old.Name == cmd.Name:
			return
		case strings.EqualFold(old.Hardware, cmd.Hardware):
			from = old.Name
		}
	}
	if from == "" {
		return
	}
	to := cmd.Name
	for sec := range c.sections {
		changed := false
		for i, old := range c.sections[sec] {
			if _, self := old.(*Nameif); self {
				continue
			}
			if now := renamed(old, from, to); now != nil {
				c.sections[sec][i], changed = now, true
			}
		}
		if changed {
			c.keep(section(sec), c.sections[sec])
		}
	}
	for _, a := range c.acls {
		for i, old := range a.entries {
			e, ok := old.(*AccessList)
			if !ok || !e.Src.isInterface(from) && !e.Dst.isInterface(from) {
				continue
			}
			now := *e
			for _, addr := range []*Addr{&now.Src, &now.Dst} {
				if addr.isInterface(from) {
					addr.Ref = to
				}
			}
			a.seen[entryHash(old)]--
			a.seen[entryHash(&now)]++
			a.entries[i] = &now
		}
	}
	for key, n := range c.order {
		if k, ok := strings.CutSuffix(key, " "+from); ok && strings.HasPrefix(key, "mode\x00") {
			delete(c.order, key)
			c.order[k+" "+to] = n
		} else if key == "nat\x00"+from {
			delete(c.order, key)
			c.order["nat\x00"+to] = n
		}
	}
}

func (a Addr) isInterface(name string) bool { return a.Kind == AddrInterface && a.Ref == name }

// interfaceFields are the names that the fields of all commands have which name an interface; a test holds them to it.
var interfaceFields = []string{"If", "RealIf", "MappedIf", "InIf", "OutIf"}

// namesInterface is the fields of a command that name the interface.
func namesInterface(cmd Command, name string) []int {
	v := reflect.ValueOf(cmd).Elem()
	var out []int
	for _, field := range interfaceFields {
		f, ok := v.Type().FieldByName(field)
		if ok && len(f.Index) == 1 && f.Type.Kind() == reflect.String && v.Field(f.Index[0]).String() == name {
			out = append(out, f.Index[0])
		}
	}
	return out
}

// renamed is a command with an interface's new name, or nil when it does not name it.
func renamed(cmd Command, from, to string) Command {
	fields := namesInterface(cmd, from)
	mode, inMode := "", false
	if l, ok := cmd.(ModeLine); ok {
		mode, inMode = strings.CutSuffix(l.InMode(), " interface "+from)
	}
	match, isMatch := cmd.(*RouteMatch)
	isMatch = isMatch && match.What == "interface" && match.Value == from
	if len(fields) == 0 && !inMode && !isMatch {
		return nil
	}
	v := reflect.New(reflect.TypeOf(cmd).Elem())
	v.Elem().Set(reflect.ValueOf(cmd).Elem())
	for _, i := range fields {
		v.Elem().Field(i).SetString(to)
	}
	if inMode {
		v.Elem().FieldByName("Mode").SetString(mode + " interface " + to)
	}
	now := v.Interface().(Command)
	if isMatch {
		now.(*RouteMatch).Value = to
	}
	return now
}

// unbind removes every command that names an interface, which is about to go. Entries of access lists stay: what they say of
// other packets must not change behind the back of who wrote them.
func (c *Config) unbind(name string) {
	for sec := range c.sections {
		if section(sec) == secNameif {
			continue
		}
		list := c.sections[sec]
		kept := slices.DeleteFunc(slices.Clone(list), func(old Command) bool {
			l, ok := old.(ModeLine)
			return ok && strings.HasSuffix(l.InMode(), " interface "+name) || len(namesInterface(old, name)) > 0
		})
		if len(kept) != len(list) {
			c.keep(section(sec), kept)
		}
	}
}

// removeNameif gives a port the name back that it comes with. A VLAN has none: it loses its name, and what is bound to it
// goes.
func (c *Config) removeNameif(cmd *Nameif) error {
	words := strings.Fields(Text(cmd))
	for _, old := range c.nameifs() {
		if strings.EqualFold(old.Hardware, cmd.Hardware) && isPrefix(words, strings.Fields(Text(old))) {
			return c.resetNameif(old)
		}
	}
	return refuseNoSuch(cmd)
}

func (c *Config) resetNameif(old *Nameif) error {
	def := c.defaultNameif(old.Hardware)
	if def == nil {
		c.unbind(old.Name)
		c.keep(secNameif, slices.DeleteFunc(slices.Clone(c.sections[secNameif]), func(n Command) bool { return n == Command(old) }))
		return nil
	}
	for _, other := range c.nameifs() {
		if other != old && other.Name == def.Name {
			return refuseNameTaken(def.Name, other)
		}
	}
	c.rename(def)
	return c.put(def)
}

// defaultNameif is the name and level that a port comes with: outside and inside are the first two, the others intfN with twice
// their number (commands-firewall.md section 4.3). Nil for a VLAN.
func (c *Config) defaultNameif(hardware string) *Nameif {
	if strings.HasPrefix(strings.ToLower(hardware), "vlan") {
		return nil
	}
	n, ports := -1, 0
	for _, p := range All[*Interface](c) {
		if strings.EqualFold(p.Hardware, hardware) {
			n = ports
		}
		ports++
	}
	if n < 0 { // no interface line: the number in its own name
		digits := strings.TrimLeft(hardware, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
		n, _ = strconv.Atoi(digits)
	}
	switch n {
	case 0:
		return &Nameif{Hardware: hardware, Name: "outside", Level: 0}
	case 1:
		return &Nameif{Hardware: hardware, Name: "inside", Level: 100}
	}
	return &Nameif{Hardware: hardware, Name: "intf" + strconv.Itoa(n), Level: min(2*n, 99)}
}

// clearNameif gives every port the name back that it comes with. All of them change at once, so that two ports may have each
// other's name.
func (c *Config) clearNameif() error {
	taken := map[string]*Nameif{}
	for _, n := range c.nameifs() {
		def := c.defaultNameif(n.Hardware)
		if def == nil {
			continue
		}
		if by := taken[def.Name]; by != nil {
			return refuseNameTaken(def.Name, by)
		}
		taken[def.Name] = n
	}
	// In two steps, by names that no interface can have.
	for i, n := range c.nameifs() {
		if c.defaultNameif(n.Hardware) == nil {
			if err := c.resetNameif(n); err != nil {
				return err
			}
			continue
		}
		aside := *n
		aside.Name = "\x00" + strconv.Itoa(i)
		c.rename(&aside)
		if err := c.put(&aside); err != nil {
			return err
		}
	}
	for _, n := range c.nameifs() {
		if err := c.resetNameif(n); err != nil {
			return err
		}
	}
	return nil
}

// nameifs is the lines that name interfaces.
func (c *Config) nameifs() []*Nameif {
	out := make([]*Nameif, len(c.sections[secNameif]))
	for i, n := range c.sections[secNameif] {
		out[i] = n.(*Nameif)
	}
	return out
}

func refuseNameTaken(name string, by *Nameif) *Refusal {
	return &Refusal{"E341", "ERROR: interface name \"" + name + "\" is in use by " + Text(by), BadReference}
}
