package diff

import (
	"fmt"
	"slices"
	"strings"

	"pixfw/compiler"
)

// Report is what differs.
type Report struct {
	Old, New    string // the files
	Differences []Difference
	OnlyOld     []string // interfaces that only one side has: every packet there differs
	OnlyNew     []string
	Undecided   []string // what the bounds of work left uncompared, in words
	Notes       []string // settings that differ but are not compared, in words
	Cells       int      // how many regions were decided: the work
}

// Equal reports whether the two were found to do the same to every packet.
func (r *Report) Equal() bool {
	return len(r.Differences) == 0 && len(r.OnlyOld) == 0 && len(r.OnlyNew) == 0 && len(r.Undecided) == 0
}

// A Difference is a set of flows to which the two do two different things.
type Difference struct {
	Ingress  string
	Tunnel   bool
	Where    []Region
	If       []Condition // where not empty: only those flows of Where for which all hold
	Example  Flow
	Old, New Verdict // of the example; for all others it is the same fate, relative to their addresses

	halves [2]*half
}

// A Condition restricts a difference to flows that an access list permits, or does not.
type Condition struct {
	Old, New string // the list in either file, such as access-list out; empty: only the other is asked
	Permits  bool
	Of       string // which addresses it is asked about, where not those of the wire

	c *condition
}

// Contains reports whether a flow is one of those that differ.
func (d *Difference) Contains(f Flow) bool {
	if f.Ingress != d.Ingress || f.Tunnel != d.Tunnel || !slices.ContainsFunc(d.Where, func(g Region) bool { return g.Contains(f) }) {
		return false
	}
	for _, k := range d.If {
		for i, list := range [2]int{k.c.old, k.c.new} {
			if list == compiler.None {
				continue
			}
			var rest []cell
			r := run{c: point(f), rest: &rest, p: d.halves[i].p, e: d.halves[i]}
			if _, permit := r.resolve(&r.e.lists[list], &k.c.view); permit != k.Permits {
				return false
			}
		}
	}
	return true
}

// Bounds of the work. Whatever they cut off is told in the Report.
type bounds struct {
	cells   int // decided for one ingress
	lists   int // times that one changed list is walked before its answers are assumed
	resolve int // cells that a region with assumptions may fall into
	pieces  int // differing ones among them, before a condition is the better description
	search  int // cells that are looked through for an example
}

var usual = bounds{cells: 500_000, lists: 20_000, resolve: 20_000, pieces: 1000, search: 200_000}

// Compare finds what differs.
func Compare(old, new *compiler.Plan) *Report { return compare(old, new, usual) }

func compare(old, new *compiler.Plan, b bounds) *Report {
	c := &comparison{bounds: b, report: &Report{Old: old.File, New: new.File}, groups: map[string]*group{}}
	c.halves = [2]*half{newHalf(0, old, new), newHalf(1, new, old)}
	c.x = &pairing{halves: c.halves, conds: map[condition]*condition{}, aligned: map[[2]int]*alignment{}, most: b.lists}
	// Sources that both refuse are left out of the cells: no difference lies there.
	o, n := c.halves[0].invalid, c.halves[1].invalid
	c.invalid = minus(o, minus(o, n))
	c.point = [2]*half{newHalf(0, old, nil), newHalf(1, new, nil)}
	c.halves[0].invalid, c.halves[1].invalid = minus(o, c.invalid), minus(n, c.invalid)
	for i := range old.Interfaces {
		x := &old.Interfaces[i]
		j := new.IfByName(x.Name)
		if j == compiler.None {
			c.report.OnlyOld = append(c.report.OnlyOld, x.Name)
			continue
		}
		c.ingress(i, j, false)
		if x.Map != compiler.None || new.Interfaces[j].Map != compiler.None {
			c.ingress(i, j, true)
		}
	}
	for i := range new.Interfaces {
		if name := new.Interfaces[i].Name; old.IfByName(name) == compiler.None {
			c.report.OnlyNew = append(c.report.OnlyNew, name)
		}
	}
	c.finish()
	c.report.Notes = notes(old, new)
	return c.report
}

// comparison is the state of one Compare.
type comparison struct {
	bounds
	report  *Report
	halves  [2]*half
	point   [2]*half // for single flows
	x       *pairing
	invalid []span // sources that both refuse
	in      [2]int
	name    string
	tunnel  bool
	groups  map[string]*group
	order   []string
}

// group gathers regions of one difference.
type group struct {
	d       Difference
	regions []Region
}

// decideBoth decides a cell by both Plans. What is left over goes to rest. same is true when there is nothing to tell.
func (c *comparison) decideBoth(at cell, rest *[]cell) (cell, [2]outcome, bool) {
	c.report.Cells++
	var o [2]outcome
	for i, h := range c.halves {
		r := run{c: at, rest: rest, p: h.p, e: h, x: c.x}
		o[i] = r.decide(c.in[i], c.tunnel)
		if at = r.c; r.dead {
			return at, o, true
		}
	}
	return at, o, o[0] == o[1]
}

