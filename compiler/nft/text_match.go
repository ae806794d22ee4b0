package nft

import (
	"fmt"
	"strings"

	"pixfw/ast"
)

// values are those that a field is compared with.
func (m *Match) values(f func(Range) string) string {
	op := ""
	if m.Not {
		op = "!= "
	}
	if m.Set != "" {
		return op + "@" + m.Set
	}
	if len(m.Values) == 1 {
		return op + f(m.Values[0])
	}
	var w []string
	for _, v := range m.Values {
		w = append(w, f(v))
	}
	return op + "{ " + strings.Join(w, ", ") + " }"
}

func (m *Match) text(proto string) string {
	op := ""
	if m.Not {
		op = "!= "
	}
	value := m.values
	switch m.Field {
	case Iif:
		return `iifname ` + op + `"` + m.Name + `"`
	case Oif:
		return `oifname ` + op + `"` + m.Name + `"`
	case Saddr, Daddr:
		w := "ip saddr "
		if m.Field == Daddr {
			w = "ip daddr "
		}
		if m.Mask != 0 {
			if op == "" {
				op = "== "
			}
			return w + "& " + ast.IP(m.Mask).String() + " " + op + ast.IP(m.Values[0].Lo).String()
		}
		return w + value(Range.addr)
	case QuotedSaddr, QuotedDaddr:
		return fieldText(m.Field) + " " + value(Range.raw)
	case SaddrDaddr:
		return "ip saddr . ip daddr " + op + "@" + m.Set
	case L4Proto:
		return "meta l4proto " + value(func(r Range) string { return protoText(r) })
	case Sport:
		return proto + " sport " + value(Range.number)
	case Dport:
		return proto + " dport " + value(Range.number)
	case ICMPType:
		return "icmp type " + value(Range.number)
	case TCPFlags:
		if op == "" {
			op = "== "
		}
		want := "0x0"
		if m.Values[0].Lo != 0 {
			want = strings.Join(bits(m.Values[0].Lo, flagWords), " | ")
		}
		return "tcp flags & (" + strings.Join(bits(m.Mask, flagWords), " | ") + ") " + op + want
	case DoorOf:
		return doorText + " @" + m.Set
	case TCPWords:
		return fmt.Sprintf("tcp doff %s%d", op, m.Values[0].Lo)
	case CtState:
		if m.Not {
			return "ct state ! " + strings.Join(bits(m.Mask, stateWords), ",")
		}
		return "ct state " + strings.Join(bits(m.Mask, stateWords), ",")
	case CtStatus:
		if m.Not {
			return "ct status ! " + strings.Join(bits(m.Mask, statusWords), ",")
		}
		return "ct status " + strings.Join(bits(m.Mask, statusWords), ",")
	case LiveDaddr:
		return "ip daddr map @" + m.Set + " " + (&Match{Field: m.Field, Not: m.Not, Values: m.Values}).values(Range.addr)
	case OrigSaddr:
		return "ct original ip saddr " + value(Range.addr)
	case OrigDaddr:
		return "ct original ip daddr " + value(Range.addr)
	case OrigDport:
		return "ct original proto-dst " + value(Range.number)
	case ParentHelper:
		return `ct helper ` + op + `"` + m.Name + `"`
	case CtReply:
		if m.Not {
			return "ct direction original"
		}
		return "ct direction reply"
	case CtMark:
		if m.Mask != 0 {
			if op == "" {
				op = "== "
			}
			return fmt.Sprintf("ct mark & 0x%08x %s0x%08x", m.Mask, op, m.Values[0].Lo)
		}
		return fmt.Sprintf("ct mark %s0x%08x", op, m.Values[0].Lo)
	case PacketMark:
		if op == "" {
			op = "== "
		}
		return fmt.Sprintf("meta mark & 0x%08x %s0x%08x", m.Mask, op, m.Values[0].Lo)
	case PacketMarkOver:
		if m.Not {
			return fmt.Sprintf("meta mark <= 0x%08x", m.Values[0].Lo)
		}
		return fmt.Sprintf("meta mark > 0x%08x", m.Values[0].Lo)
	case IsFragment:
		return "ip frag-off & 0x3fff != 0"
	case PortOf, EchoOf:
		return portText(m.Field == EchoOf) + " " + op + "@" + m.Set
	case AskedBefore:
		return queryText + " " + op + "@" + m.Set
	case QueryOf:
		return answerText + " " + op + "@" + m.Set
	case SourceMAC:
		value, word := m.MAC.MAC, "ether saddr "
		for i := range value {
			value[i] &= m.MAC.Mask[i]
		}
		if m.MAC.Mask != allOctets {
			if op == "" {
				op = "== "
			}
			word += "& " + macText(m.MAC.Mask) + " "
		}
		return word + op + macText(value)
	case CallOf:
		return callKey + " @" + m.Set
	case FirstOption:
		return "@nh,160,8 " + value(Range.number)
	case TTL:
		return fmt.Sprintf("ip ttl %s%d", op, m.Values[0].Lo)
	case HdrLen:
		return fmt.Sprintf("ip hdrlength > %d", m.Values[0].Lo)
	case RoutedTo:
		return `fib daddr oifname ` + op + `"` + m.Name + `"`
	case NoRoute:
		return "fib saddr . iif oif 0"
	case SameAddrs:
		var w []string
		for n := range 4 {
			w = append(w, fmt.Sprintf(octetsText, 120-8*n, 152-8*n)+" "+op+"@"+m.Set)
		}
		return strings.Join(w, " ")
	case SamePorts:
		var w []string
		for n := range 2 {
			w = append(w, fmt.Sprintf(portOctetsText, 8-8*n, 24-8*n)+" "+op+"@"+m.Set)
		}
		return strings.Join(w, " ")
	case UDPLengths:
		return lengthsText + " " + op + "@" + m.Set
	case IPLenOver:
		return fmt.Sprintf("ip length > %d", m.Values[0].Lo)
	case UDPLenOver:
		return fmt.Sprintf("udp length > %d", m.Values[0].Lo)
	case MSSUnder:
		return fmt.Sprintf("tcp option maxseg size < %d", m.Values[0].Lo)
	case FirstTCPOption:
		return fmt.Sprintf("@th,160,16 %s0x%x", op, m.Values[0].Lo)
	case MSSOver:
		return fmt.Sprintf("tcp option maxseg size > %d", m.Values[0].Lo)
	}
	return ""
}

// portText is the key of a set of LivePorts.
func portText(echo bool) string {
	if echo {
		return "meta l4proto . ip saddr . @th,32,16"
	}
	return "meta l4proto . ip saddr . th sport"
}

func macText(mac [6]byte) string { return strings.ReplaceAll(fmt.Sprintf("% x", mac[:]), " ", ":") }
