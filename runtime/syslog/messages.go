package syslog

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// End is one end of a flow. Without an interface it prints as address/port, else as interface:address/port.
type End struct {
	If   string
	IP   ast.IP
	Port uint16
}

func (e End) String() string {
	var buf [64]byte
	return string(e.append(buf[:0]))
}

func (e End) append(b []byte) []byte {
	if e.If != "" {
		b = append(append(b, e.If...), ':')
	}
	b = append(appendIP(b, e.IP), '/')
	return strconv.AppendUint(b, uint64(e.Port), 10)
}

// appendHost is the end without its port.
func (e End) appendHost(b []byte) []byte { return appendIP(append(append(b, e.If...), ':'), e.IP) }

// appendIP is a dotted quad. Four of them stand in each message about a connection, so it pays to be quick.
func appendIP(b []byte, ip ast.IP) []byte {
	for shift := 24; ; shift -= 8 {
		n := byte(ip >> shift)
		switch {
		case n >= 100:
			b = append(b, '0'+n/100, '0'+n/10%10, '0'+n%10)
		case n >= 10:
			b = append(b, '0'+n/10, '0'+n%10)
		default:
			b = append(b, '0'+n)
		}
		if shift == 0 {
			return b
		}
		b = append(b, '.')
	}
}

// appendHMS is ast.HMS.
func appendHMS(b []byte, d time.Duration) []byte {
	n := max(int64(d/time.Second), 0)
	two := func(n int64) { b = append(b, ':', byte('0'+n/10), byte('0'+n%10)) }
	b = strconv.AppendInt(b, n/3600, 10)
	two(n / 60 % 60)
	two(n % 60)
	return b
}

func appendUser(b []byte, user string) []byte {
	if user == "" {
		return b
	}
	return append(append(append(b, " ("...), user...), ')')
}

// bare is the end without its interface.
func (e End) bare() End { e.If = ""; return e }

// Flow is a packet as most messages print it: `tcp src outside:198.51.100.7/4000 dst inside:203.0.113.80/443`, for ICMP without
// ports but with type and code, for other protocols `protocol 47 src outside:198.51.100.7 dst inside:203.0.113.80`.
type Flow struct {
	Proto    uint8
	Src, Dst End
	Type     uint8 // ICMP
	Code     uint8
}

// FlowOf is the flow of a packet that arrived on one interface and would leave by the other.
func FlowOf(p *runtime.Packet, srcIf, dstIf string) Flow {
	return Flow{p.Proto, End{srcIf, p.Src, p.SrcPort}, End{dstIf, p.Dst, p.DstPort}, p.ICMPType, p.ICMPCode}
}

func (f Flow) String() string {
	switch f.Proto {
	case ast.ProtoTCP, ast.ProtoUDP:
		return ProtoName(f.Proto) + " src " + f.Src.String() + " dst " + f.Dst.String()
	case ast.ProtoICMP:
		return fmt.Sprintf("icmp src %s:%v dst %s:%v (type %d, code %d)", f.Src.If, f.Src.IP, f.Dst.If, f.Dst.IP, f.Type, f.Code)
	}
	return fmt.Sprintf("protocol %d src %s:%v dst %s:%v", f.Proto, f.Src.If, f.Src.IP, f.Dst.If, f.Dst.IP)
}

// ProtoName is a protocol as texts name it: tcp, udp, icmp, or `protocol 47`.
func ProtoName(proto uint8) string {
	switch proto {
	case ast.ProtoTCP:
		return "tcp"
	case ast.ProtoUDP:
		return "udp"
	case ast.ProtoICMP:
		return "icmp"
	}
	return "protocol " + strconv.Itoa(int(proto))
}

// upperName is the protocol of the messages that write it in capitals.
func upperName(proto uint8) string {
	switch proto {
	case ast.ProtoTCP:
		return "TCP"
	case ast.ProtoUDP:
		return "UDP"
	case ast.ProtoICMP:
		return "ICMP"
	}
	return strconv.Itoa(int(proto))
}

// services are the words of the 7100xx messages in place of ports. ssh, bootps and the netbios ones were seen in logs, the
// others are unconfirmed.
var services = map[uint16]string{
	7: "echo", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 67: "bootps", 68: "bootpc", 69: "tftp", 80: "http",
	123: "ntp", 137: "netbios-ns", 138: "netbios-dgm", 139: "netbios-ssn", 161: "snmp", 162: "snmptrap", 443: "https",
	500: "isakmp", 514: "syslog", 520: "rip",
}