func (c *comparison) ingress(i, j int, tunnel bool) {
	c.in, c.name, c.tunnel = [2]int{i, j}, c.halves[0].p.Interfaces[i].Name, tunnel
	c.x.resolved = map[condition]int{}
	stack := seeds()
	for n := 0; len(stack) > 0; n++ {
		if n >= c.cells {
			c.undecided(stack, fmt.Sprintf("the packets fall into more than %d regions", c.cells))
			return
		}
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if at, o, same := c.decideBoth(at, &stack); !same {
			c.differs(at, o)
		}
	}
}

func (c *comparison) undecided(left []cell, why string) {
	regions := make([]Region, 0, len(left))
	for i := range left {
		regions = append(regions, regionOf(&left[i]))
	}
	regions = merge(regions)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: comparison stopped: %s; not compared:", c.where(), why)
	for i, g := range regions {
		if i == 8 {
			fmt.Fprintf(&b, " and %d more regions", len(regions)-i)
			break
		}
		if i > 0 {
			b.WriteString(";")
		}
		b.WriteString(" " + g.String())
	}
	c.report.Undecided = append(c.report.Undecided, b.String())
}

func (c *comparison) where() string {
	if c.tunnel {
		return c.name + " (out of tunnels)"
	}
	return c.name
}

// differs takes a cell with two outcomes. Where answers of lists were assumed, the lists are walked now.
func (c *comparison) differs(at cell, o [2]outcome) {
	if len(at.assumed) == 0 {
		if f, ok := c.pick(&at); ok {
			c.exact(&at, f)
		}
		return
	}
	k := c.conditionKey(&at, o)
	if g := c.groups[k]; g != nil { // known to be too many pieces, and to have an example
		g.regions = append(g.regions, regionOf(&at))
		return
	}
	type piece struct {
		c cell
		f Flow
	}
	var found []piece
	c.x.exact = true
	defer func() { c.x.exact = false }()
	stack := []cell{at}
	n := 0
	for ; len(stack) > 0 && len(found) <= c.pieces && n < c.search && (n < c.resolve || len(found) == 0); n++ {
		one := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if one, _, same := c.decideBoth(one, &stack); !same {
			if f, ok := c.pick(&one); ok {
				found = append(found, piece{one, f})
			}
		}
	}
	switch {
	case len(stack) == 0 && len(found) <= c.pieces:
		for i := range found {
			found[i].c.assumed = nil
			c.exact(&found[i].c, found[i].f)
		}
	case len(found) > 0:
		g := c.group(k, found[0].f)
		g.regions = append(g.regions, regionOf(&at))
		for _, a := range at.assumed {
			g.d.If = append(g.d.If, c.condition(a))
		}
	default:
		c.undecided([]cell{at}, fmt.Sprintf("whether a packet differs is open after %d regions", n))
	}
}

func (c *comparison) pick(at *cell) (Flow, bool) { return pick(at, c.name, c.tunnel, c.invalid) }

// exact records a cell that differs as a whole.
func (c *comparison) exact(at *cell, f Flow) {
	old, new := c.point[0].decide(f), c.point[1].decide(f)
	g := c.group(fmt.Sprintf("%s %t %v %v\x00%s\x00%s", c.name, c.tunnel, old.o, new.o, old.key, new.key), f)
	if f.nice() > g.d.Example.nice() {
		g.d.Example, g.d.Old, g.d.New = f, old, new
	}
	g.regions = append(g.regions, regionOf(at))
}

func (c *comparison) group(key string, f Flow) *group {
	g := c.groups[key]
	if g == nil {
		g = &group{d: Difference{Ingress: c.name, Tunnel: c.tunnel, Example: f, Old: c.point[0].decide(f), New: c.point[1].decide(f), halves: c.point}}
		c.groups[key] = g
		c.order = append(c.order, key)
	}
	return g
}

func (c *comparison) conditionKey(at *cell, o [2]outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "if %s %t %v %v", c.name, c.tunnel, o[0], o[1])
	for _, a := range at.assumed {
		fmt.Fprintf(&b, " %v %t", *a.key, a.permit)
	}
	return b.String()
}

func (c *comparison) condition(a assumption) Condition {
	k := Condition{Permits: a.permit, c: a.key}
	if a.key.old != compiler.None {
		k.Old = c.halves[0].listName(a.key.old)
	}
	if a.key.new != compiler.None {
		k.New = c.halves[1].listName(a.key.new)
	}
	v := a.key.view
	v.pairs = false
	switch v {
	case wire:
	case reversed:
		k.Of = "read backwards"
	default:
		k.Of = "asked about the translated addresses"
	}
	return k
}

func (c *comparison) finish() {
	for _, k := range c.order {
		g := c.groups[k]
		g.d.Where = merge(g.regions)
		c.report.Differences = append(c.report.Differences, g.d)
	}
}
