package aaa

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
)

// newPacket is a request whose authenticator and identifier are random; nas is filled in when the socket is there.
func (c *Client) newPacket(code radius.Code, s *server) (*radius.Packet, error) {
	if s.conf.Key == "" {
		return nil, errors.New("the server has no key, and RADIUS needs one")
	}
	p := &radius.Packet{Code: code, Secret: []byte(s.conf.Key)}
	var id [1]byte
	if _, err := io.ReadFull(c.o.Rand, id[:]); err != nil {
		return nil, fmt.Errorf("choosing an identifier: %w", err)
	}
	p.Identifier = id[0]
	if code == radius.CodeAccessRequest {
		if _, err := io.ReadFull(c.o.Rand, p.Authenticator[:]); err != nil {
			return nil, fmt.Errorf("choosing an authenticator: %w", err)
		}
	}
	return p, nil
}

// exchange sends a request as often as its group says, a timeout apart, until an answer comes that the key proves.
func (c *Client) exchange(ctx context.Context, g *group, s *server, port uint16, p *radius.Packet, user string, unproven bool) (*radius.Packet, error) {
	conn, stop, err := c.dial(ctx, "udp", s, port, s.timeout())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer conn.Close()
	defer stop()
	if nas, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		if ip := nas.IP.To4(); ip != nil {
			p.Set(rfc2865.NASIPAddress_Type, radius.Attribute(ip))
		}
	}
	wire, err := encode(p)
	if err != nil {
		return nil, err
	}
	session := c.nasPort.Add(1)
	c.debugOf(ctx, debugRadiusNew, session, int(p.Identifier))
	c.debugOf(ctx, debugRadiusUser, user)
	if p.Code == radius.CodeAccessRequest {
		c.debugOf(ctx, debugRadiusPassword, session)
	}
	defer func() { c.debugOf(ctx, debugRadiusDelete, session, session, int(p.Identifier)) }()
	began := time.Now()
	for try := range g.attempts() {
		if try > 0 {
			s.count(func(st *Stats) { st.Retransmissions++ })
			c.debugOf(ctx, debugRadiusRetransmit, address(s.conf.IP).String(), try)
		}
		c.debugOf(ctx, debugRadiusSend, address(s.conf.IP).String(), int(port))
		if _, err := conn.Write(wire); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, c.noAnswer(ctx, err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(s.timeout())); err != nil {
			return nil, err
		}
		if ctx.Err() != nil { // the line above may have undone what the end of the context did
			return nil, ctx.Err()
		}
		answer, err := c.receive(ctx, conn, s, p, wire, unproven)
		if err == nil {
			s.answers(time.Since(began))
			c.debugOf(ctx, answerEvents[answer.Code])
			return answer, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
			return nil, c.noAnswer(ctx, err)
		}
		s.count(func(st *Stats) { st.Timeouts++ })
	}
	return nil, fmt.Errorf("%w to %d requests", errNoAnswer, g.attempts())
}

// answerEvents are the debug lines of the answers that readAnswer lets through.
var answerEvents = map[radius.Code]debugKind{radius.CodeAccessAccept: debugRadiusAccept, radius.CodeAccessReject: debugRadiusReject,
	radius.CodeAccessChallenge: debugRadiusChallenge, radius.CodeAccountingResponse: debugRadiusAcct}

// noAnswer keeps the end of the context apart from that of a server.
func (c *Client) noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", errNoAnswer, err)
}

// defaultTimeout of a server (commands-vpn-aaa-show.md section 1.9).
const defaultTimeout = 5 * time.Second

func (s *server) timeout() time.Duration {
	if s.conf.Timeout <= 0 {
		return defaultTimeout
	}
	return s.conf.Timeout
}

// receive waits past everything that does not answer the request. A port that is said to be unreachable is waited past, too:
// that word is easily forged, and the server may be about to come.
func (c *Client) receive(ctx context.Context, conn net.Conn, s *server, p *radius.Packet, wire []byte, unproven bool) (*radius.Packet, error) {
	buf := make([]byte, radius.MaxPacketLength)
	for {
		n, err := conn.Read(buf)
		if errors.Is(err, syscall.ECONNREFUSED) {
			continue
		}
		if err != nil {
			return nil, err
		}
		answer, err := readAnswer(buf[:n], wire, string(s.conf.Key), unproven)
		if err == nil {
			c.debugOf(ctx, debugRadiusVerified)
			return answer, nil
		}
		s.count(func(st *Stats) { st.BadReplies++ })
		c.debugOf(ctx, debugRadiusUnverified, address(s.conf.IP).String(), err.Error())
	}
}

