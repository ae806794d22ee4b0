package shell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// formatISAKMPPolicy is `show isakmp policy` (commands-vpn-aaa-show.md section 4.12).
func formatISAKMPPolicy(plan *compiler.Plan) string {
	var b strings.Builder
	for i := range plan.VPN.Policies {
		fmt.Fprintf(&b, "Protection suite of priority %d\n", plan.VPN.Policies[i].Priority)
		formatSuite(&b, &plan.VPN.Policies[i])
	}
	b.WriteString("Default protection suite\n")
	formatSuite(&b, &compiler.IKEPolicy{Authentication: "rsa-sig", Encryption: "des", Hash: "sha", Group: 1, Lifetime: 24 * time.Hour})
	return b.String()
}

func formatSuite(b *strings.Builder, p *compiler.IKEPolicy) {
	word := func(names map[string]string, s string) string {
		if long, ok := names[s]; ok {
			return long
		}
		return s
	}
	encryption := word(map[string]string{
		"des":     "DES - Data Encryption Standard (56 bit keys).",
		"3des":    "Three key triple DES",
		"aes":     "AES - Advanced Encryption Standard (128 bit keys).",
		"aes-192": "AES - Advanced Encryption Standard (192 bit keys).",
		"aes-256": "AES - Advanced Encryption Standard (256 bit keys).",
	}, p.Encryption)
	hash := word(map[string]string{"md5": "Message Digest 5", "sha": "Secure Hash Standard"}, p.Hash)
	auth := word(map[string]string{"pre-share": "Pre-Shared Key", "rsa-sig": "Rivest-Shamir-Adleman Signature"}, p.Authentication)
	size := map[int]int{1: 768, 2: 1024, 5: 1536}[p.Group]
	fmt.Fprintf(b, "        encryption algorithm:   %s\n        hash algorithm:         %s\n        authentication method:  %s\n"+
		"        Diffie-Hellman group:   #%d (%d bit)\n        lifetime:               %d seconds, no volume limit\n",
		encryption, hash, auth, p.Group, size, int(p.Lifetime/time.Second))
}

// formatTransformSets is `show crypto ipsec transform-set` (commands-vpn-aaa-show.md section 4.12).
func formatTransformSets(plan *compiler.Plan) string {
	var b strings.Builder
	for _, t := range plan.VPN.TransformSets {
		mode := "Tunnel"
		if t.Transport {
			mode = "Transport"
		}
		fmt.Fprintf(&b, "Transform set %s: { %s  }\n   will negotiate = { %s,  },\n\n", t.Name, strings.Join(t.Transforms, " "), mode)
	}
	return b.String()
}

// formatCryptoMap is `show crypto map [interface IF | tag NAME]` (commands-vpn-aaa-show.md section 4.12). pairs tell which peer of
// several an entry has now.
func formatCryptoMap(cfg *ast.Config, plan *compiler.Plan, hits func(acl, entry int) uint64, pairs []runtime.SAPair, show *ast.Show) (string, error) {
	for _, name := range show.Filter.Ifs {
		if plan.IfByName(name) == compiler.None {
			return "", refusef(missingTexts["E202"], name)
		}
	}
	var b strings.Builder
	found := show.ID == ""
	for i := range plan.VPN.Maps {
		m := &plan.VPN.Maps[i]
		var ifs []string
		for j := range plan.Interfaces {
			if plan.Interfaces[j].Map == i {
				ifs = append(ifs, plan.Interfaces[j].Name)
			}
		}
		if show.ID != "" && m.Name != show.ID || len(show.Filter.Ifs) > 0 && !slices.Contains(ifs, show.Filter.Ifs[0]) {
			continue
		}
		found = true
		fmt.Fprintf(&b, "Crypto Map: \"%s\" interfaces: { %s }\n", m.Name, strings.Join(ifs, " "))
		if !m.Initiate.IsDefault() {
			b.WriteString("        client configuration address initiate\n")
		}
		if !m.Respond.IsDefault() {
			b.WriteString("        client configuration address respond\n")
		}
		if m.Authentication >= 0 && m.Authentication < len(plan.AAAGroups) {
			token, fallback := "", ""
			if m.Token {
				token = "token "
			}
			if m.Fallback {
				fallback = " LOCAL"
			}
			b.WriteString("        client " + token + "authentication " + plan.AAAGroups[m.Authentication].Tag + fallback + "\n")
		}
		for j := range m.Entries {
			e := &m.Entries[j]
			keying := "ipsec-isakmp"
			if e.Manual {
				keying = "ipsec-manual"
			}
			fmt.Fprintf(&b, "\nCrypto Map \"%s\" %d %s\n", m.Name, e.Seq, keying)
			if e.Dynamic != compiler.None {
				fmt.Fprintf(&b, "        Dynamic map template tag: %s\n", plan.VPN.DynamicMaps[e.Dynamic].Name)
				continue
			}
			formatPeers(&b, e)
			if e.ACL != compiler.None {
				formatACL(&b, cfg, plan, hits, plan.ACLs[e.ACL].ID, "        ")
			}
			if len(e.Peers) > 0 {
				fmt.Fprintf(&b, "        Current peer: %v\n", currentPeer(e, pairs, i, j))
			}
			formatMapTail(&b, plan, e)
		}
	}
	if !found {
		return "", refusef(missingTexts["E207"], show.ID)
	}
	return b.String(), nil
}

