package scenario

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

func parseStatement(word, rest, text string) (*Statement, error) {
	args, begin := fields(rest)
	before := len(text) - len(rest) // octets of the statement in front of its operands
	arg := func(i int, err error) error { return at(before+begin[i], before+begin[i]+len(args[i]), err) }
	want := func(n int, usage string) error {
		if len(args) != n {
			return errors.New("usage: " + usage)
		}
		return nil
	}
	s := &Statement{}
	var err error
	switch word {
	case "do", "do!":
		s.Kind, s.Command, s.Refused = Do, rest, word == "do!"
		if rest == "" {
			return nil, errors.New("usage: do COMMAND")
		}
	case "wait":
		s.Kind = Wait
		if err = want(1, "wait DURATION"); err != nil {
			return nil, err
		}
		if s.Wait, err = time.ParseDuration(args[0]); err != nil || s.Wait < 0 {
			return nil, arg(0, fmt.Errorf("%q is no duration like 3h0m1s", args[0]))
		}
	case "login":
		s.Kind = Login
		args, s.ACL = userList(args, 3)
		if err = want(3, "login IF ADDR USER [acl NAME]"); err != nil {
			return nil, err
		}
		s.If, s.User = args[0], args[2]
		s.Addr, err = address(args[1])
		err = arg(1, err)
	case "sa":
		s.Kind = SA
		if err = want(4, "sa IF PEER LOCAL/LEN REMOTE/LEN"); err != nil {
			return nil, err
		}
		s.If = args[0]
		if s.Peer, err = address(args[1]); err != nil {
			return nil, arg(1, err)
		}
		if s.Local, err = network(args[2]); err != nil {
			return nil, arg(2, err)
		}
		s.Remote, err = network(args[3])
		err = arg(3, err)
	case "client":
		s.Kind = Client
		args, s.ACL = userList(args, 5)
		if err = want(5, "client IF PEER GROUP USER ADDR [acl NAME]"); err != nil {
			return nil, err
		}
		s.If, s.Group, s.User = args[0], args[2], args[3]
		if s.Peer, err = address(args[1]); err != nil {
			return nil, arg(1, err)
		}
		s.Addr, err = address(args[4])
		err = arg(4, err)
	case "count":
		s.Kind = Count
		if err = want(2, "count (conn | xlate | uauth) N"); err != nil {
			return nil, err
		}
		s.Table = args[0]
		if s.Table != "conn" && s.Table != "xlate" && s.Table != "uauth" {
			return nil, arg(0, fmt.Errorf("unknown table %q: conn, xlate or uauth", s.Table))
		}
		s.N, err = numberIn(args[1], 0, 1<<30)
		err = arg(1, err)
	case "logged":
		s.Kind = Logged
		if err = want(1, "logged ID[,ID...]"); err != nil {
			return nil, err
		}
		s.IDs, err = ids(args[0], ",")
		err = arg(0, err)
	default:
		if !strings.HasSuffix(word, ":") {
			return nil, at(0, len(word), fmt.Errorf("unknown statement %q", word))
		}
		return packetStatement(word, text)
	}
	return s, err
}

func packetStatement(ingress, text string) (*Statement, error) {
	s := &Statement{Kind: Packet}
	var err error
	if s.If, s.Tunnel, s.Peer, err = place(strings.TrimSuffix(ingress, ":")); err != nil {
		return nil, at(0, len(ingress), err)
	}
	r, err := split(text[len(ingress):])
	if err != nil {
		return nil, at(len(ingress)+r.begin[len(r.begin)-1], len(text), err)
	}
	if err := s.read(r); err != nil {
		from, to := r.place(len(text) - len(ingress))
		return nil, at(len(ingress)+from, len(ingress)+to, err)
	}
	return s, nil
}

// read reads what stands behind the interface where a packet arrives. On an error the reader is where it is.
func (s *Statement) read(r *reader) (err error) {
	if s.Packet, err = r.packet(true); err != nil {
		return err
	}
	if r.next() != "=>" {
		return fmt.Errorf("=> RESULT expected, not %q", r.last())
	}
	if s.Want, err = r.want(); err != nil {
		return err
	}
	if r.peek() == "log" {
		r.next()
		if s.IDs, err = ids(r.next(), ","); err != nil {
			return err
		}
	}
	if word := r.next(); word != "" {
		return fmt.Errorf("unexpected %q", word)
	}
	return nil
}

// place reads IF or IF[PEER].
func place(word string) (name string, tunnel bool, peer ast.IP, err error) {
	name, rest, ok := strings.Cut(word, "[")
	if name == "" {
		return "", false, 0, errors.New("an interface has a name")
	}
	if !ok {
		return name, false, 0, nil
	}
	if !strings.HasSuffix(rest, "]") {
		return "", false, 0, fmt.Errorf("%q: ] is missing", word)
	}
	peer, err = address(strings.TrimSuffix(rest, "]"))
	return name, true, peer, err
}

