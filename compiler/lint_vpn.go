package compiler

import (
	"slices"
	"strconv"
	"strings"

	"pixfw/ast"
)

// crypto finds algorithms that do not protect any more, and keys for everybody.
func (l *linter) crypto() {
	v := &l.plan.VPN
	for i := range v.TransformSets {
		t := &v.TransformSets[i]
		if !slices.ContainsFunc(t.Transforms, encrypts) {
			l.find("W406", ast.Warning, t.Line.cmd, t.Name, "transform-set %s does not encrypt: it has no cipher", t.Name).Hint = "add esp-3des, or esp-aes-256 where the peers can"
		}
		if slices.ContainsFunc(t.Transforms, encrypts) && !slices.ContainsFunc(t.Transforms, authenticates) {
			l.find("W449", ast.Warning, t.Line.cmd, t.Name, "transform-set %s does not authenticate: packets can be altered and replayed", t.Name).Hint = "add esp-sha-hmac"
		}
		for _, w := range t.Transforms {
			switch w {
			case "esp-des":
				l.weakCipher(t.Line.cmd, w, "DES")
			case "esp-null":
				l.find("W406", ast.Warning, t.Line.cmd, w, "transform-set %s does not encrypt", t.Name).Hint = "use esp-3des, or esp-aes-256 where the peers can"
			case "esp-md5-hmac", "ah-md5-hmac":
				l.weakHash(t.Line.cmd, w, strings.Replace(w, "md5", "sha", 1))
			}
		}
	}
	for _, g := range l.vpdnGroups() {
		if g.Attribute == "ppp encryption mppe" && g.Value == "40" {
			l.find("W406", ast.Warning, g, "40", "MPPE with keys of 40 bits can be broken in minutes").Hint = "use 128"
		}
	}
	for i := range v.Policies {
		p := &v.Policies[i]
		line := func(attribute string) ast.Command {
			for _, c := range l.lines.policies {
				if c.Priority == p.Priority && c.Attribute == attribute && (c.Position().IsValid() || !p.Line.Pos.IsValid()) {
					return c
				}
			}
			return p.Line.cmd // a default, which no line states
		}
		if p.Encryption == "des" {
			l.weakCipher(line("encryption"), "des", "DES")
		}
		if p.Hash == "md5" {
			l.weakHash(line("hash"), "md5", "sha")
		}
		if p.Group == 1 {
			l.weakGroup(line("group"), "1")
		}
	}
	for _, e := range l.lines.mapEntries {
		if e.PFS == "group1" {
			l.weakGroup(e, e.PFS)
		}
	}
	for i := range v.Keys {
		if k := &v.Keys[i]; k.Peer.Mask == 0 {
			d := l.find("W409", ast.Warning, k.Line.cmd, "", "the pre-shared key is for any peer: whoever learns it from one client can pose as the firewall to all others")
			d.Hint = "give each peer a key of its own, or use vpngroup passwords together with extended authentication"
		}
	}
}

// encrypts reports whether a word of a transform set is a cipher; esp-null is one that has a finding of its own.
func encrypts(word string) bool {
	return strings.HasPrefix(word, "esp-") && !strings.HasSuffix(word, "-hmac")
}

// authenticates reports whether a word of a transform set is an authenticator.
func authenticates(word string) bool { return strings.HasSuffix(word, "-hmac") }

func (l *linter) weakCipher(cmd ast.Command, word, name string) {
	l.find("W406", ast.Warning, cmd, word, "%s can be broken in hours", name).Hint = "use 3des, or aes-256 where the peers can"
}

func (l *linter) weakHash(cmd ast.Command, word, better string) {
	l.find("W407", ast.Warning, cmd, word, "MD5 is no longer a sound choice").Hint = "use " + better + " where the peers can"
}

func (l *linter) weakGroup(cmd ast.Command, word string) {
	l.find("W408", ast.Warning, cmd, word, "Diffie-Hellman group 1 (768 bits) can be broken").Hint = "use group 5, or group 2 where the peers can do no better"
}

// mapEntries finds crypto map entries that a PIX ignores because something is missing (semantics.md 6.1), and maps on
// interfaces without IKE.
func (l *linter) mapEntries() {
	v := &l.plan.VPN
	for i := range v.Maps {
		m := &v.Maps[i]
		for j := range m.Entries {
			e := &m.Entries[j]
			if k, ok := e.Line.cmd.(*ast.MapEntry); ok && k.Template != "" {
				continue
			}
			var missing []string
			if e.ACL == None && !l.states(m.Name, e.Seq, false, func(o *ast.MapEntry) bool { return o.Match != "" }) {
				missing = append(missing, "match address")
			}
			if len(e.Peers)+len(e.PeerNames) == 0 {
				missing = append(missing, "set peer")
			}
			if len(e.TransformSets) == 0 && !l.states(m.Name, e.Seq, false, offers) {
				missing = append(missing, "set transform-set")
			}
			if len(missing) > 0 {
				l.incomplete(e.Line.cmd, "crypto map", m.Name, e.Seq, missing)
			}
		}
	}
	for i := range v.DynamicMaps {
		m := &v.DynamicMaps[i]
		for j := range m.Entries {
			if e := &m.Entries[j]; len(e.TransformSets) == 0 && !l.states(m.Name, e.Seq, true, offers) {
				l.incomplete(e.Line.cmd, "crypto dynamic-map", m.Name, e.Seq, []string{"set transform-set"})
			}
		}
	}
	for i := range l.plan.Interfaces {
		f := &l.plan.Interfaces[i]
		if f.Map != None && f.ISAKMP.IsDefault() {
			d := l.find("W425", ast.Warning, f.MapLine.cmd, f.Name, "crypto map %s is on %s, but IKE is not enabled there: no tunnel can come up", v.Maps[f.Map].Name, f.Name)
			d.Hint = "add `isakmp enable " + f.Name + "`"
		}
	}
}

// peerKeys finds peers without a pre-shared key, where every IKE policy asks for one.
func (l *linter) peerKeys() {
	v := &l.plan.VPN
	if len(v.Policies) == 0 || slices.ContainsFunc(v.Policies, func(p IKEPolicy) bool { return p.Authentication != "pre-share" }) {
		return
	}
	for _, e := range l.lines.mapEntries {
		if e.Peer == 0 || slices.ContainsFunc(v.Keys, func(k IKEKey) bool { return k.Peer.Contains(e.Peer) }) {
			continue
		}
		d := l.find("W429", ast.Warning, e, l.ip(e.Peer), "there is no pre-shared key for peer %s, and every isakmp policy asks for one", e.Peer)
		d.Hint = "add `isakmp key KEY address " + l.ip(e.Peer) + " netmask 255.255.255.255`"
	}
}

func offers(e *ast.MapEntry) bool { return len(e.TransformSet) > 0 }

// states reports whether the configuration has a line of the entry that keep accepts. What the line names may not exist,
// which is a finding of its own.
func (l *linter) states(name string, seq int, dynamic bool, keep func(*ast.MapEntry) bool) bool {
	return slices.ContainsFunc(l.lines.mapEntries, func(e *ast.MapEntry) bool {
		return e.Name == name && e.Seq == seq && e.Dynamic == dynamic && keep(e)
	})
}

func (l *linter) incomplete(cmd ast.Command, what, name string, seq int, missing []string) {
	d := l.find("W424", ast.Warning, cmd, strconv.Itoa(seq), "%s %s %d is incomplete and ignored: it has no %s", what, name, seq, strings.Join(missing, ", no "))
	d.Hint = "add `" + what + " " + name + " " + strconv.Itoa(seq) + " " + missing[0] + " ...`"
}
