package compiler

import (
	"slices"
	"time"

	"pixfw/ast"
)

// SessionKey is the key of one direction of a tunnel without IKE.
type SessionKey struct {
	Line    Line
	Inbound bool
	AH      bool
	SPI     uint32
	Key     ast.Secret // hexadecimal: of the authentication for AH, of the cipher for ESP
	Auth    ast.Secret
}

// IKEPeer is a peer with a certificate that is no client, though it shares a map with clients: `isakmp peer`.
type IKEPeer struct {
	Line         Line
	IP           ast.IP // 0: by name
	FQDN         string
	NoXauth      bool
	NoConfigMode bool
}

// Keepalive finds dead peers; its Line IsDefault: off.
type Keepalive struct {
	Line     Line
	Interval time.Duration
	Retry    time.Duration
}

// Exempt reports whether a peer that has proven itself with a certificate is excused from extended authentication and from mode
// configuration by `isakmp peer` (commands-vpn-aaa-show.md 1.3). names are those that its certificate bears. A peer with a
// pre-shared key is excused by the line of that key (IKEKey): nobody has vouched for what it calls itself.
func (v *VPN) Exempt(ip ast.IP, names []string) (noXauth, noConfigMode bool) {
	for i := range v.Peers {
		p := &v.Peers[i]
		if p.IP != 0 && p.IP == ip || p.FQDN != "" && slices.Contains(names, p.FQDN) {
			noXauth, noConfigMode = noXauth || p.NoXauth, noConfigMode || p.NoConfigMode
		}
	}
	return noXauth, noConfigMode
}

// builtinPolicy is what a PIX proposes and accepts after every configured policy (commands-vpn-aaa-show.md section 1.3).
func builtinPolicy() IKEPolicy {
	p := IKEPolicy{Priority: 65535}
	for _, a := range []string{"authentication", "encryption", "hash", "group", "lifetime"} {
		p.set(a, ast.DefaultPolicyValue(a))
	}
	return p
}