// split makes words: parentheses stand alone, a quoted text is one word with its quotes. On an error the last word has only begun.
func split(text string) (*reader, error) {
	r := &reader{}
	word := func(from, to int) {
		r.words, r.begin = append(r.words, text[from:to]), append(r.begin, from)
	}
	for i := 0; i < len(text); {
		switch ch := text[i]; {
		case ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n':
			i++
		case ch == '(' || ch == ')':
			word(i, i+1)
			i++
		case ch == '"':
			q, err := strconv.QuotedPrefix(text[i:])
			if err != nil {
				word(i, len(text))
				return r, fmt.Errorf("bad quoted text at %q", text[i:])
			}
			word(i, i+len(q))
			i += len(q)
		default:
			j := i
			for j < len(text) && !strings.ContainsRune(" \t\r\n()\"", rune(text[j])) {
				j++
			}
			word(i, j)
			i = j
		}
	}
	return r, nil
}

type reader struct {
	words []string
	begin []int // where each word begins
	at    int
	short bool // a word was wanted when there was none left
}

// place is that of the word that was read last; behind all words where one was missing.
func (r *reader) place(end int) (from, to int) {
	if r.short || r.at == 0 || r.at > len(r.words) {
		return end, end
	}
	from = r.begin[r.at-1]
	return from, from + len(r.words[r.at-1])
}

func (r *reader) peek() string {
	if r.at < len(r.words) {
		return r.words[r.at]
	}
	return ""
}

func (r *reader) next() string {
	w := r.peek()
	if r.at < len(r.words) {
		r.at++
	} else {
		r.short = true
	}
	return w
}

func (r *reader) last() string {
	if r.at == 0 || r.at > len(r.words) {
		return ""
	}
	return r.words[r.at-1]
}

func (r *reader) number(lo, hi int) (int, error) { return numberIn(r.next(), lo, hi) }

// packet reads PROTO SRC > DST, and with attrs the attributes.
func (r *reader) packet(attrs bool) (p runtime.Packet, err error) {
	word := r.next()
	var ok bool
	if p.Proto, ok = protocol(word); !ok {
		return p, fmt.Errorf("unknown protocol %q", word)
	}
	if p.Src, p.SrcPort, err = r.endpoint(&p); err != nil {
		return p, err
	}
	if r.next() != ">" {
		return p, fmt.Errorf("> expected, not %q", r.last())
	}
	if p.Dst, p.DstPort, err = r.endpoint(&p); err != nil {
		return p, err
	}
	switch p.Proto {
	case ast.ProtoTCP:
		p.Flags = runtime.SYN
	case ast.ProtoICMP:
		p.ICMPType, p.ICMPID = 8, 1
	}
	if attrs {
		err = r.attributes(&p)
	}
	return p, err
}

func (r *reader) endpoint(p *runtime.Packet) (ast.IP, uint16, error) {
	word := r.next()
	host, port, has := strings.Cut(word, ":")
	ip, err := address(host)
	if err != nil {
		return 0, 0, err
	}
	if has != p.HasPorts() {
		if has {
			return 0, 0, fmt.Errorf("%q: only tcp and udp have ports", word)
		}
		return 0, 0, fmt.Errorf("%q: tcp and udp have a port", word)
	}
	if !has {
		return ip, 0, nil
	}
	n, err := numberIn(port, 0, 65535)
	return ip, uint16(n), err
}

