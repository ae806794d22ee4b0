package tacacs

import (
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Type of a session.
type Type uint8

// The types.
const (
	Authentication Type = 1
	Authorization  Type = 2
	Accounting     Type = 3
)

// MaxBody is the longest body of a reply that is read, in bytes. The largest that servers send are lists of attributes, 255 of
// 255 bytes at most, and a text.
const MaxBody = 1 << 16

const (
	headerLen   = 12
	majorNumber = 0xc0
	unencrypted = 0x01
)

// ErrFormat is wrapped by every error about the form of a reply. A wrong key looks like one, too.
var ErrFormat = errors.New("malformed TACACS+ packet (is the key right?)")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// A Session is one dialogue with a server.
type Session struct {
	conn    io.ReadWriter
	key     []byte
	id      [4]byte
	typ     Type
	version byte
	seq     byte // of the packet that was last sent or received
}

// Open makes a session over a connection; nothing is sent yet. The minor version is 1 for PAP and CHAP, else 0. Without a key
// bodies go in clear text.
func Open(conn io.ReadWriter, key string, random io.Reader, typ Type, minor byte) (*Session, error) {
	s := &Session{conn: conn, key: []byte(key), typ: typ, version: majorNumber | minor&0x0f}
	if _, err := io.ReadFull(random, s.id[:]); err != nil {
		return nil, fmt.Errorf("choosing a session id: %w", err)
	}
	return s, nil
}

// ID is the number of the session.
func (s *Session) ID() uint32 { return binary.BigEndian.Uint32(s.id[:]) }

// Seq is the number of the packet that was last sent or received.
func (s *Session) Seq() int { return int(s.seq) }

// Send sends a body as the next packet of the client.
func (s *Session) Send(body []byte) error {
	if len(body) > MaxBody {
		return fmt.Errorf("TACACS+ body of %d bytes", len(body))
	}
	if s.seq > 252 { // the number of the answer must fit, too
		return malformed("the dialogue does not end")
	}
	s.seq++
	packet := make([]byte, headerLen+len(body))
	packet[0], packet[1], packet[2] = s.version, byte(s.typ), s.seq
	if len(s.key) == 0 {
		packet[3] = unencrypted
	}
	copy(packet[4:], s.id[:])
	binary.BigEndian.PutUint32(packet[8:], uint32(len(body)))
	copy(packet[headerLen:], body)
	s.obfuscate(packet[headerLen:], s.version, s.seq)
	_, err := s.conn.Write(packet)
	return err
}

// Receive reads the server's answer to the packet that was last sent and returns its body.
func (s *Session) Receive() ([]byte, error) {
	var head [headerLen]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[8:])
	switch {
	case head[0]&0xf0 != majorNumber:
		return nil, malformed("major version %d", head[0]>>4)
	case Type(head[1]) != s.typ:
		return nil, malformed("type %d in a session of type %d", head[1], s.typ)
	case head[2] != s.seq+1:
		return nil, malformed("sequence number %d after %d", head[2], s.seq)
	case [4]byte(head[4:8]) != s.id:
		return nil, malformed("another session's id")
	case (head[3]&unencrypted != 0) != (len(s.key) == 0):
		return nil, malformed("a body in clear text where there is a key, or the other way round")
	case n > MaxBody:
		return nil, malformed("body of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(s.conn, body); err != nil {
		return nil, err
	}
	s.seq++
	s.obfuscate(body, head[0], s.seq)
	return body, nil
}

// obfuscate is its own inverse: the body xor MD5(id|key|version|seq), MD5(the same|previous hash), ...
func (s *Session) obfuscate(body []byte, version, seq byte) {
	if len(s.key) == 0 {
		return
	}
	in := append(append(append([]byte(nil), s.id[:]...), s.key...), version, seq)
	fixed := len(in)
	for len(body) > 0 {
		pad := md5.Sum(in)
		in = append(in[:fixed], pad[:]...)
		n := min(len(body), len(pad))
		for i := range n {
			body[i] ^= pad[i]
		}
		body = body[n:]
	}
}
