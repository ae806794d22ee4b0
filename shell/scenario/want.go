package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/runtime"
)

// Want is the RESULT of a packet statement.
type Want struct {
	Text   string // as written
	Action runtime.Action
	IDs    []int // drop: logged under one of these; nil: any, or none
	Reset  bool

	If       string // Forward, Encrypt
	Peer     ast.IP // Encrypt
	Src, Dst End
	Type     int // -1: not compared
	Flags    int // -1: not compared
	About    *runtime.Packet
	Data     []byte // nil: not compared
	DNSName  string // empty: not compared
	DNSAddr  ast.IP
}

// End is an address and port to compare with; any: `*`.
type End struct {
	AnyIP  bool
	IP     ast.IP
	Ports  bool // a port is given
	Lo, Hi uint16
}

func (r *reader) want() (w Want, err error) {
	from := r.at
	w.Type, w.Flags = -1, -1
	word := r.next()
	switch word {
	case "":
		return w, errors.New("a result is missing")
	case "box":
		w.Action = runtime.Box
	case "auth":
		w.Action = runtime.Auth
	case "synproxy":
		w.Action = runtime.SynProxy
	case "held":
		w.Action = runtime.Held
	case "drop":
		if n := r.peek(); n != "" && n != "rst" && n != "log" {
			if w.IDs, err = ids(r.next(), "|"); err != nil {
				return w, err
			}
		}
		if r.peek() == "rst" {
			r.next()
			w.Reset = true
		}
	default:
		if !strings.HasSuffix(word, ":") {
			return w, fmt.Errorf("unknown result %q", word)
		}
		if err = r.wantOut(&w, strings.TrimSuffix(word, ":")); err != nil {
			return w, err
		}
	}
	w.Text = strings.Join(r.words[from:r.at], " ")
	return w, nil
}

func (r *reader) wantOut(w *Want, egress string) error {
	name, tunnel, peer, err := place(egress)
	if err != nil {
		return err
	}
	w.Action, w.If, w.Peer = runtime.Forward, name, peer
	if tunnel {
		w.Action = runtime.Encrypt
	}
	if w.Src, err = end(r.next()); err != nil {
		return err
	}
	if r.next() != ">" {
		return fmt.Errorf("> expected, not %q", r.last())
	}
	if w.Dst, err = end(r.next()); err != nil {
		return err
	}
	for {
		switch r.peek() {
		case "type":
			r.next()
			w.Type, err = r.number(0, 255)
		case "flags":
			r.next()
			var f runtime.TCPFlags
			f, err = flags(r.next())
			w.Flags = int(f)
		case "about":
			r.next()
			w.About, err = r.about()
		case "data":
			r.next()
			w.Data, err = text(r.next())
		case "dns":
			r.next()
			if r.next() != "answer" {
				return errors.New("dns answer NAME ADDR")
			}
			w.DNSName = r.next()
			w.DNSAddr, err = address(r.next())
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func end(word string) (e End, err error) {
	host, port, has := strings.Cut(word, ":")
	if host == "*" {
		e.AnyIP = true
	} else if e.IP, err = address(host); err != nil {
		return e, err
	}
	if !has {
		return e, nil
	}
	e.Ports = true
	if port == "*" {
		e.Hi = 65535
		return e, nil
	}
	lo, hi, isRange := strings.Cut(port, "-")
	n, err := numberIn(lo, 0, 65535)
	if err != nil {
		return e, err
	}
	e.Lo, e.Hi = uint16(n), uint16(n)
	if isRange {
		if n, err = numberIn(hi, int(e.Lo), 65535); err != nil {
			return e, err
		}
		e.Hi = uint16(n)
	}
	return e, nil
}

// portClass is the range in which PAT keeps a port (semantics.md 3.4).
func portClass(port uint16) (lo, hi uint16) {
	switch {
	case port < 512:
		return 1, 511
	case port < 1024:
		return 512, 1023
	}
	return 1024, 65535
}

// matches compares an end. class: the port was allocated by an engine that chooses it within its class only.
func (e *End) matches(ip ast.IP, port uint16, class bool) bool {
	if !e.AnyIP && e.IP != ip {
		return false
	}
	if !e.Ports {
		return true
	}
	lo, hi := e.Lo, e.Hi
	if class {
		a, _ := portClass(lo)
		_, b := portClass(hi)
		lo, hi = a, b
	}
	return lo <= port && port <= hi
}

// differs is why a verdict is not what was wanted; empty: it is.
func (w *Want) differs(p *runtime.Packet, v *runtime.Verdict, ifName func(int) string, classes bool) string {
	if v.Action != w.Action {
		return "the action"
	}
	switch w.Action {
	case runtime.Drop:
		if w.Reset != v.Reset {
			return "the TCP reset"
		}
		if w.IDs != nil && !slices.ContainsFunc(v.Logs, func(m runtime.Message) bool { return slices.Contains(w.IDs, m.ID) }) {
			return "the message"
		}
		return ""
	case runtime.Forward, runtime.Encrypt:
	default:
		return ""
	}
	out := &v.Out
	switch {
	case ifName(v.Egress) != w.If:
		return "the interface"
	case w.Action == runtime.Encrypt && v.Peer != w.Peer:
		return "the peer"
	case !w.Src.matches(out.Src, out.SrcPort, classes && (out.SrcPort != p.SrcPort || w.Src.Lo != p.SrcPort)):
		return "the source"
	case !w.Dst.matches(out.Dst, out.DstPort, classes && out.DstPort != p.DstPort):
		return "the destination"
	case w.Type >= 0 && int(out.ICMPType) != w.Type:
		return "the ICMP type"
	case w.Flags >= 0 && int(out.Flags) != w.Flags:
		return "the flags"
	case w.Data != nil && !bytes.Equal(w.Data, out.Payload):
		return "the payload"
	}
	if a, b := w.About, out.About; a != nil {
		if b == nil || a.Proto != b.Proto || a.Src != b.Src || a.Dst != b.Dst || a.SrcPort != b.SrcPort || a.DstPort != b.DstPort {
			return "the embedded packet"
		}
	}
	if w.DNSName != "" {
		name, addr, ok := dnsAnswer(out.Payload)
		if !ok || !strings.EqualFold(name, w.DNSName) || addr != w.DNSAddr {
			return "the DNS answer"
		}
	}
	return ""
}

// describe is a verdict in the words of a result.
func describe(v *runtime.Verdict, ifName func(int) string) string {
	var s string
	switch v.Action {
	case runtime.Drop:
		s = "drop"
		for i, m := range v.Logs {
			s += map[bool]string{true: " ", false: "|"}[i == 0] + strconv.Itoa(m.ID)
		}
		if v.Reset {
			s += " rst"
		}
		if v.Reason != "" {
			s += " " + v.Reason
		}
		return s
	case runtime.Forward, runtime.Encrypt:
		s = ifName(v.Egress)
		if v.Action == runtime.Encrypt {
			s += "[" + v.Peer.String() + "]"
		}
		s += ": " + strings.TrimPrefix(v.Out.String(), ast.ProtocolWord(v.Out.Proto)+" ")
		if v.Out.About != nil {
			s += " about (" + v.Out.About.String() + ")"
		}
		if len(v.Out.Payload) > 0 && len(v.Out.Payload) < 200 {
			s += " data " + strconv.Quote(string(v.Out.Payload))
		}
	default:
		s = v.Action.String()
	}
	for i, m := range v.Logs {
		s += map[bool]string{true: " log ", false: ","}[i == 0] + strconv.Itoa(m.ID)
	}
	return s
}