// readAnswer reads a reply to the request in wire; an error says why it cannot be one. unproven takes an answer to accounting
// without its proof (`sysopt radius ignore-secret`).
func readAnswer(reply, wire []byte, key string, unproven bool) (*radius.Packet, error) {
	if len(reply) < 20 {
		return nil, fmt.Errorf("%d bytes", len(reply))
	}
	n := int(reply[2])<<8 | int(reply[3])
	if n < 20 || n > len(reply) || n > radius.MaxPacketLength {
		return nil, fmt.Errorf("a length of %d in %d bytes", n, len(reply))
	}
	reply = reply[:n] // what follows is padding (RFC 2865 3)
	if reply[1] != wire[1] {
		return nil, fmt.Errorf("identifier %d, not %d", reply[1], wire[1])
	}
	code := radius.Code(reply[0])
	accounting := radius.Code(wire[0]) == radius.CodeAccountingRequest
	switch code {
	case radius.CodeAccessAccept, radius.CodeAccessReject, radius.CodeAccessChallenge:
		if accounting {
			return nil, fmt.Errorf("code %d to accounting", code)
		}
	case radius.CodeAccountingResponse:
		if !accounting {
			return nil, fmt.Errorf("code %d to a login", code)
		}
	default:
		return nil, fmt.Errorf("code %d", code)
	}
	if accounting && unproven {
		return radius.Parse(reply, []byte(key))
	}
	if !radius.IsAuthenticResponse(reply, wire, []byte(key)) {
		return nil, errors.New("not authentic (is the key right?)")
	}
	p, err := radius.Parse(reply, []byte(key))
	if err != nil {
		return nil, err
	}
	return p, checkMessageAuthenticator(reply, wire, key)
}

// checkMessageAuthenticator is nil when the attribute is absent or right (RFC 3579 3.2).
func checkMessageAuthenticator(reply, wire []byte, key string) error {
	for at := 20; at+2 <= len(reply); at += int(reply[at+1]) {
		if radius.Type(reply[at]) != rfc2869.MessageAuthenticator_Type {
			continue
		}
		if reply[at+1] != 18 {
			return errors.New("a Message-Authenticator of another size")
		}
		plain := append([]byte(nil), reply...)
		copy(plain[4:20], wire[4:20])
		clear(plain[at+2 : at+18])
		if !hmac.Equal(messageAuthenticator(plain, key), reply[at+2:at+18]) {
			return errors.New("its Message-Authenticator is wrong")
		}
		return nil
	}
	return nil
}

func messageAuthenticator(packet []byte, key string) []byte {
	h := hmac.New(md5.New, []byte(key))
	h.Write(packet)
	return h.Sum(nil)
}

// encode makes the packet, with a Message-Authenticator as first attribute of an Access-Request.
func encode(p *radius.Packet) ([]byte, error) {
	if p.Code == radius.CodeAccessRequest {
		p.Del(rfc2869.MessageAuthenticator_Type)
		p.Attributes = append(radius.Attributes{{Type: rfc2869.MessageAuthenticator_Type, Attribute: make(radius.Attribute, 16)}}, p.Attributes...)
	}
	wire, err := p.Encode()
	if err == nil && p.Code == radius.CodeAccessRequest {
		copy(wire[22:38], messageAuthenticator(wire, string(p.Secret)))
	}
	return wire, err
}

// text is a string attribute; an error when it is longer than one can carry.
func text(p *radius.Packet, typ radius.Type, s string) error {
	a, err := radius.NewString(s)
	if err != nil {
		return fmt.Errorf("attribute %d: %w", typ, err)
	}
	p.Add(typ, a)
	return nil
}

// number is an integer attribute.
func number(p *radius.Packet, typ radius.Type, n uint32) { p.Add(typ, radius.NewInteger(n)) }

// cisco is the vendor, avPair its attribute 1, cisco-avpair (commands-vpn-aaa-show.md section 5.6).
const (
	cisco  = 9
	avPair = 1
)

// pair adds a cisco-avpair.
func pair(p *radius.Packet, s string) error {
	if len(s) > 247 {
		return fmt.Errorf("a cisco-avpair of %d bytes", len(s))
	}
	inner, err := radius.NewVendorSpecific(cisco, append(radius.Attribute{avPair, byte(len(s) + 2)}, s...))
	if err != nil {
		return err
	}
	p.Add(rfc2865.VendorSpecific_Type, inner)
	return nil
}

// pairs are the cisco-avpairs of a packet, in order.
func pairs(p *radius.Packet) (out []string) {
	for _, a := range p.Attributes {
		if a.Type != rfc2865.VendorSpecific_Type {
			continue
		}
		vendor, inner, err := radius.VendorSpecific(a.Attribute)
		if err != nil || vendor != cisco {
			continue
		}
		for len(inner) >= 2 && int(inner[1]) >= 2 && int(inner[1]) <= len(inner) {
			if inner[0] == avPair {
				out = append(out, string(inner[2:inner[1]]))
			}
			inner = inner[inner[1]:]
		}
	}
	return out
}

// callingStation says where the user is.
func callingStation(p *radius.Packet, client netip.Addr) error {
	if !client.IsValid() {
		return nil
	}
	if err := text(p, rfc2865.CallingStationID_Type, client.String()); err != nil {
		return err
	}
	return pair(p, "ip:source-ip="+client.String())
}
