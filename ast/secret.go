package ast

// Secrets copies a command that holds keys or passwords, and gives the places of them in the copy. Other commands give nil.
// Hashes are no secrets here: they stand in every listing.
func Secrets(c Command) (copied Command, places []*Secret) {
	switch c := c.(type) {
	case *ISAKMPKey:
		d := *c
		copied, places = &d, []*Secret{&d.Key}
	case *VPNGroup:
		d := *c
		copied, places = &d, []*Secret{&d.Password}
	case *AAAHost:
		d := *c
		copied, places = &d, []*Secret{&d.Key}
	case *MapSessionKey:
		d := *c
		copied, places = &d, []*Secret{&d.Key, &d.Auth}
	case *VPDNUser:
		d := *c
		copied, places = &d, []*Secret{&d.Password}
	case *VPNClientLogin:
		d := *c
		copied, places = &d, []*Secret{&d.Password}
	case *FailoverKey:
		d := *c
		copied, places = &d, []*Secret{&d.Key}
	case *NTPKey:
		d := *c
		copied, places = &d, []*Secret{&d.Key}
	case *RIP:
		d := *c
		copied, places = &d, []*Secret{&d.Key}
	case *OSPFInterface:
		d := *c
		copied, places = &d, []*Secret{&d.Key}
	case *OSPFVirtualLink:
		d := *c
		copied, places = &d, []*Secret{&d.Key, &d.Digest}
	case *UpdateServer:
		d := *c
		copied, places = &d, []*Secret{&d.URL}
	}
	kept := places[:0]
	for _, p := range places {
		if *p != "" {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return nil, nil
	}
	return copied, kept
}

// Masked reports whether only asterisks are left of a key or password of the command.
func Masked(c Command) bool {
	_, places := Secrets(c)
	for _, p := range places {
		if p.Masked() {
			return true
		}
	}
	return false
}

// WithSecrets is a command whose keys are masked, with the keys of another line; nil when the two are not the same line but
// for the keys. What does not say whose key it is may be left off in the other line: the timeout of a server, the options of
// an isakmp key.
func WithSecrets(masked, real Command) Command {
	out, to := Secrets(masked)
	_, from := Secrets(real)
	if out == nil || len(to) != len(from) || secretKey(masked) != secretKey(real) {
		return nil
	}
	for i := range to {
		if to[i].Masked() {
			*to[i] = *from[i]
		}
	}
	return out
}

// secretKey is what two lines with the same secret have in common.
func secretKey(c Command) string {
	switch c := c.(type) {
	case *ISAKMPKey:
		return Text(&ISAKMPKey{Peer: c.Peer})
	case *AAAHost:
		return Text(&AAAHost{Tag: c.Tag, If: c.If, IP: c.IP})
	case *VPDNUser:
		return Text(&VPDNUser{User: c.User})
	}
	blank, places := Secrets(c)
	for _, p := range places {
		*p = "x"
	}
	if m, ok := blank.(ModeLine); ok {
		return m.InMode() + "\x00" + Text(blank)
	}
	return Text(blank)
}