func (r *reader) attributes(p *runtime.Packet) error {
	for {
		var n int
		var err error
		switch r.peek() {
		case "flags":
			r.next()
			p.Flags, err = flags(r.next())
			if err == nil && p.Proto != ast.ProtoTCP {
				err = errors.New("only tcp has flags")
			}
		case "type":
			r.next()
			n, err = r.number(0, 255)
			p.ICMPType = uint8(n)
		case "code":
			r.next()
			n, err = r.number(0, 255)
			p.ICMPCode = uint8(n)
		case "id":
			r.next()
			n, err = r.number(0, 65535)
			p.ICMPID = uint16(n)
		case "about":
			r.next()
			p.About, err = r.about()
		case "len":
			r.next()
			p.Length, err = r.number(0, 65535)
		case "data":
			r.next()
			p.Payload, err = text(r.next())
		case "dns":
			r.next()
			p.Payload, err = r.dns()
		case "frag":
			r.next()
			p.Fragment = true
			if p.FragOffset, err = r.number(0, 65528); err == nil && p.FragOffset%8 != 0 {
				err = errors.New("fragments begin at multiples of 8")
			}
			if r.peek() == "more" {
				r.next()
				p.More = true
			}
		case "option":
			r.next()
			p.Option, err = option(r.next())
		case "ttl":
			r.next()
			n, err = r.number(0, 255)
			p.TTL = uint8(n)
		case "mac":
			r.next()
			p.MAC, err = mac(r.next())
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// mac reads 000a.f331.8222, as configurations write it.
func mac(word string) (out [6]byte, err error) {
	groups := strings.Split(word, ".")
	b, err := hex.DecodeString(strings.Join(groups, ""))
	if err != nil || len(groups) != 3 || slices.ContainsFunc(groups, func(g string) bool { return len(g) != 4 }) {
		return out, fmt.Errorf("%q is no MAC address like 000a.f331.8222", word)
	}
	return [6]byte(b), nil
}

func (r *reader) about() (*runtime.Packet, error) {
	if r.next() != "(" {
		return nil, errors.New("about (PROTO SRC > DST)")
	}
	p, err := r.packet(false)
	if err != nil {
		return nil, err
	}
	if r.next() != ")" {
		return nil, errors.New("about: ) is missing")
	}
	return &p, nil
}

// dns reads query NAME id N, or answer NAME ADDR id N.
func (r *reader) dns() ([]byte, error) {
	kind, name := r.next(), r.next()
	var addr *ast.IP
	switch kind {
	case "query":
	case "answer":
		ip, err := address(r.next())
		if err != nil {
			return nil, err
		}
		addr = &ip
	default:
		return nil, fmt.Errorf("dns query or dns answer, not %q", kind)
	}
	if r.next() != "id" {
		return nil, errors.New("dns ... id N")
	}
	id, err := r.number(0, 65535)
	if err != nil {
		return nil, err
	}
	return DNSMessage(name, addr, uint16(id))
}

func option(word string) (runtime.IPOption, error) {
	switch word {
	case "record-route":
		return runtime.RecordRoute, nil
	case "source-route":
		return runtime.SourceRoute, nil
	case "timestamp":
		return runtime.Timestamp, nil
	case "router-alert":
		return runtime.RouterAlert, nil
	}
	return 0, fmt.Errorf("unknown IP option %q", word)
}

func flags(word string) (runtime.TCPFlags, error) {
	var f runtime.TCPFlags
	if word == "none" {
		return 0, nil
	}
	for _, w := range strings.Split(word, "+") {
		switch w {
		case "fin":
			f |= runtime.FIN
		case "syn":
			f |= runtime.SYN
		case "rst":
			f |= runtime.RST
		case "psh":
			f |= runtime.PSH
		case "ack":
			f |= runtime.ACK
		case "urg":
			f |= runtime.URG
		default:
			return 0, fmt.Errorf("unknown TCP flag %q", w)
		}
	}
	return f, nil
}

func text(word string) ([]byte, error) {
	s, err := strconv.Unquote(word)
	if err != nil || !strings.HasPrefix(word, `"`) {
		return nil, fmt.Errorf("quoted text expected, not %s", word)
	}
	return []byte(s), nil
}

func address(word string) (ast.IP, error) {
	ip, ok := ast.ParseIP(word)
	if !ok {
		return 0, fmt.Errorf("%q is no address", word)
	}
	return ip, nil
}

func network(word string) (ast.Net, error) {
	host, bits, ok := strings.Cut(word, "/")
	ip, err := address(host)
	if err != nil {
		return ast.Net{}, err
	}
	n := 32
	if ok {
		if n, err = numberIn(bits, 0, 32); err != nil {
			return ast.Net{}, err
		}
	}
	return ast.Net{IP: ip & ast.MaskOf(n), Mask: ast.MaskOf(n)}, nil
}

func numberIn(word string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("%q is no number from %d to %d", word, lo, hi)
	}
	return n, nil
}

func protocol(word string) (uint8, bool) {
	if word == "pim" {
		return 103, true
	}
	return ast.ParseProtocol(word)
}

func ids(word, sep string) ([]int, error) {
	var list []int
	for _, w := range strings.Split(word, sep) {
		n, err := strconv.Atoi(w)
		if err != nil || len(w) != 6 || n < 0 {
			return nil, fmt.Errorf("%q is no message id of six digits", w)
		}
		list = append(list, n)
	}
	return list, nil
}

// userList takes `acl NAME` off the end of a statement about a user that has n other words.
func userList(args []string, n int) (rest []string, name string) {
	if len(args) == n+2 && args[n] == "acl" {
		return args[:n], args[n+1]
	}
	return args, ""
}
