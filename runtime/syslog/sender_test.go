package syslog

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

func planOf(t *testing.T, config string) *compiler.Plan {
	t.Helper()
	cfg, _, diags := parser.Load("pix.cfg", []byte(config))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	plan, diags := compiler.Compile(cfg)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

const twoInterfaces = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
hostname edge
ip address outside 192.0.2.1 255.255.255.0
ip address inside 10.0.0.1 255.0.0.0
`

// servers dials two servers of the test in place of those that the plan names.
func servers(t *testing.T) (dial func(context.Context, string, string) (net.Conn, error), udp net.PacketConn, tcp net.Listener) {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		to := udp.LocalAddr().String()
		if network == "tcp" {
			to = tcp.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}, udp, tcp
}

func TestSender(t *testing.T) {
	dial, udp, tcp := servers(t)
	clock := runtime.NewVirtualClock(time.Date(2004, 3, 1, 12, 0, 0, 0, time.UTC))
	deny := runtime.Message{ID: 106023, Level: 4, Text: "Deny x"}
	for _, c := range []struct{ config, want string }{
		{"", "<164>%PIX-4-106023: Deny x"},
		{"logging timestamp\n", "<164>Mar 01 2004 12:00:00: %PIX-4-106023: Deny x"},
		{"logging device-id hostname\n", "<164>edge : %PIX-4-106023: Deny x"},
		{"logging timestamp\nlogging device-id ipaddress inside\nlogging facility 23\n", "<188>Mar 01 2004 12:00:00 10.0.0.1 : %PIX-4-106023: Deny x"},
		{"logging message 106023 level errors\n", "<163>%PIX-3-106023: Deny x"},
	} {
		s := NewSender(dial, clock, func(text string) { t.Error(text) })
		s.Apply(planOf(t, twoInterfaces+"logging on\nlogging trap warnings\nlogging host inside 10.0.0.9\nno logging message 106001\n"+c.config))
		for _, m := range []runtime.Message{{ID: 302013, Level: 6, Text: "too low"}, {ID: 106001, Level: 2, Text: "disabled"}, deny} {
			s.Send(m)
		}
		if err := udp.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 2000)
		n, _, err := udp.ReadFrom(buf)
		if err != nil || string(buf[:n]) != c.want {
			t.Errorf("%q: %q, %v, want %q", c.config, buf[:n], err, c.want)
		}
		s.Close()
	}

	s := NewSender(dial, clock, func(text string) { t.Error(text) })
	defer s.Close()
	s.Apply(planOf(t, twoInterfaces+"logging on\nlogging trap 4\nlogging host inside 10.0.0.9 tcp/1470\n"))
	s.Send(deny)
	s.Send(deny)
	conn, err := tcp.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	for range 2 {
		if line, err := r.ReadString('\n'); err != nil || line != "<164>%PIX-4-106023: Deny x\n" {
			t.Errorf("TCP: %q, %v", line, err)
		}
	}
}

// A server that takes nothing must neither hold up the firewall nor fill its memory.
func TestSenderFull(t *testing.T) {
	blocked := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := NewSender(blocked, runtime.NewVirtualClock(time.Time{}), func(string) {})
	s.Apply(planOf(t, twoInterfaces+"logging on\nlogging trap 4\nlogging queue 10\nlogging host inside 10.0.0.9\n"))
	for range 1000 {
		s.Send(runtime.Message{ID: 106023, Level: 4, Text: strings.Repeat("x", 100)})
	}
	if lost := s.Counts().Lost; lost < 989 || lost > 990 { // one may be on its way
		t.Errorf("%d lost of 1000 with a queue of 10", lost)
	}
	s.Close()
	s.Send(runtime.Message{}) // of no effect
}
