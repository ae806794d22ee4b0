package compiler

import (
	"slices"

	"pixfw/ast"
)

// manual finds entries without IKE that lack a key, so that no tunnel can come up.
func (l *linter) manual() {
	for i := range l.plan.VPN.Maps {
		m := &l.plan.VPN.Maps[i]
		for j := range m.Entries {
			e := &m.Entries[j]
			if !e.Manual || e.Line.cmd == nil {
				continue
			}
			has := func(in bool) bool {
				return slices.ContainsFunc(e.Keys, func(k SessionKey) bool { return k.Inbound == in })
			}
			what := ""
			switch {
			case !has(true):
				what = "no session key for packets that come in"
			case !has(false):
				what = "no session key for packets that go out"
			case len(e.TransformSets) > 1:
				what = "more than one transform set"
			default:
				continue
			}
			d := l.find("W441", ast.Warning, e.Line.cmd, "ipsec-manual", "crypto map %s %d is ignored: it has %s", m.Name, e.Seq, what)
			d.Hint = "give it `set session-key inbound ...` and `set session-key outbound ...`, and one transform set"
		}
	}
}
