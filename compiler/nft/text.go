package nft

import (
	"fmt"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// Text is the ruleset as a file for `nft -f`. Loading it replaces the table pixfw, in one transaction, and touches
// nothing else.
func (r *Ruleset) Text() string {
	text, _ := r.Render()
	return text
}

// Render is Text, with the numbers of the lines of text that each line of the configuration became. Comments do not count.
func (r *Ruleset) Render() (text string, at map[ast.Pos][]int) {
	var b strings.Builder
	at = map[ast.Pos][]int{}
	// note records that the text from here to where the returned func is called comes from line.
	line, done := 1, 0
	note := func(from compiler.Line, comments int) func() {
		count := func() int {
			line += strings.Count(b.String()[done:], "\n")
			done = b.Len()
			return line
		}
		first := count() + comments
		return func() {
			for n := first; n < count() && from.Pos.IsValid(); n++ {
				at[from.Pos] = append(at[from.Pos], n)
			}
		}
	}
	b.WriteString("#!/usr/sbin/nft -f\n# Made from a PIX configuration. Loading this file replaces the table, in one transaction.\n")
	if len(r.Sysctls) > 0 {
		b.WriteString("#\n# It relies on these settings:\n")
		for _, s := range r.Sysctls {
			fmt.Fprintf(&b, "#   %s = %s\n", s.Key, s.Value)
		}
	}
	fmt.Fprintf(&b, "\ntable ip %s\ndelete table ip %s\ntable ip %s {\n", Table, Table, Table)
	for _, h := range r.Helpers {
		end := note(h.Line, 1)
		comment(&b, "\t", h.Line.Text())
		fmt.Fprintf(&b, "\tct helper %s {\n\t\ttype \"%s\" protocol %s\n\t\tl3proto ip\n\t}\n\n", h.Name, h.Type, ast.ProtocolWord(h.Proto))
		end()
	}
	for i := range r.Sets {
		end := note(r.Sets[i].Line, 2)
		r.Sets[i].text(&b)
		end()
	}
	for i := range r.Chains {
		r.Chains[i].text(&b, note)
	}
	b.WriteString("}\n")
	return b.String(), at
}

func comment(b *strings.Builder, indent, text string) {
	if text != "" {
		b.WriteString(indent + "# " + strings.Map(func(c rune) rune {
			if c < ' ' {
				return ' '
			}
			return c
		}, text) + "\n")
	}
}

func (s *Set) text(b *strings.Builder) {
	comment(b, "\t", s.Note)
	comment(b, "\t", s.Line.Text())
	kind, word, typ, flags := "set", "type", "ipv4_addr", ""
	var elems []string
	switch s.Kind {
	case Addrs:
		flags = "\t\tflags interval\n"
		for _, r := range s.Ranges {
			elems = append(elems, r.addr())
		}
	case Values:
		typ, flags = keyType(s.Key), "\t\tflags interval\n"
		for _, r := range s.Ranges {
			elems = append(elems, s.key(r))
		}
	case Pairs:
		typ = "ipv4_addr . ipv4_addr"
		for _, p := range s.Pairs {
			elems = append(elems, p[0].String()+" . "+p[1].String())
		}
	case Dynamic:
		flags = fmt.Sprintf("\t\tsize %d\n\t\tflags dynamic,timeout\n\t\ttimeout %ds\n", dynamicSize, int(s.Timeout.Seconds()))
	case LiveAddrs, LivePairs, LiveProtos:
		flags = fmt.Sprintf("\t\tsize %d\n\t\tflags timeout\n", dynamicSize)
		switch s.Kind {
		case LivePairs:
			typ = "ipv4_addr . ipv4_addr"
		case LiveProtos:
			typ = "inet_proto"
		}
		for _, m := range s.Members {
			elems = append(elems, m.text(s.Kind))
		}
	case LiveDoors:
		typ, flags = doorTypes, fmt.Sprintf("\t\tsize %d\n\t\tflags dynamic,timeout\n", dynamicSize)
		for _, m := range s.Members {
			elems = append(elems, m.text(s.Kind))
		}
	case DoorMap:
		kind, typ, flags = "map", doorMapTypes, fmt.Sprintf("\t\tsize %d\n\t\tflags timeout\n", dynamicSize)
		for _, m := range s.Members {
			elems = append(elems, m.text(s.Kind))
		}
	case Octets, Lengths:
		word, typ = "typeof", lengthsText
		if s.Kind == Octets {
			typ = fmt.Sprintf(octetsText, 120, 152)
		}
		for _, p := range s.Pairs {
			elems = append(elems, fmt.Sprintf("%d . %d", p[0], p[1]))
		}
	case Queries:
		word, typ = "typeof", queryText
		flags = fmt.Sprintf("\t\tsize %d\n\t\tflags dynamic,timeout\n\t\ttimeout %ds\n", dynamicSize, int(s.Timeout.Seconds()))
	case Counting:
		flags = fmt.Sprintf("\t\tsize %d\n\t\tflags dynamic\n", dynamicSize)
	case Verdicts:
		kind, typ = "map", keyType(s.Key)+" : verdict"
		if s.interval() {
			flags = "\t\tflags interval\n"
		}
		if s.Counted {
			flags += "\t\tcounter\n"
		}
		for _, v := range s.Verdicts {
			elems = append(elems, s.key(v.Range)+" : "+stmtText(v.Do))
		}
	case CallMarks, CallEnds:
		kind, typ = "map", "ipv4_addr . ipv4_addr . inet_service . inet_service : mark"
		if s.Kind == CallEnds {
			typ = "ipv4_addr . ipv4_addr . inet_service . inet_service : ipv4_addr . inet_service"
		}
		flags = fmt.Sprintf("\t\tsize %d\n\t\tflags timeout\n", dynamicSize)
	case LivePorts:
		kind, typ = "map", "inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service"
		for _, p := range s.Ports {
			elems = append(elems, fmt.Sprintf("%s . %v . %d : %v . %d", protoText(Range{Lo: uint32(p.Proto)}), p.Real, p.Port, p.Mapped, p.As))
		}
	case AddrMap, LiveMap:
		kind, typ = "map", "ipv4_addr : ipv4_addr"
		if s.Kind == LiveMap {
			flags = fmt.Sprintf("\t\tsize %d\n", dynamicSize)
		}
		if s.Comment != "" {
			flags += "\t\tcomment \"" + s.Comment + "\"\n"
		}
		for _, p := range s.Pairs {
			key := p[0].String()
			if text := s.Comments[p[0]]; text != "" {
				key += " comment \"" + text + "\""
			}
			elems = append(elems, key+" : "+p[1].String())
		}
	}
	fmt.Fprintf(b, "\t%s %s {\n\t\t%s %s\n%s", kind, s.Name, word, typ, flags)
	if len(elems) > 0 {
		b.WriteString("\t\telements = {\n\t\t\t" + strings.Join(elems, ",\n\t\t\t") + "\n\t\t}\n")
	}
	b.WriteString("\t}\n\n")
}

// The key of a set of Queries, of a query and of its answer. The id comes after the UDP header.
const (
	queryText  = "ip saddr . ip daddr . udp sport . @th,64,16"
	answerText = "ip daddr . ip saddr . udp dport . @th,64,16"
)

func (m Member) text(kind SetKind) string {
	w := m.IP.String()
	switch kind {
	case LivePairs:
		w += " . " + m.To.String()
	case LiveProtos:
		w = strconv.Itoa(int(m.IP))
	case LiveDoors, DoorMap:
		w += fmt.Sprintf(" . %v . %d . %d", m.To, m.Door.Proto, m.Door.Port)
	}
	if m.For > 0 {
		w += fmt.Sprintf(" timeout %ds", max(1, int(m.For.Seconds())))
	}
	if kind == DoorMap {
		w += fmt.Sprintf(" : %v . %d", m.Door.Real, m.Door.RealPort)
	}
	return w
}

// keyType is the type of a field as the key of a set.
func keyType(f Field) string {
	switch f {
	case Sport, Dport:
		return "inet_service"
	case L4Proto:
		return "inet_proto"
	case ICMPType:
		return "icmp_type"
	case PacketMark:
		return "mark"
	}
	return "ipv4_addr"
}

// key is a range of values of the set's key.
func (s *Set) key(r Range) string {
	switch s.Key {
	case Saddr, Daddr:
		return r.addr()
	case PacketMark:
		return fmt.Sprintf("0x%08x", r.Lo)
	}
	return r.number()
}

func (c *Chain) text(b *strings.Builder, note func(compiler.Line, int) func()) {
	comment(b, "\t", c.Note)
	fmt.Fprintf(b, "\tchain %s {\n", c.Name)
	if c.Hook != "" {
		policy := "accept"
		if c.Drop {
			policy = "drop"
		}
		fmt.Fprintf(b, "\t\ttype %s hook %s priority %d; policy %s;\n", c.Type, c.Hook, c.Priority, policy)
	}
	last := ""
	for i := range c.Rules {
		rule := &c.Rules[i]
		if t := rule.Line.Text(); t != last {
			comment(b, "\t\t", t)
			last = t
		}
		end := note(rule.Line, 0)
		b.WriteString("\t\t" + rule.text() + "\n")
		end()
	}
	b.WriteString("\t}\n\n")
}

func (r *Rule) text() string {
	var w []string
	proto := "th" // the protocol word that port matches hang on
	for i, m := range r.Match {
		if m.Field == L4Proto {
			proto = "th"
			if len(m.Values) == 1 && m.Values[0].Lo == m.Values[0].Hi && !m.Not {
				if v := m.Values[0].Lo; v == ast.ProtoTCP || v == ast.ProtoUDP || v == ast.ProtoICMP {
					proto = ast.ProtocolWord(uint8(v))
				}
			}
			// tcp dport implies the protocol; spelling it twice would list it once.
			if proto != "th" {
				next := Iif
				if i+1 < len(r.Match) {
					next = r.Match[i+1].Field
				} else if d, ok := r.Do[0].(Dispatch); ok {
					next = d.Field
				}
				switch next {
				case Sport, Dport, ICMPType, TCPFlags, TCPWords, UDPLenOver:
					continue
				}
			}
		}
		w = append(w, m.text(proto))
	}
	for _, s := range r.Do {
		if d, ok := s.(Dispatch); ok {
			w = append(w, d.text(proto))
			continue
		}
		w = append(w, stmtText(s))
	}
	if r.Note != "" {
		w = append(w, `comment "`+quoted(r.Note, maxComment)+`"`)
	}
	return strings.Join(w, " ")
}

func (d Dispatch) text(proto string) string {
	field := ""
	switch d.Field {
	case Saddr:
		field = "ip saddr"
	case Daddr:
		field = "ip daddr"
	case L4Proto:
		field = "meta l4proto"
	case Sport:
		field = proto + " sport"
	case Dport:
		field = proto + " dport"
	case ICMPType:
		field = "icmp type"
	case PacketMark:
		field = "meta mark"
	}
	return field + " vmap @" + d.Set
}

type bitWord struct {
	bit  uint32
	word string
}

var (
	flagWords  = []bitWord{{flagFIN, "fin"}, {flagSYN, "syn"}, {flagRST, "rst"}, {flagACK, "ack"}}
	stateWords = []bitWord{{StateInvalid, "invalid"}, {StateEstablished, "established"}, {StateRelated, "related"}, {StateNew, "new"},
		{StateUntracked, "untracked"}}
	statusWords = []bitWord{{StatusConfirmed, "confirmed"}, {StatusSNAT, "snat"}, {StatusDNAT, "dnat"}}
)

func bits(v uint32, words []bitWord) []string {
	var w []string
	for _, b := range words {
		if v&b.bit != 0 {
			w = append(w, b.word)
		}
	}
	return w
}

func protoText(r Range) string {
	switch r.Lo {
	case ast.ProtoTCP, ast.ProtoUDP, ast.ProtoICMP:
		return ast.ProtocolWord(uint8(r.Lo))
	}
	return strconv.Itoa(int(r.Lo))
}

func (r Range) addr() string {
	lo := ast.IP(r.Lo).String()
	switch n, ok := r.prefix(); {
	case r.Lo == r.Hi:
		return lo
	case ok:
		return lo + "/" + strconv.Itoa(n)
	}
	return lo + "-" + ast.IP(r.Hi).String()
}

// raw is a range of addresses where nft does not know that they are addresses.
func (r Range) raw() string {
	if r.Lo == r.Hi {
		return fmt.Sprintf("0x%x", r.Lo)
	}
	return fmt.Sprintf("0x%x-0x%x", r.Lo, r.Hi)
}

func (s Rewrite) value(ip ast.IP) string {
	if s.Field == QuotedSaddr || s.Field == QuotedDaddr {
		return fmt.Sprintf("0x%x", uint32(ip))
	}
	return ip.String()
}

// fieldText is an address that can be rewritten. The packet that an ICMP error quotes is behind 28 octets. nft does not keep its
// checksum when it is told of it in text: in messages it is kept.
func fieldText(f Field) string {
	switch f {
	case Daddr:
		return "ip daddr"
	case QuotedSaddr:
		return "@nh,320,32"
	case QuotedDaddr:
		return "@nh,352,32"
	}
	return "ip saddr"
}

func (r Range) number() string {
	if r.Lo == r.Hi {
		return strconv.FormatUint(uint64(r.Lo), 10)
	}
	return strconv.FormatUint(uint64(r.Lo), 10) + "-" + strconv.FormatUint(uint64(r.Hi), 10)
}

func stmtText(s Stmt) string {
	switch s := s.(type) {
	case Counter:
		return "counter"
	case Log:
		return `log prefix "` + quoted(s.Prefix, maxPrefix) + `" group ` + strconv.Itoa(LogGroup)
	case SetMark:
		return fmt.Sprintf("ct mark set 0x%08x", s.Mark)
	case Update:
		if s.Dst {
			return "update @" + s.Set + " { ip daddr }"
		}
		return "update @" + s.Set + " { ip saddr }"
	case Rewrite:
		f := fieldText(s.Field)
		if s.Map != "" {
			return f + " set " + f + " map @" + s.Map
		}
		if s.To.Mask == ast.AllOnes {
			return f + " set " + s.value(s.To.IP)
		}
		return f + " set " + f + " & " + s.value(^s.To.Mask) + " | " + s.value(s.To.IP)
	case MarkPacket:
		return fmt.Sprintf("meta mark set meta mark | 0x%08x", s.Bits)
	case ClassPacket:
		return fmt.Sprintf("meta mark set ct mark & 0x%08x | 0x%08x", markClass, s.Mark)
	case KeepOrigin:
		return fmt.Sprintf("meta mark set meta mark & 0x%08x | 0x%08x", markOrigin, s.Mark)
	case SetPacketMark:
		return fmt.Sprintf("meta mark set 0x%08x", s.Mark)
	case TakeMark:
		return "ct mark set meta mark meta mark set 0x00000000"
	case Original:
		return "ip daddr set ct original ip daddr tcp dport set ct original proto-dst"
	case NoTimestamp:
		return "reset tcp option timestamp"
	case WaitingMark:
		return "meta mark set " + callKey + " map @" + WaitingCalls
	case MakeCall:
		return "ct mark set " + callKey + " map @" + Calls + " dnat ip to " + callKey + " map @" + CallTargets
	case NoTrack:
		return "notrack"
	case SynProxy:
		return fmt.Sprintf("synproxy mss %d wscale %d timestamp sack-perm", proxyMSS, proxyScale)
	case AddMark:
		return fmt.Sprintf("ct mark set ct mark | 0x%08x", s.Bits)
	case ClearMark:
		return fmt.Sprintf("ct mark set ct mark & 0x%08x", ^s.Bits)
	case ShutDoor:
		return "delete @" + s.Set + " { " + doorText + " }"
	case Behind:
		return "dnat ip to " + doorText + " map @" + s.Map
	case Ask:
		return "update @" + s.Set + " { " + queryText + " }"
	case Answer:
		return "delete @" + s.Set + " { " + answerText + " }"
	case ToQueue:
		if s.Bypass {
			return fmt.Sprintf("queue num %d bypass", s.Num)
		}
		return fmt.Sprintf("queue num %d", s.Num)
	case Limit:
		w := "saddr"
		if s.Dst {
			w = "daddr"
		}
		return fmt.Sprintf("add @%s { ip %s ct count over %d }", s.Set, w, s.Over)
	case Meter:
		w := "saddr"
		if s.Dst {
			w = "daddr"
		}
		return fmt.Sprintf("update @%s { ip %s limit rate over %d/second burst %d packets }", s.Set, w, s.Over, s.Over)
	case RaiseMSS:
		return fmt.Sprintf("@th,176,16 set %d", s.Size)
	case SetTTL:
		return fmt.Sprintf("ip ttl set %d", s.TTL)
	case SetMSS:
		return fmt.Sprintf("tcp option maxseg size set %d", s.Size)
	case SetHelper:
		return `ct helper set "` + s.Name + `"`
	case NAT:
		w, field := "snat ", "ip saddr"
		if s.Dst {
			w, field = "dnat ", "ip daddr"
		}
		switch {
		case s.Ports != "":
			return w + "ip to " + portText(s.Echo) + " map @" + s.Ports
		case s.Map != "":
			return w + "to " + field + " map @" + s.Map
		case s.Prefix:
			w += "ip prefix to " + Range{uint32(s.First), uint32(s.Last)}.addr()
		default:
			w += "to " + s.First.String()
			if s.Last != s.First {
				w += "-" + s.Last.String()
			}
			if s.PortLo != 0 {
				w += ":" + Range{uint32(s.PortLo), uint32(s.PortHi)}.number()
			}
		}
		if s.Persistent {
			w += " persistent"
		}
		return w
	case Accept:
		return "accept"
	case Reset:
		return "reject with tcp reset"
	case Drop:
		return "drop"
	case Return:
		return "return"
	case Jump:
		return "jump " + s.Chain
	case Goto:
		return "goto " + s.Chain
	}
	return ""
}
