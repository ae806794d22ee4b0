package ast

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Config is the running configuration: statements are replayed into it one by one, and it prints in the PIX's own order.
// Stored commands are never changed in place, so a Clone is cheap and shares them.
type Config struct {
	File     string // where it was loaded from; for diagnostics
	Release  string // version of the PIX that wrote it, such as 6.3(3)
	checksum string // as loaded; empty once the configuration has been changed
	sections [secTerminal + 1][]Command
	acls     []*acl // in order of creation
	byID     map[string]*acl
	order    map[string]int // first appearance of names that group lines: vpngroups, maps, aaa tags, interfaces
}

// DefaultRelease is the release a configuration without a version line is taken for.
const DefaultRelease = "6.3(3)"

// acl is one access list; entries are *AccessList and *Remark in evaluation order.
type acl struct {
	id      string
	entries []Command
	seen    map[uint64]int // hash of an entry's content → how many entries have it
}

// NewConfig is an empty configuration. It holds no default lines: those are in Factory.
func NewConfig(file string) *Config {
	return &Config{File: file, byID: map[string]*acl{}, order: map[string]int{}}
}

// Clone is an independent copy.
func (c *Config) Clone() *Config {
	d := &Config{File: c.File, Release: c.Release, checksum: c.checksum, byID: make(map[string]*acl, len(c.byID)),
		order: maps.Clone(c.order)}
	for i := range c.sections {
		d.sections[i] = slices.Clone(c.sections[i])
	}
	for _, a := range c.acls {
		b := &acl{id: a.id, entries: slices.Clone(a.entries), seen: maps.Clone(a.seen)}
		d.acls = append(d.acls, b)
		d.byID[b.id] = b
	}
	return d
}

// Do replays one statement. A *Refusal means that the PIX would not take it; the configuration is then unchanged.
func (c *Config) Do(s Statement) error {
	switch cmd := s.Cmd.(type) {
	case *Version:
		c.Release = cmd.Release
		return nil
	case *Checksum:
		c.checksum = cmd.Sum
		return nil
	}
	var err error
	switch s.Verb {
	case Set:
		err = c.set(s.Cmd)
	case No:
		err = c.remove(s.Cmd)
	case Clear:
		err = c.clear(s.Cmd.(*Cleared))
	}
	if err == nil {
		c.checksum = ""
	}
	return err
}

func (c *Config) set(cmd Command) error {
	switch cmd := cmd.(type) {
	case *AccessList:
		return c.addEntry(cmd.ID, cmd.Line, cmd)
	case *Remark:
		return c.addEntry(cmd.ID, cmd.Line, cmd)
	case *AccessGroup:
		if c.byID[cmd.ACL] == nil {
			return refuseNoACL(cmd.ACL)
		}
	case *Timeout:
		c.setTimers(cmd)
		return nil
	case *Route:
		for _, r := range All[*Route](c) {
			if r.If == cmd.If && r.Net == cmd.Net && r.Gateway == cmd.Gateway {
				return refuseDuplicateRoute()
			}
		}
	}
	return c.put(cmd)
}

// put stores a command of no special kind: in place of the one with its key, or at the end of its rank.
func (c *Config) put(cmd Command) error {
	r := cmd.rule()
	list := c.sections[r.section]
	if r.key != "" {
		for i, old := range list {
			if old.rule().key == r.key {
				list[i] = cmd
				return nil
			}
		}
	} else {
		text := Text(cmd)
		for _, old := range list {
			if Text(old) == text {
				return refuseDuplicate(cmd)
			}
		}
	}
	rank := c.rank(cmd)
	i := len(list)
	for i > 0 && c.rank(list[i-1]) > rank {
		i--
	}
	c.sections[r.section] = slices.Insert(list, i, cmd)
	return nil
}

