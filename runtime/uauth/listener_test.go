package uauth

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

type talk struct {
	io.Reader
	bytes.Buffer
}

func (t *talk) Read(b []byte) (int, error) { return t.Reader.Read(b) }

func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		service  Service
		in, want string
	}{
		{FTP, "", "421 Authentication is required"},
		{Telnet, "\xff\xfd\x18", "\r\nAuthentication is required"},
		{HTTP, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.0 503 "},
		{HTTPS, "\x16\x03\x01\x00\x02ab", "\x15\x03\x01\x00\x02\x02\x31"},
	} {
		x := &talk{Reader: strings.NewReader(c.in)}
		if err := Refuse(x, c.service); err != nil {
			t.Errorf("service %d: %v", c.service, err)
		}
		if got := x.String(); !strings.HasPrefix(got, c.want) {
			t.Errorf("service %d answers %q, want %q first", c.service, got, c.want)
		}
	}
	// A request without end is not read for ever, and not answered.
	x := &talk{Reader: strings.NewReader(strings.Repeat("a: b\r\n", maxRequest))}
	if err := Refuse(x, HTTP); err == nil || x.Len() > 0 {
		t.Errorf("an endless request is answered: %v, %q", err, x.String())
	}
}

func TestListener(t *testing.T) {
	var at net.Addr
	listen := func(network, _ string) (net.Listener, error) {
		l, err := net.Listen(network, "127.0.0.1:0")
		if err == nil {
			at = l.Addr()
		}
		return l, err
	}
	l, err := Listen(listen, map[Service]uint16{HTTP: 10680}, Limits{PerSource: 1, Wait: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	first, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		n := len(l.open)
		l.mu.Unlock()
		if n == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the first connection is not there")
		}
	}
	// The source has as many as it may.
	second, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if b, err := io.ReadAll(second); len(b) > 0 {
		t.Errorf("the second connection gets %q, %v", b, err)
	}
	if _, err := io.WriteString(first, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(first)
	if err != nil || !strings.Contains(string(b), sorry) {
		t.Errorf("the first gets %q, %v", b, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzRefuse(f *testing.F) {
	f.Add(uint8(HTTP), []byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(uint8(HTTPS), []byte("\x16\x03\x01\xff\xff"))
	f.Fuzz(func(t *testing.T, service uint8, in []byte) {
		x := &talk{Reader: bytes.NewReader(in)}
		_ = Refuse(x, Service(service%4)) // whatever it is, it ends, and says little
		if x.Len() > 512 {
			t.Errorf("%d octets are answered", x.Len())
		}
	})
}
