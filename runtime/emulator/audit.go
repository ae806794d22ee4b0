package emulator

import "pixfw/runtime/audit"

// audit looks at every packet of an interface with a policy, before anything else does: drop ends it, and reset ends its connection as
// well.
func (e *Engine) audit(f *flight) bool {
	found := audit.Look(e.plan, f.in.If, &f.pkt)
	for _, m := range found.Logs {
		e.emit(m)
	}
	if !found.Drop {
		return false
	}
	f.drop(e, "INPUT", whyAudit, nil, found.Line)
	f.v.Reset = found.Reset
	if found.Cut {
		if c, _ := e.lookup(f); c != nil {
			e.teardown(c, "Deny")
		}
	}
	return true
}