// rank is the order of a command within its section: that of its rule, within the group of its name where lines group by
// a name (in order of first appearance).
func (c *Config) rank(cmd Command) int {
	r := cmd.rule().rank
	group := func(size int, names ...string) int {
		k := strings.Join(names, "\x00")
		n, ok := c.order[k]
		if !ok {
			n = len(c.order)
			c.order[k] = n
		}
		return n*size + r
	}
	switch cmd := cmd.(type) {
	case *VPNGroup:
		r = slices.Index(vpnGroupOrder, cmd.Attribute)
		if r < 0 {
			r = len(vpnGroupOrder)
		}
		return group(16, "vpngroup", cmd.Group)
	case *MapEntry:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *MapClientAddress:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *MapAuthentication:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *MapInterface:
		return group(mapTail*2, cmd.Family(), cmd.Name)
	case *AAAProtocol:
		return group(2, "aaa-server", cmd.Tag)
	case *AAAHost:
		r = 1
		return group(2, "aaa-server", cmd.Tag)
	case *AAARule:
		return 1<<40 + r // behind every server
	case *Nat:
		return group(2, "nat", cmd.If)
	}
	return r
}

var entrySeed = maphash.MakeSeed()

// entryHash identifies an entry by its content, wherever it stands.
func entryHash(cmd Command) uint64 {
	switch e := cmd.(type) {
	case *AccessList:
		k := *e
		k.Pos, k.Line = Pos{}, 0
		return maphash.Comparable(entrySeed, k)
	case *Remark:
		k := *e
		k.Pos, k.Line = Pos{}, 0
		return maphash.Comparable(entrySeed, k)
	}
	return 0
}

// addEntry appends an entry to its list, or inserts it at line (counted from 1). A list is made by its first entry.
func (c *Config) addEntry(id string, line int, cmd Command) error {
	a := c.byID[id]
	h := entryHash(cmd)
	if a != nil && a.seen[h] > 0 {
		if _, remark := cmd.(*Remark); !remark {
			return refuseDuplicateACE()
		}
	}
	if a == nil {
		a = &acl{id: id, seen: map[uint64]int{}}
		c.acls = append(c.acls, a)
		c.byID[id] = a
	}
	a.seen[h]++
	if line > 0 && line <= len(a.entries) {
		a.entries = slices.Insert(a.entries, line-1, cmd)
	} else {
		a.entries = append(a.entries, cmd)
	}
	return nil
}

// setTimers merges timers into the stored lines, one a printed group.
func (c *Config) setTimers(cmd *Timeout) {
	for _, t := range cmd.Timers {
		line := &Timeout{Pos: t.Pos, Timers: []Timer{t}}
		g := timeoutGroup(line)
		var stored *Timeout
		for _, s := range All[*Timeout](c) {
			if timeoutGroup(s) == g {
				stored = s
			}
		}
		if stored != nil {
			timers := slices.Clone(stored.Timers)
			i := slices.IndexFunc(timers, func(o Timer) bool { return o.Name == t.Name && o.Kind == t.Kind })
			if i >= 0 {
				timers[i] = t
			} else {
				timers = append(timers, t)
			}
			names := []string{}
			if g < len(timeoutGroups) {
				names = timeoutGroups[g]
			}
			slices.SortStableFunc(timers, func(a, b Timer) int {
				return slices.Index(names, a.Name) - slices.Index(names, b.Name)
			})
			line = &Timeout{Pos: stored.Pos, Timers: timers}
		}
		_ = c.put(line) // a keyed setting is never refused
	}
}

