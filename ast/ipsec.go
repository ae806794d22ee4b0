package ast

import (
	"slices"
	"strconv"
)

// TransformMode: `crypto ipsec transform-set NAME mode transport`. Tunnel mode is the default and is not printed.
type TransformMode struct {
	Pos  `json:"-"`
	Name string `json:"name"`
	Mode string `json:"mode,omitempty"` // transport, tunnel; empty in a no statement without it
}

func (*TransformMode) Family() string { return "crypto ipsec transform-set" }
func (c *TransformMode) print(p *Printer) {
	p.word("crypto", "ipsec", "transform-set", c.Name, "mode").wordIf(c.Mode != "", c.Mode)
}
func (c *TransformMode) rule() rule {
	return rule{section: secCryptoIPsec, rank: 1, key: familyKey("transform-set mode", c.Name), unset: c.Mode == "tunnel"}
}
func (c *TransformMode) group() (string, int) { return "transform-set\x00" + c.Name, 2 }
func (c *TransformSet) group() (string, int)  { return "transform-set\x00" + c.Name, 2 }

func (c *TransformSet) removeFrom(cfg *Config) (bool, error) {
	if len(c.Transforms) > 0 {
		return false, nil
	}
	err := cfg.removeKey(c)
	if err == nil {
		_ = cfg.removeKey(&TransformMode{Name: c.Name}) // there may be none
	}
	return true, err
}

// SALifetime: `crypto ipsec security-association lifetime seconds N` or `kilobytes N`, for entries of crypto maps that state
// none. One line may set both; two are stored. The default is not printed.
type SALifetime struct {
	Pos       `json:"-"`
	Seconds   int    `json:"seconds,omitempty"`
	Kilobytes int    `json:"kilobytes,omitempty"`
	Part      string `json:"-"` // seconds, kilobytes: in a no statement without the number
}

// Defaults of SALifetime (commands-vpn-aaa-show.md section 1.1).
const (
	DefaultSASeconds   = 28800
	DefaultSAKilobytes = 4608000
)

func (*SALifetime) Family() string { return "crypto ipsec security-association" }
func (c *SALifetime) print(p *Printer) {
	p.word("crypto", "ipsec", "security-association", "lifetime").wordIf(c.Part != "", c.Part)
	if c.Seconds > 0 {
		p.word("seconds").num(c.Seconds)
	}
	if c.Kilobytes > 0 {
		p.word("kilobytes").num(c.Kilobytes)
	}
}
func (c *SALifetime) rule() rule {
	r := rule{section: secCryptoIPsec, rank: 1 << 40, key: "sa lifetime seconds", quiet: c.Seconds == DefaultSASeconds, unset: c.Seconds == DefaultSASeconds}
	if c.Kilobytes > 0 {
		r = rule{section: secCryptoIPsec, rank: 1<<40 + 1, key: "sa lifetime kilobytes", quiet: c.Kilobytes == DefaultSAKilobytes, unset: c.Kilobytes == DefaultSAKilobytes}
	}
	return r
}

func (c *SALifetime) setIn(cfg *Config) (bool, error) {
	if c.Seconds == 0 || c.Kilobytes == 0 {
		return false, nil
	}
	_ = cfg.put(&SALifetime{Pos: c.Pos, Seconds: c.Seconds}) // a keyed setting is never refused
	return true, cfg.put(&SALifetime{Pos: c.Pos, Kilobytes: c.Kilobytes})
}

// removeFrom takes a line that names both lifetimes as the two lines that are stored.
func (c *SALifetime) removeFrom(cfg *Config) (bool, error) {
	if c.Seconds == 0 || c.Kilobytes == 0 {
		return false, nil
	}
	if err := cfg.remove(&SALifetime{Pos: c.Pos, Seconds: c.Seconds}); err != nil {
		return true, err
	}
	return true, cfg.remove(&SALifetime{Pos: c.Pos, Kilobytes: c.Kilobytes})
}

// MapSessionKey: `crypto map NAME SEQ set session-key inbound|outbound ah SPI KEY` or `esp SPI cipher KEY [authenticator KEY]`.
type MapSessionKey struct {
	Pos     `json:"-"`
	Name    string `json:"name"`
	Seq     int    `json:"seq"`
	Inbound bool   `json:"inbound"`
	AH      bool   `json:"ah,omitempty"`
	SPI     uint32 `json:"spi,omitempty"`
	Key     Secret `json:"key,omitempty"`           // hexadecimal: of the authentication for AH, of the cipher for ESP
	Auth    Secret `json:"authenticator,omitempty"` // ESP
}

