package tacacs

import (
	"encoding/binary"
	"fmt"
)

// What a start asks for.
const (
	TypeASCII = 1
	TypePAP   = 2

	ServiceLogin  = 1
	ServiceEnable = 2

	// MethodTACACS says in authorization and accounting that TACACS+ has authenticated the user.
	MethodTACACS = 6

	actionLogin = 1
)

// Status of a reply about authentication.
const (
	AuthenPass    = 1
	AuthenFail    = 2
	AuthenGetData = 3
	AuthenGetUser = 4
	AuthenGetPass = 5
	AuthenRestart = 6
	AuthenError   = 7
	AuthenFollow  = 0x21
)

// Status of a reply about authorization.
const (
	AuthorPassAdd  = 1
	AuthorPassRepl = 2
	AuthorFail     = 0x10
	AuthorError    = 0x11
	AuthorFollow   = 0x21
)

// Status of a reply about accounting, and the flags of its requests.
const (
	AcctSuccess = 1
	AcctError   = 2

	AcctStart = 2
	AcctStop  = 4
)

// field is a text whose length has one byte.
func field(name, s string) (byte, error) {
	if len(s) > 255 {
		return 0, fmt.Errorf("%s of %d bytes is longer than TACACS+ can carry", name, len(s))
	}
	return byte(len(s)), nil
}

// AuthenStart opens an authentication. Data is the password of PAP.
type AuthenStart struct {
	Privilege, Type, Service  byte
	User, Port, RemAddr, Data string
}

// Body is the packet's body; an error when a text is longer than its field.
func (a *AuthenStart) Body() ([]byte, error) {
	b := []byte{actionLogin, a.Privilege, a.Type, a.Service, 0, 0, 0, 0}
	return texts(b, 4, []named{{"user", a.User}, {"port", a.Port}, {"remote address", a.RemAddr}, {"data", a.Data}})
}

type named struct{ name, text string }

// texts appends texts and writes their lengths from b[at] on.
func texts(b []byte, at int, fields []named) ([]byte, error) {
	for i, f := range fields {
		n, err := field(f.name, f.text)
		if err != nil {
			return nil, err
		}
		b[at+i] = n
	}
	for _, f := range fields {
		b = append(b, f.text...)
	}
	return b, nil
}

// AuthenContinue is the body of an answer to a question of the server; abort ends the dialogue.
func AuthenContinue(text string, abort bool) ([]byte, error) {
	if len(text) > 0xffff {
		return nil, fmt.Errorf("answer of %d bytes is longer than TACACS+ can carry", len(text))
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(text)))
	b = append(b, 0, 0, 0)
	if abort {
		b[4] = 1
	}
	return append(b, text...), nil
}

// AuthenReply is what a server says in an authentication.
type AuthenReply struct {
	Status  byte
	NoEcho  bool // the answer is not to be shown
	Message string
	Data    []byte
}

// ParseAuthenReply reads a body.
func ParseAuthenReply(b []byte) (AuthenReply, error) {
	if len(b) < 6 {
		return AuthenReply{}, malformed("authentication reply of %d bytes", len(b))
	}
	parts, err := cut(b[6:], int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:])))
	if err != nil {
		return AuthenReply{}, err
	}
	return AuthenReply{Status: b[0], NoEcho: b[1]&1 != 0, Message: string(parts[0]), Data: parts[1]}, nil
}

// cut splits what must have exactly these lengths.
func cut(b []byte, lengths ...int) ([][]byte, error) {
	out := make([][]byte, len(lengths))
	for i, n := range lengths {
		if n > len(b) {
			return nil, malformed("field lengths do not add up")
		}
		out[i], b = b[:n:n], b[n:]
	}
	if len(b) > 0 {
		return nil, malformed("%d bytes too many", len(b))
	}
	return out, nil
}

// AuthorRequest asks whether a user may do something; the arguments are "name=value" (mandatory) or "name*value".
type AuthorRequest struct {
	Method, Privilege, Type, Service byte
	User, Port, RemAddr              string
	Args                             []string
}

// Body is the packet's body; an error when something is longer than its field.
func (a *AuthorRequest) Body() ([]byte, error) {
	if len(a.Args) > 255 {
		return nil, fmt.Errorf("%d arguments are more than TACACS+ can carry", len(a.Args))
	}
	b := []byte{a.Method, a.Privilege, a.Type, a.Service, 0, 0, 0, byte(len(a.Args))}
	fields := []named{{"user", a.User}, {"port", a.Port}, {"remote address", a.RemAddr}}
	for _, arg := range a.Args {
		n, err := field("argument", arg)
		if err != nil {
			return nil, err
		}
		b = append(b, n)
	}
	b, err := texts(b, 4, fields)
	for _, arg := range a.Args {
		b = append(b, arg...)
	}
	return b, err
}

// AuthorReply is what a server says to that.
type AuthorReply struct {
	Status  byte
	Message string
	Args    []string
}

// ParseAuthorReply reads a body.
func ParseAuthorReply(b []byte) (AuthorReply, error) {
	if len(b) < 6 || len(b) < 6+int(b[1]) {
		return AuthorReply{}, malformed("authorization reply of %d bytes", len(b))
	}
	argc := int(b[1])
	lengths := []int{int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:]))}
	for _, n := range b[6 : 6+argc] {
		lengths = append(lengths, int(n))
	}
	parts, err := cut(b[6+argc:], lengths...)
	if err != nil {
		return AuthorReply{}, err
	}
	r := AuthorReply{Status: b[0], Message: string(parts[0])}
	for _, a := range parts[2:] {
		r.Args = append(r.Args, string(a))
	}
	return r, nil
}

// AcctRequest reports something; Flags are AcctStart or AcctStop.
type AcctRequest struct {
	Flags byte
	AuthorRequest
}

// Body is the packet's body; an error when something is longer than its field.
func (a *AcctRequest) Body() ([]byte, error) {
	b, err := a.AuthorRequest.Body()
	return append([]byte{a.Flags}, b...), err
}

// AcctReply is what a server says to that.
type AcctReply struct {
	Status  byte
	Message string
}

// ParseAcctReply reads a body.
func ParseAcctReply(b []byte) (AcctReply, error) {
	if len(b) < 5 {
		return AcctReply{}, malformed("accounting reply of %d bytes", len(b))
	}
	parts, err := cut(b[5:], int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])))
	if err != nil {
		return AcctReply{}, err
	}
	return AcctReply{Status: b[4], Message: string(parts[0])}, nil
}