// remove is the `no` form: switch off what is stored when off, else remove what the typed words name.
func (c *Config) remove(cmd Command) error {
	switch cmd := cmd.(type) {
	case *AccessList:
		return c.removeEntry(cmd.ID, cmd.Line, cmd)
	case *Remark:
		return c.removeEntry(cmd.ID, cmd.Line, cmd)
	case *WholeList:
		return c.removeACL(cmd.ID)
	case *WholeMap:
		return c.removeMap(cmd)
	case *Timeout:
		return c.removeTimers(cmd)
	}
	r := cmd.rule()
	if r.off {
		// The command carries its own switch, which the parser set off.
		return c.put(cmd)
	}
	words := strings.Fields(Text(cmd))
	var kept, gone []Command
	for _, old := range c.sections[r.section] {
		if sameForm(cmd, old) && isPrefix(words, strings.Fields(Text(old))) {
			gone = append(gone, old)
		} else {
			kept = append(kept, old)
		}
	}
	if len(gone) == 0 {
		return refuseNoSuch(cmd)
	}
	c.sections[r.section] = kept
	for _, old := range gone {
		d := defaultOf(old)
		if pol, ok := cmd.(*ISAKMPPolicy); ok && pol.Attribute != "" {
			d = defaultPolicy(pol.Priority, pol.Attribute)
		}
		if d != nil {
			if err := c.put(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameForm reports whether two commands are of one Go type: `no telnet timeout` must not remove `telnet` lines.
func sameForm(a, b Command) bool { return fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b) }

func isPrefix(words, of []string) bool {
	return len(words) <= len(of) && slices.Equal(words, of[:len(words)])
}

// removeEntry removes an entry by its content, which may leave the log option off; with a line, only if it stands there.
func (c *Config) removeEntry(id string, line int, cmd Command) error {
	a := c.byID[id]
	if a == nil {
		return refuseNoACL(id)
	}
	same := func(e Command) bool {
		if entryHash(e) == entryHash(cmd) {
			return true
		}
		x, ok1 := e.(*AccessList)
		y, ok2 := cmd.(*AccessList)
		if !ok1 || !ok2 || y.Log != LogUnset {
			return false
		}
		k := *x
		k.Log, k.LogLevel, k.Interval = y.Log, y.LogLevel, y.Interval
		return entryHash(&k) == entryHash(y)
	}
	i := slices.IndexFunc(a.entries, same)
	if line > 0 {
		i = -1
		if line <= len(a.entries) && same(a.entries[line-1]) {
			i = line - 1
		}
	}
	if i < 0 {
		return refuseNoSuch(cmd)
	}
	if len(a.entries) == 1 {
		return c.removeACL(id)
	}
	a.seen[entryHash(a.entries[i])]--
	a.entries = slices.Delete(a.entries, i, i+1)
	return nil
}

// removeACL removes a list. Its access-group goes with it; other users keep it from being removed.
func (c *Config) removeACL(id string) error {
	if c.byID[id] == nil {
		return refuseNoACL(id)
	}
	if by := c.aclUser(id); by != nil {
		return refuseUsedACL(id, Text(by))
	}
	c.sections[secAccessGroup] = slices.DeleteFunc(slices.Clone(c.sections[secAccessGroup]), func(g Command) bool {
		return g.(*AccessGroup).ACL == id
	})
	c.acls = slices.DeleteFunc(slices.Clone(c.acls), func(a *acl) bool { return a.id == id })
	delete(c.byID, id)
	return nil
}

// aclUser is a command, other than an access-group, that needs the list.
func (c *Config) aclUser(id string) Command {
	for cmd := range c.Commands() {
		switch cmd := cmd.(type) {
		case *Nat:
			if cmd.ACL == id {
				return cmd
			}
		case *Static:
			if cmd.ACL == id {
				return cmd
			}
		case *MapEntry:
			if cmd.Match == id {
				return cmd
			}
		case *VPNGroup:
			if cmd.Attribute == "split-tunnel" && slices.Contains(cmd.Values, id) {
				return cmd
			}
		}
	}
	return nil
}

func (c *Config) removeMap(m *WholeMap) error {
	sec := secCryptoMap
	if m.Dynamic {
		sec = secDynamicMap
	}
	n := len(c.sections[sec])
	c.sections[sec] = slices.DeleteFunc(slices.Clone(c.sections[sec]), func(old Command) bool {
		name, seq := mapName(old)
		return name == m.Name && (m.Seq == 0 || seq == m.Seq)
	})
	if len(c.sections[sec]) == n {
		return refuseNoSuch(m)
	}
	return nil
}

// mapName is the map and entry a crypto map line belongs to; entry 0 for the map as a whole.
func mapName(cmd Command) (name string, seq int) {
	switch cmd := cmd.(type) {
	case *MapEntry:
		return cmd.Name, cmd.Seq
	case *MapClientAddress:
		return cmd.Name, 0
	case *MapAuthentication:
		return cmd.Name, 0
	case *MapInterface:
		return cmd.Name, 0
	}
	return "", 0
}

// removeTimers puts the named timers back to their defaults.
func (c *Config) removeTimers(cmd *Timeout) error {
	def := defaultTimers()
	var back Timeout
	for _, t := range cmd.Timers {
		for _, d := range def {
			if d.Name == t.Name && (t.Kind == "" || t.Kind == d.Kind) {
				back.Timers = append(back.Timers, d)
			}
		}
		if t.Kind == "inactivity" { // off by default: the timer goes
			c.dropTimer(t.Name, t.Kind)
		}
	}
	c.setTimers(&back)
	return nil
}

func (c *Config) dropTimer(name, kind string) {
	list := slices.Clone(c.sections[secTimeout])
	for i, cmd := range list {
		t := cmd.(*Timeout)
		timers := slices.DeleteFunc(slices.Clone(t.Timers), func(o Timer) bool { return o.Name == name && o.Kind == kind })
		if len(timers) != len(t.Timers) {
			list[i] = &Timeout{Pos: t.Pos, Timers: timers}
		}
	}
	c.sections[secTimeout] = slices.DeleteFunc(list, func(cmd Command) bool { return len(cmd.(*Timeout).Timers) == 0 })
}

// clear removes every line of a family, or those of one id; settings go back to their defaults.
func (c *Config) clear(cl *Cleared) error {
	if cl.Name == "access-list" {
		ids := []string{cl.ID}
		if cl.ID == "" {
			ids = ids[:0]
			for _, a := range c.acls {
				ids = append(ids, a.id)
			}
		}
		for _, id := range ids {
			if c.byID[id] == nil {
				return refuseNoACL(id)
			}
			if by := c.aclUser(id); by != nil {
				return refuseUsedACL(id, Text(by))
			}
		}
		for _, id := range ids {
			if err := c.removeACL(id); err != nil {
				return err
			}
		}
		return nil
	}
	words := strings.Fields(cl.Name)
	if cl.ID != "" {
		words = append(words, cl.ID)
	}
	for sec := range c.sections {
		var kept, gone []Command
		for _, old := range c.sections[sec] {
			text := strings.TrimPrefix(Text(old), "no ")
			if isPrefix(words, strings.Fields(text)) && inFamily(cl.Name, old) {
				gone = append(gone, old)
			} else {
				kept = append(kept, old)
			}
		}
		if len(gone) == 0 {
			continue
		}
		c.sections[sec] = kept
		for _, old := range gone {
			d := defaultOf(old)
			if d == nil {
				continue
			}
			if err := c.put(d); err != nil {
				return err
			}
		}
	}
	switch cl.Name {
	case "fixup":
		for _, f := range defaultFixups(c.Release) {
			if err := c.put(f); err != nil {
				return err
			}
		}
	case "timeout":
		c.setTimers(&Timeout{Timers: defaultTimers()})
	case "names":
		c.sections[secNames] = []Command{&Names{On: false}}
	}
	return nil
}

// inFamily keeps `clear telnet` from resetting `telnet timeout`, as on the box, and `clear arp` from the arp timeout.
func inFamily(family string, cmd Command) bool {
	switch cmd.(type) {
	case *SessionTimeout:
		return strings.HasSuffix(family, "timeout")
	case *ARPTimeout:
		return family == "arp timeout"
	}
	return true
}

// Commands yields every stored command in printed order.
func (c *Config) Commands() iter.Seq[Command] {
	return func(yield func(Command) bool) {
		for sec := range c.sections {
			if section(sec) == secAccessList {
				for _, a := range c.acls {
					for _, e := range a.entries {
						if !yield(e) {
							return
						}
					}
				}
				continue
			}
			for _, cmd := range c.sections[sec] {
				if !yield(cmd) {
					return
				}
			}
		}
	}
}

// All is every stored command of one type, numbered from 0, in printed order.
func All[T Command](c *Config) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		n := 0
		for cmd := range c.Commands() {
			if t, ok := cmd.(T); ok {
				if !yield(n, t) {
					return
				}
				n++
			}
		}
	}
}

// First is the first stored command of one type that keep accepts (nil: any).
func First[T Command](c *Config, keep func(T) bool) (found T, ok bool) {
	for _, t := range All[T](c) {
		if keep == nil || keep(t) {
			return t, true
		}
	}
	return found, false
}

// ACLs lists the access lists in order of creation.
func (c *Config) ACLs() []string {
	ids := make([]string, len(c.acls))
	for i, a := range c.acls {
		ids[i] = a.id
	}
	return ids
}

// ACL is the entries and remarks of one list in evaluation order; nil when there is no such list. Not to be changed.
func (c *Config) ACL(id string) []Command {
	if a := c.byID[id]; a != nil {
		return a.entries
	}
	return nil
}

// Printer is a printer with the configuration's own names, if they are switched on.
func (c *Config) Printer() *Printer {
	p := &Printer{}
	if on, ok := First[*Names](c, nil); ok && !bool(on.On) {
		return p
	}
	for _, n := range All[*Name](c) {
		if p.Names == nil {
			p.Names = map[IP]string{}
		}
		p.Names[n.IP] = n.Name
	}
	return p
}

// Lines is the configuration without its frame, one canonical line a command.
func (c *Config) Lines(p *Printer) []string {
	var out []string
	for cmd := range c.Commands() {
		out = append(out, p.Text(cmd))
	}
	return out
}

// Checksum is the one the file came with while nothing has been changed, else MD5 over the lines after the version
// (commands-vpn-aaa-show.md section 1.14).
func (c *Config) Checksum() string {
	if c.checksum != "" {
		return c.checksum
	}
	sum := md5.Sum([]byte(strings.Join(append(c.Lines(c.Printer()), ""), "\n")))
	return hex.EncodeToString(sum[:])
}

// String is the whole configuration as `write terminal` shows it, frame included.
func (c *Config) String() string { return c.Print(c.Printer()) }

// Print is String by another printer.
func (c *Config) Print(p *Printer) string {
	release := c.Release
	if release == "" {
		release = DefaultRelease
	}
	var b strings.Builder
	b.WriteString(": Saved\n:\nPIX Version " + release + "\n")
	for _, l := range c.Lines(p) {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	b.WriteString("Cryptochecksum:" + c.Checksum() + "\n: end\n")
	return b.String()
}

// MarshalJSON writes the release and one object a command: its family, place, text and fields. Secrets are masked.
func (c *Config) MarshalJSON() ([]byte, error) {
	type entry struct {
		Command string  `json:"command"`
		Line    int32   `json:"line,omitempty"`
		Column  int32   `json:"column,omitempty"`
		Text    string  `json:"text"`
		Fields  Command `json:"fields"`
	}
	p := c.Printer()
	p.HideSecrets = true
	out := struct {
		File     string  `json:"file"`
		Release  string  `json:"release"`
		Checksum string  `json:"checksum"`
		Commands []entry `json:"commands"`
	}{c.File, c.Release, c.Checksum(), []entry{}}
	for cmd := range c.Commands() {
		at := cmd.Position()
		out.Commands = append(out.Commands, entry{cmd.Family(), at.Line, at.Col, p.Text(cmd), cmd})
	}
	return json.Marshal(out)
}

// SameSetting reports whether the two commands set one and the same thing, so that the later one replaces the earlier.
func SameSetting(a, b Command) bool {
	x, y := a.rule(), b.rule()
	return x.key != "" && x.section == y.section && x.key == y.key
}