func (*MapSessionKey) Family() string { return "crypto map" }
func (c *MapSessionKey) print(p *Printer) {
	p.word("crypto", "map", c.Name).num(c.Seq).word("set", "session-key", c.way(), c.protocol())
	if c.SPI == 0 {
		return
	}
	p.word(strconv.FormatUint(uint64(c.SPI), 10)).wordIf(!c.AH, "cipher")
	if p.secret(c.Key); c.Auth != "" {
		p.word("authenticator").secret(c.Auth)
	}
}
func (c *MapSessionKey) way() string {
	if c.Inbound {
		return "inbound"
	}
	return "outbound"
}
func (c *MapSessionKey) protocol() string {
	if c.AH {
		return "ah"
	}
	return "esp"
}
func (c *MapSessionKey) rule() rule {
	return rule{section: secCryptoMap, rank: c.Seq*8 + 6, key: familyKey("session-key", c.Name, strconv.Itoa(c.Seq), c.way(), c.protocol())}
}
func (c *MapSessionKey) group() (string, int)                 { return "crypto map\x00" + c.Name, mapTail * 2 }
func (c *MapSessionKey) removeFrom(cfg *Config) (bool, error) { return true, cfg.removeKey(c) }

// ISAKMPPeer: `isakmp peer ip IP|fqdn NAME [no-xauth] [no-config-mode]`: a peer that is no client, though it shares the map.
type ISAKMPPeer struct {
	Pos          `json:"-"`
	IP           IP     `json:"ip,omitempty"`
	FQDN         string `json:"fqdn,omitempty"`
	NoXauth      bool   `json:"noXauth,omitempty"`
	NoConfigMode bool   `json:"noConfigMode,omitempty"`
}

func (*ISAKMPPeer) Family() string { return "isakmp" }
func (c *ISAKMPPeer) print(p *Printer) {
	p.word("isakmp", "peer")
	if c.FQDN != "" {
		p.word("fqdn", c.FQDN)
	} else {
		p.word("ip").ip(c.IP)
	}
	p.wordIf(c.NoXauth, "no-xauth").wordIf(c.NoConfigMode, "no-config-mode")
}
func (c *ISAKMPPeer) rule() rule {
	return rule{section: secISAKMP, rank: 2, key: familyKey("isakmp peer", c.IP.String(), c.FQDN)}
}

// ISAKMPKeepalive: `isakmp keepalive SECONDS [RETRY]`: dead peers are found.
type ISAKMPKeepalive struct {
	Pos     `json:"-"`
	Seconds int `json:"seconds,omitempty"`
	Retry   int `json:"retry,omitempty"` // seconds; 0: not given, 2
}

func (*ISAKMPKeepalive) Family() string { return "isakmp" }
func (c *ISAKMPKeepalive) print(p *Printer) {
	p.word("isakmp", "keepalive")
	if c.Seconds > 0 {
		p.num(c.Seconds)
	}
	if c.Retry > 0 {
		p.num(c.Retry)
	}
}
func (*ISAKMPKeepalive) rule() rule {
	return rule{section: secISAKMP, rank: 5, key: "isakmp keepalive"}
}

// policyAttributes are the lines of an IKE policy in printed order. A PIX prints all five, whichever were typed
// (commands-vpn-aaa-show.md section 1.0).
var policyAttributes = []string{"authentication", "encryption", "hash", "group", "lifetime"}

func (c *ISAKMPPolicy) setIn(cfg *Config) (bool, error) {
	known := slices.ContainsFunc(cfg.sections[secISAKMP], func(old Command) bool {
		p, ok := old.(*ISAKMPPolicy)
		return ok && p.Priority == c.Priority
	})
	if known {
		return false, nil
	}
	for _, a := range policyAttributes {
		if a != c.Attribute {
			_ = cfg.put(defaultPolicy(c.Priority, a)) // a keyed setting is never refused
		}
	}
	return false, nil
}

// removeFrom takes a masked key for the stored one, whatever that is.
func (c *ISAKMPKey) removeFrom(cfg *Config) (bool, error) {
	if !c.Key.Masked() {
		return false, nil
	}
	return true, cfg.removeKey(c)
}
