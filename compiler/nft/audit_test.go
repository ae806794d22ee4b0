package nft

import (
	"slices"
	"strings"
	"testing"

	"pixfw/compiler"
)

// audited are the chains and sets of ip audit alone: a kernel without a packet queue cannot load the others as text.
func audited(info, attack []string, disabled ...int) (*Ruleset, *Ruleset) {
	p := widePlan()
	p.Audit = []compiler.Audit{{If: 0, Info: info, Attack: attack}}
	p.AuditDisabled = disabled
	rs, _ := Lower(p, devices, Options{Daemon: true})
	out := &Ruleset{Chains: slices.Clone(rs.Chains), Sets: slices.Clone(rs.Sets)}
	out.Chains = slices.DeleteFunc(out.Chains, func(c Chain) bool { return !strings.HasPrefix(c.Name, "audit") })
	asks := func(set string) bool { // others ask some of the sets, too
		return slices.ContainsFunc(out.Chains, func(c Chain) bool {
			return slices.ContainsFunc(c.Rules, func(r Rule) bool {
				return slices.ContainsFunc(r.Match, func(m Match) bool { return m.Set == set })
			})
		})
	}
	out.Sets = slices.DeleteFunc(out.Sets, func(s Set) bool { return s.Kind != Octets && s.Kind != Lengths || s.Kind == Octets && !asks(s.Name) })
	return out, rs
}

// Policies that only tell have rules that log, and those that drop a queue of their own; the sets are there where something asks them.
func TestAuditRules(t *testing.T) {
	alarm := []string{"alarm"}
	told, _ := audited(alarm, alarm)
	listAlike(t, "audit", told)
	text := told.Text()
	for _, w := range []string{"iifname \"out0\" goto audit_outside", "tcp flags & (fin | syn | rst | ack) == 0x0 goto audit_tell",
		"icmp type { 0, 3-5, 8, 11-18 } goto audit_tell", "ip length . udp length != @udp_lengths goto audit_tell",
		"@nh,120,8 . @nh,152,8 @same_octets @nh,112,8 . @nh,144,8 @same_octets", "ip hdrlength > 5 goto audit_tell", "log prefix \"400000\" group 106"} {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in\n%s", w, text)
		}
	}
	if strings.Contains(text, "reject") || strings.Contains(text, "goto audit_hold") || len(told.Sets) != 2 {
		t.Errorf("more than telling:\n%s", text)
	}
	held, _ := audited(alarm, []string{"alarm", "reset"}, 1102, 4050, 2004)
	text = held.Text()
	for _, w := range []string{"meta mark & 0xffffffff == 0xd0000000 tcp flags & (rst) != rst reject with tcp reset", "meta mark & 0xffffffff == 0xd0000000 drop", "icmp type { 0, 3-5, 11-18 } goto audit_tell",
		"ip length > 1024 goto audit_hold", "queue num 108 bypass"} {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in\n%s", w, text)
		}
	}
	if strings.Contains(text, "@nh,120") || len(held.Sets) != 0 {
		t.Errorf("a signature that is disabled is looked for:\n%s", text)
	}
	if _, all := audited(nil, nil); slices.ContainsFunc(all.Chains, func(c Chain) bool { return strings.HasPrefix(c.Name, "audit") }) {
		t.Error("chains for a policy without actions")
	}
}
