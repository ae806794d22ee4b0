package tacacs

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// stream is a connection whose other end says one thing and takes everything.
type stream struct {
	io.Reader
	bytes.Buffer
}

func (s *stream) Read(b []byte) (int, error) { return s.Reader.Read(b) }

// opened is a session that has sent its first packet, and that packet.
func opened(t testing.TB, key string, reply []byte) (*Session, []byte) {
	t.Helper()
	conn := &stream{Reader: bytes.NewReader(reply)}
	s, err := Open(conn, key, bytes.NewReader([]byte{1, 2, 3, 4}), Authentication, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	return s, conn.Bytes()
}

func TestObfuscation(t *testing.T) {
	_, clear := opened(t, "", nil)
	if want := "\xc0\x01\x01\x01\x01\x02\x03\x04\x00\x00\x00\x05hello"; string(clear) != want {
		t.Errorf("without a key: %q, want %q", clear, want)
	}
	s, hidden := opened(t, "secretkey", nil)
	if bytes.Contains(hidden, []byte("hello")) || hidden[3] != 0 {
		t.Errorf("with a key: %q", hidden)
	}
	body := append([]byte(nil), hidden[12:]...)
	s.obfuscate(body, 0xc0, 1)
	if string(body) != "hello" {
		t.Errorf("back: %q", body)
	}
}

func TestReceiveRefuses(t *testing.T) {
	for name, head := range map[string]string{
		"version":        "\xd0\x01\x02\x00\x01\x02\x03\x04\x00\x00\x00\x00",
		"type":           "\xc0\x02\x02\x00\x01\x02\x03\x04\x00\x00\x00\x00",
		"repeated":       "\xc0\x01\x01\x00\x01\x02\x03\x04\x00\x00\x00\x00",
		"jumps":          "\xc0\x01\x04\x00\x01\x02\x03\x04\x00\x00\x00\x00",
		"other session":  "\xc0\x01\x02\x00\x01\x02\x03\x05\x00\x00\x00\x00",
		"in clear text":  "\xc0\x01\x02\x01\x01\x02\x03\x04\x00\x00\x00\x06\x01\x00\x00\x00\x00\x00",
		"too long":       "\xc0\x01\x02\x00\x01\x02\x03\x04\x00\x01\x00\x01",
		"very long":      "\xc0\x01\x02\x00\x01\x02\x03\x04\xff\xff\xff\xff",
		"without a body": "\xc0\x01\x02\x00\x01\x02\x03\x04\x00\x00\x00\x06",
	} {
		s, _ := opened(t, "secretkey", []byte(head))
		_, err := s.Receive()
		if err == nil || (name != "without a body") != errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBodies(t *testing.T) {
	b, err := (&AuthenStart{Privilege: 1, Type: TypePAP, Service: ServiceLogin, User: "u", Port: "PIX", RemAddr: "1.2.3.4", Data: "pw"}).Body()
	if want := "\x01\x01\x02\x01\x01\x03\x07\x02uPIX1.2.3.4pw"; err != nil || string(b) != want {
		t.Errorf("start: %q, %v", b, err)
	}
	b, err = (&AcctRequest{Flags: AcctStop, AuthorRequest: AuthorRequest{Method: 6, Privilege: 1, Type: 1, Service: 1, User: "u", Port: "PIX",
		Args: []string{"task_id=0x5", "cmd=telnet"}}}).Body()
	if want := "\x04\x06\x01\x01\x01\x01\x03\x00\x02\x0b\x0auPIXtask_id=0x5cmd=telnet"; err != nil || string(b) != want {
		t.Errorf("accounting: %q, %v", b, err)
	}
	long := strings.Repeat("x", 256)
	for name, r := range map[string]interface{ Body() ([]byte, error) }{
		"user":      &AuthenStart{User: long},
		"argument":  &AuthorRequest{Args: []string{long}},
		"arguments": &AcctRequest{AuthorRequest: AuthorRequest{Args: make([]string, 256)}},
	} {
		if _, err := r.Body(); err == nil || strings.Contains(err.Error(), "xxx") {
			t.Errorf("too long a %s: %v", name, err)
		}
	}
	r, err := ParseAuthorReply([]byte("\x01\x02\x00\x01\x00\x02\x03\x04ma=1b=22"[:6] + "\x03\x04" + "mdd" + "a=1b=22"))
	if err != nil || r.Message != "m" || strings.Join(r.Args, " ") != "a=1 b=22" {
		t.Errorf("authorization: %+v, %v", r, err)
	}
	for _, bad := range []string{"", "\x01\x00\x00\x01\x00\x00", "\x01\x00\x00\x00\x00\x00x", "\x01\x00\xff\xff\xff\xff"} {
		if _, err := ParseAuthenReply([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("authentication %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "\x01\xff\x00\x00\x00\x00", "\x01\x01\x00\x00\x00\x00\x05x"} {
		if _, err := ParseAuthorReply([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("authorization %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "\x00\x01\x00\x00\x01", "\x00\x00\x00\x00\x01x"} {
		if _, err := ParseAcctReply([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("accounting %q: %v", bad, err)
		}
	}
}

// A dialogue cannot be led on for ever, and never with a sequence number that wraps.
func TestDialogueEnds(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if err := errors.Join(a.SetDeadline(time.Now().Add(10*time.Second)), b.SetDeadline(time.Now().Add(10*time.Second))); err != nil {
		t.Fatal(err)
	}
	s, err := Open(a, "", bytes.NewReader(make([]byte, 4)), Authentication, 0)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		head := make([]byte, headerLen)
		for {
			if _, err := io.ReadFull(b, head); err != nil {
				return
			}
			head[2]++
			if _, err := b.Write(head); err != nil {
				return
			}
		}
	}()
	turns := 0
	for err == nil {
		if err = s.Send(nil); err == nil {
			_, err = s.Receive()
		}
		turns++
	}
	if !errors.Is(err, ErrFormat) || turns != 128 {
		t.Errorf("after %d turns: %v", turns, err)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("\xc0\x01\x02\x00\x01\x02\x03\x04\x00\x00\x00\x06\x05\x01\x00\x00\x00\x00"), "k")
	f.Add([]byte("\xc0\x01\x02\x01\x01\x02\x03\x04\x00\x00\x00\x0d\x01\x02\x00\x01\x00\x01\x01\x02mdab0"), "")
	f.Fuzz(func(t *testing.T, reply []byte, key string) {
		s, _ := opened(t, key, reply)
		body, err := s.Receive()
		if err != nil {
			return
		}
		if len(body) > MaxBody || s.Seq() != 2 {
			t.Fatalf("%d bytes, packet %d", len(body), s.Seq())
		}
		if r, err := ParseAuthenReply(body); err == nil && 6+len(r.Message)+len(r.Data) != len(body) {
			t.Fatalf("%+v of %q", r, body)
		}
		if r, err := ParseAuthorReply(body); err == nil && len(r.Args) != int(body[1]) {
			t.Fatalf("%+v of %q", r, body)
		}
		if r, err := ParseAcctReply(body); err == nil && len(r.Message) > len(body)-5 {
			t.Fatalf("%+v of %q", r, body)
		}
	})
}
