// Package tacacs is the client's half of TACACS+ (draft-grant-tacacs, RFC 8907; commands-vpn-aaa-show.md section 5.6): packets
// with their obfuscation, and the bodies of authentication, authorization and accounting.
//
// What goes in: a connection with its deadline set, a key, requests. What comes out: replies, or an error that says which rule of
// the format a reply broke; keys and passwords are in none of them.
//
//	s, err := tacacs.Open(conn, key, rand.Reader, tacacs.Authentication, 0)
//	start, err := (&tacacs.AuthenStart{Type: tacacs.TypeASCII, User: "cisco", Port: "PIX"}).Body()
//	err = s.Send(start)
//	body, err := s.Receive()
//	reply, err := tacacs.ParseAuthenReply(body)
//
// What always holds: a reply is no longer than [MaxBody], belongs to the session, answers the packet that was sent last, and is
// obfuscated if and only if there is a key: a reply in clear text is no way around the key.
package tacacs
