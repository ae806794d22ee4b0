package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// mostRegions of one difference are printed as text; JSON has all.
const mostRegions = 12

// Text prints the report for people.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for _, name := range r.OnlyOld {
		fmt.Fprintf(&b, "interface %s is only in %s: every packet that arrives there differs\n\n", name, r.Old)
	}
	for _, name := range r.OnlyNew {
		fmt.Fprintf(&b, "interface %s is only in %s: every packet that arrives there differs\n\n", name, r.New)
	}
	for i := range r.Differences {
		r.text(&b, &r.Differences[i])
		b.WriteByte('\n')
	}
	for _, u := range r.Undecided {
		fmt.Fprintf(&b, "INCOMPLETE: %s\n\n", u)
	}
	if r.Equal() {
		b.WriteString("No difference: both do the same to the first packet of every flow.\n")
	} else {
		n := len(r.Differences) + len(r.OnlyOld) + len(r.OnlyNew)
		fmt.Fprintf(&b, "%d difference%s", n, map[bool]string{false: "s"}[n == 1])
		if len(r.Undecided) > 0 {
			fmt.Fprintf(&b, ", and what could not be compared: %d", len(r.Undecided))
		}
		b.WriteString(".\n")
	}
	for _, n := range r.remarks() {
		fmt.Fprintf(&b, "Note: %s.\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) text(b *strings.Builder, d *Difference) {
	where := d.Ingress
	if d.Tunnel {
		where += " (out of tunnels)"
	}
	old, new := d.words(&d.Old, &d.New), d.words(&d.New, &d.Old)
	fmt.Fprintf(b, "%s %s: was %s, now %s\n", where, d.Where[0], old, new)
	for i, g := range d.Where[1:] {
		if i+1 == mostRegions {
			fmt.Fprintf(b, "    and %d more such regions\n", len(d.Where)-mostRegions)
			break
		}
		fmt.Fprintf(b, "    also %s\n", g)
	}
	for _, k := range d.If {
		fmt.Fprintf(b, "    where %s\n", k)
	}
	fmt.Fprintf(b, "    example: %s\n", d.Example)
	lines(b, r.Old, d.Old.Lines)
	lines(b, r.New, d.New.Lines)
}

// remarks are the notes, and how the regions are to be read.
func (r *Report) remarks() []string {
	if !r.anySource() {
		return r.Notes
	}
	return append([]string{"any source is any but those that both always refuse: loopback, multicast, broadcasts, the firewall's own"}, r.Notes...)
}

// anySource reports whether a difference on the wire is told of for every source.
func (r *Report) anySource() bool {
	return slices.ContainsFunc(r.Differences, func(d Difference) bool {
		return !d.Tunnel && slices.ContainsFunc(d.Where, func(g Region) bool { return len(g.src) == 1 && g.src[0] == span{hi: uint32(ast.AllOnes)} })
	})
}

func lines(b *strings.Builder, file string, list []compiler.Line) {
	for _, l := range list {
		fmt.Fprintf(b, "    %s:%d: %s\n", file, l.Pos.Line, l.Text())
	}
	if len(list) == 0 {
		fmt.Fprintf(b, "    %s: no line decides\n", file)
	}
}

// String is the condition in words.
func (k Condition) String() string {
	does := "does not permit it"
	if k.Permits {
		does = "permits it"
	}
	var s string
	switch {
	case k.Old == k.New:
		s = k.Old
	case k.Old == "":
		s = k.New + " (new)"
	case k.New == "":
		s = k.Old + " (old)"
	default:
		s = k.Old + " (now " + k.New + ")"
	}
	if k.Of != "" {
		s += ", " + k.Of + ","
	}
	return s + " " + does
}

// words is a verdict for all flows of the difference, beside the other one.
func (d *Difference) words(v, other *Verdict) string {
	switch v.Action {
	case Drop:
		if v.Why == "" {
			return "dropped"
		}
		return "dropped (" + v.Why + ")"
	case Box:
		return "answered by the firewall itself"
	case Auth:
		s := "taken by the cut-through proxy, which asks for a user name"
		if v.With != "" {
			s += " (" + v.With + ")"
		}
		return s
	}
	g := &d.Where[0]
	s := "permitted to "
	if v.Action == Encrypt {
		s = "encrypted for " + v.With + " to "
	}
	if v.o.dst != 0 || v.o.dport != 0 {
		s += shifted(g.dst, v.o.dst, v.Dst)
		if v.o.dport != 0 {
			s += ":" + strconv.Itoa(int(v.DstPort))
		} else if p := g.dport; len(p) == 1 && p[0].lo == p[0].hi {
			s += ":" + strconv.Itoa(int(p[0].lo))
		}
		s += " "
	}
	s += v.Egress
	switch {
	case strings.HasPrefix(v.Pool, "PAT "):
		s += ", source by " + v.Pool
	case v.Pool != "":
		s += ", source becomes one of " + v.Pool
	case v.o.src != 0 || v.o.sport != 0:
		s += ", source becomes " + shifted(g.src, v.o.src, v.Src)
		if v.o.sport != 0 {
			s += ":" + strconv.Itoa(int(v.SrcPort))
		}
	case other.Pool != "" || other.o.src != 0 || other.o.sport != 0:
		s += ", source unchanged"
	}
	return s
}

// shifted is what addresses become: all of them where they are one range, else that of the example.
func shifted(list []span, by uint32, example ast.IP) string {
	if len(list) != 1 {
		return "the like of " + example.String()
	}
	return netWords(span{list[0].lo + by, list[0].hi + by})
}

// The JSON form: an array of objects, each with its kind.
type jsonItem struct {
	Kind       string       `json:"kind"` // flows, interface, undecided, note
	Text       string       `json:"text,omitempty"`
	Ingress    string       `json:"ingress,omitempty"`
	Tunnel     bool         `json:"tunnel,omitempty"`
	Only       string       `json:"only,omitempty"` // interface: the file that has it
	Where      []jsonRegion `json:"where,omitempty"`
	Conditions []string     `json:"conditions,omitempty"`
	Example    string       `json:"example,omitempty"` // operands of packet-tracer
	Old        *jsonVerdict `json:"old,omitempty"`
	New        *jsonVerdict `json:"new,omitempty"`
}

type jsonRegion struct {
	Proto string `json:"proto"`
	Src   string `json:"src"`
	Sport string `json:"sport,omitempty"`
	Dst   string `json:"dst"`
	Dport string `json:"dport,omitempty"`
	Type  string `json:"type,omitempty"`
}

type jsonVerdict struct {
	Result string     `json:"result"`
	Reason string     `json:"reason,omitempty"`
	Egress string     `json:"egress,omitempty"`
	Src    string     `json:"src,omitempty"` // of the example, as it leaves
	Sport  uint16     `json:"sport,omitempty"`
	Dst    string     `json:"dst,omitempty"`
	Dport  uint16     `json:"dport,omitempty"`
	Pool   string     `json:"pool,omitempty"`
	With   string     `json:"with,omitempty"`
	Lines  []jsonLine `json:"lines"`
}

type jsonLine struct {
	File string `json:"file"`
	Line int32  `json:"line"`
	Text string `json:"text"`
}

// MarshalJSON is the report for machines.
func (r *Report) MarshalJSON() ([]byte, error) {
	items := []jsonItem{}
	for _, name := range r.OnlyOld {
		items = append(items, jsonItem{Kind: "interface", Ingress: name, Only: r.Old})
	}
	for _, name := range r.OnlyNew {
		items = append(items, jsonItem{Kind: "interface", Ingress: name, Only: r.New})
	}
	for i := range r.Differences {
		d := &r.Differences[i]
		it := jsonItem{Kind: "flows", Ingress: d.Ingress, Tunnel: d.Tunnel, Example: d.Example.String(), Old: verdict(r.Old, &d.Old, d), New: verdict(r.New, &d.New, d)}
		it.Text = fmt.Sprintf("was %s, now %s", d.words(&d.Old, &d.New), d.words(&d.New, &d.Old))
		for j := range d.Where {
			g := &d.Where[j]
			w := jsonRegion{Proto: g.protoWords(), Src: words(g.src, fullIP, netWords), Dst: words(g.dst, fullIP, netWords)}
			if !g.protos.and(withPorts).empty() {
				w.Sport, w.Dport = words(g.sport, fullPorts, portWords), words(g.dport, fullPorts, portWords)
			}
			if g.protos.has(ast.ProtoICMP) {
				w.Type = g.typeWords()
			}
			it.Where = append(it.Where, w)
		}
		for _, k := range d.If {
			it.Conditions = append(it.Conditions, k.String())
		}
		items = append(items, it)
	}
	for _, u := range r.Undecided {
		items = append(items, jsonItem{Kind: "undecided", Text: u})
	}
	for _, n := range r.remarks() {
		items = append(items, jsonItem{Kind: "note", Text: n})
	}
	return json.Marshal(items)
}

func verdict(file string, v *Verdict, d *Difference) *jsonVerdict {
	j := &jsonVerdict{Result: v.Action.String(), Reason: v.Why, Egress: v.Egress, Pool: v.Pool, With: v.With, Lines: []jsonLine{}}
	if v.Action == Forward || v.Action == Encrypt {
		j.Dst, j.Dport = v.Dst.String(), v.DstPort
		if v.Pool == "" {
			j.Src, j.Sport = v.Src.String(), v.SrcPort
		}
	}
	for _, l := range v.Lines {
		j.Lines = append(j.Lines, jsonLine{file, l.Pos.Line, l.Text()})
	}
	return j
}