// formatDynamicMap is `show crypto dynamic-map [tag NAME]`, worded as `show crypto map`.
func formatDynamicMap(cfg *ast.Config, plan *compiler.Plan, hits func(acl, entry int) uint64, tag string) (string, error) {
	var b strings.Builder
	found := tag == ""
	for i := range plan.VPN.DynamicMaps {
		m := &plan.VPN.DynamicMaps[i]
		if tag != "" && m.Name != tag {
			continue
		}
		found = true
		for j := range m.Entries {
			e := &m.Entries[j]
			fmt.Fprintf(&b, "Crypto Map Template \"%s\" %d\n", m.Name, e.Seq)
			formatPeers(&b, e)
			if e.ACL != compiler.None {
				formatACL(&b, cfg, plan, hits, plan.ACLs[e.ACL].ID, "        ")
			} else {
				b.WriteString("        No matching address list set.\n")
			}
			formatMapTail(&b, plan, e)
		}
	}
	if !found {
		return "", refusef(missingTexts["E206"], tag)
	}
	return b.String(), nil
}

func formatPeers(b *strings.Builder, e *compiler.MapEntry) {
	for _, p := range e.Peers {
		fmt.Fprintf(b, "        Peer = %v\n", p)
	}
	for _, n := range e.PeerNames {
		fmt.Fprintf(b, "        Peer = %s\n", n)
	}
}

// currentPeer is the peer of an entry with whom its newest pair is; without one the first, which is tried first.
func currentPeer(e *compiler.MapEntry, pairs []runtime.SAPair, cryptoMap, entry int) string {
	peer, newest := e.Peers[0].String(), uint64(0)
	for i := range pairs {
		if p := &pairs[i]; p.Map == cryptoMap && p.Entry == entry && p.ID > newest {
			peer, newest = p.Peer.String(), p.ID
		}
	}
	return peer
}

func formatMapTail(b *strings.Builder, plan *compiler.Plan, e *compiler.MapEntry) {
	seconds, kilobytes, pfs := e.Seconds, e.Kilobytes, "N"
	if seconds == 0 {
		seconds = 28800
	}
	if kilobytes == 0 {
		kilobytes = 4608000
	}
	if e.PFS != "" {
		pfs = "Y\n        DH group:  " + e.PFS
	}
	var sets strings.Builder
	for _, t := range e.TransformSets {
		sets.WriteString(plan.VPN.TransformSets[t].Name + ", ")
	}
	fmt.Fprintf(b, "        Security association lifetime: %d kilobytes/%d seconds\n        PFS (Y/N): %s\n        Transform sets={ %s}\n",
		kilobytes, seconds, pfs, sets.String())
}