// Service is a port as the 7100xx and 6050xx messages print it.
func Service(port uint16) string {
	if w, ok := services[port]; ok {
		return w
	}
	return strconv.Itoa(int(port))
}

// serviceEnd is IF:DST/SERVICE.
func serviceEnd(e End) string { return e.If + ":" + e.IP.String() + "/" + Service(e.Port) }

func direction(inbound bool) string {
	if inbound {
		return "inbound"
	}
	return "outbound"
}

// Deny106001 to Deny106014 are for packets to a higher level, where no access list is bound (semantics.md 2.3).
func Deny106001(f Flow, flags runtime.TCPFlags) runtime.Message {
	return New(106001, f.Src.bare(), f.Dst.bare(), flags, f.Src.If)
}

// Deny106006 is UDP to a higher level.
func Deny106006(f Flow) runtime.Message { return New(106006, f.Src.bare(), f.Dst.bare(), f.Src.If) }

// Deny106007 is DNS to a higher level.
func Deny106007(f Flow, response bool) runtime.Message {
	kind := "Query"
	if response {
		kind = "Response"
	}
	return New(106007, f.Src.bare(), f.Dst.bare(), kind)
}

// Deny106015 is a TCP segment without a connection.
func Deny106015(f Flow, flags runtime.TCPFlags) runtime.Message {
	return New(106015, f.Src.bare(), f.Dst.bare(), flags, f.Src.If)
}

// Deny106021 is a source that the interface does not lead to.
func Deny106021(f Flow) runtime.Message {
	return New(106021, ProtoName(f.Proto), f.Src.IP, f.Dst.IP, f.Src.If)
}

// Deny106023 is the deny of an access list.
func Deny106023(f Flow, acl string) runtime.Message {
	if f.Proto != ast.ProtoTCP && f.Proto != ast.ProtoUDP {
		return New(106023, f, acl)
	}
	var buf [192]byte
	b := append(append(append(buf[:0], "Deny "...), ProtoName(f.Proto)...), " src "...)
	b = f.Dst.append(append(f.Src.append(b), " dst "...))
	b = append(append(append(b, ` by access-group "`...), acl...), '"')
	return runtime.Message{ID: 106023, Level: 4, Text: string(b)}
}

// Log106100 is an access list entry with `log`. The level is the entry's own. verb is permitted, denied or est-allowed; a zero
// interval makes it the first hit.
func Log106100(level int, acl, verb string, f Flow, hits uint64, interval time.Duration) runtime.Message {
	sport, dport := int(f.Src.Port), int(f.Dst.Port)
	if f.Proto == ast.ProtoICMP {
		sport, dport = 0, int(f.Type)
	}
	when := "first hit"
	if interval > 0 {
		when = strconv.Itoa(int(interval/time.Second)) + "-second interval"
	}
	m := New(106100, acl, verb, ProtoName(f.Proto), f.Src.If, f.Src.IP, sport, f.Dst.If, f.Dst.IP, dport, hits, when)
	m.Level = level
	return m
}

// A Connection is what the messages of its birth and death say about it: the lower interface first, whatever the direction.
type Connection struct {
	Number                 uint64
	Proto                  uint8
	Inbound                bool
	Foreign, ForeignMapped End // on the lower interface; the mapped one prints without interface
	Local, Global          End // on the higher
	User                   string
}

// Texts keeps the texts of messages in blocks, so that many share one allocation. The zero Texts is ready; nil keeps each text by
// itself. A block lives as long as one of its texts.
type Texts struct{ block strings.Builder }

const textBlock = 4096

func (t *Texts) keep(b []byte) string {
	if t == nil {
		return string(b)
	}
	if t.block.Cap()-t.block.Len() < len(b) {
		t.block = strings.Builder{}
		t.block.Grow(max(textBlock, len(b)))
	}
	n := t.block.Len()
	t.block.Write(b)
	return t.block.String()[n:]
}

// Built is 302013 for TCP and 302015 for UDP.
func Built(c *Connection) runtime.Message { return (*Texts)(nil).Built(c) }

// Teardown is 302014 for TCP, with its reason, and 302016 for UDP.
func Teardown(c *Connection, lived time.Duration, bytes uint64, reason string) runtime.Message {
	return (*Texts)(nil).Teardown(c, lived, bytes, reason)
}

// Built is the function of that name, with its text in a block.
func (t *Texts) Built(c *Connection) runtime.Message {
	id := 302013
	if c.Proto == ast.ProtoUDP {
		id = 302015
	}
	var buf [256]byte
	b := append(append(append(buf[:0], "Built "...), direction(c.Inbound)...), ' ')
	b = append(append(b, upperName(c.Proto)...), " connection "...)
	b = append(strconv.AppendUint(b, c.Number, 10), " for "...)
	b = append(c.ForeignMapped.bare().append(append(c.Foreign.append(b), " ("...)), ") to "...)
	b = append(c.Global.bare().append(append(c.Local.append(b), " ("...)), ')')
	b = appendUser(b, c.User)
	return runtime.Message{ID: id, Level: 6, Text: t.keep(b)}
}

// Teardown is the function of that name, with its text in a block.
func (t *Texts) Teardown(c *Connection, lived time.Duration, bytes uint64, reason string) runtime.Message {
	var buf [256]byte
	b := append(append(append(buf[:0], "Teardown "...), upperName(c.Proto)...), " connection "...)
	b = append(strconv.AppendUint(b, c.Number, 10), " for "...)
	b = c.Local.append(append(c.Foreign.append(b), " to "...))
	b = appendHMS(append(b, " duration "...), lived)
	b = strconv.AppendUint(append(b, " bytes "...), bytes, 10)
	id := 302016
	if c.Proto == ast.ProtoTCP {
		id = 302014
		b = append(append(b, ' '), reason...)
	}
	b = appendUser(b, c.User)
	return runtime.Message{ID: id, Level: 6, Text: t.keep(b)}
}

func life(static bool) string {
	if static {
		return "static"
	}
	return "dynamic"
}

// XlateBuilt is 305011 for a port translation (proto not 0) and 305009 for an address translation.
func XlateBuilt(proto uint8, static bool, real, mapped End) runtime.Message {
	var buf [192]byte
	id, b := appendXlate(append(buf[:0], "Built "...), 305009, 305011, proto, static, real, mapped)
	return runtime.Message{ID: id, Level: 6, Text: string(b)}
}

// XlateTeardown is 305012 or 305010.
func XlateTeardown(proto uint8, static bool, real, mapped End, lived time.Duration) runtime.Message {
	var buf [192]byte
	id, b := appendXlate(append(buf[:0], "Teardown "...), 305010, 305012, proto, static, real, mapped)
	b = appendHMS(append(b, " duration "...), lived)
	return runtime.Message{ID: id, Level: 6, Text: string(b)}
}

// appendXlate is the text, and the id: that of an address or that of a port.
func appendXlate(b []byte, address, port int, proto uint8, static bool, real, mapped End) (int, []byte) {
	b = append(b, life(static)...)
	if proto != 0 {
		b = append(append(append(b, ' '), upperName(proto)...), " translation from "...)
		return port, mapped.append(append(real.append(b), " to "...))
	}
	b = real.appendHost(append(b, " translation from "...))
	return address, mapped.appendHost(append(b, " to "...))
}

// Box710001 is a TCP request to the firewall itself; 2, 3 and 5 are its answers.
func Box710001(src, dst End) runtime.Message { return New(710001, src.bare(), serviceEnd(dst)) }

// Box710002 is a permitted one.
func Box710002(proto uint8, src, dst End) runtime.Message {
	return New(710002, upperName(proto), src.bare(), serviceEnd(dst))
}

// Box710003 is one denied by the lines of its service.
func Box710003(proto uint8, src, dst End) runtime.Message {
	return New(710003, upperName(proto), src.bare(), serviceEnd(dst))
}

// Box710005 is a request that no service takes.
func Box710005(proto uint8, src, dst End) runtime.Message {
	return New(710005, upperName(proto), src.bare(), serviceEnd(dst))
}

// Box710006 is a packet of another protocol that nothing takes.
func Box710006(proto uint8, src ast.IP, dst End) runtime.Message {
	return New(710006, upperWord(proto), src, dst.If, dst.IP)
}

func upperWord(proto uint8) string {
	switch proto {
	case ast.ProtoGRE:
		return "GRE"
	case ast.ProtoESP:
		return "ESP"
	case ast.ProtoAH:
		return "AH"
	}
	return upperName(proto)
}

// OptionName is what 106012 calls an IP option.
func OptionName(o runtime.IPOption) string {
	return [...]string{"", "Record Route", "Source Route", "Timestamp", "Router Alert", "other"}[min(int(o), 5)]
}
