package kernel

import (
	"strconv"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/acelog"
	"pixfw/runtime/syslog"
)

// entryHit counts a packet that an access list entry with `log` has decided: arg is list and entry, by the Plan's indices. It returns
// what a PIX writes then; about further packets of the flow that is at the end of the interval.
func (d *dynamic) entryHit(plan *compiler.Plan, in int, arg string, p *runtime.Packet) (said []runtime.Message) {
	part := strings.Split(arg, ":")
	if len(part) < 2 {
		return nil
	}
	acl, err1 := strconv.Atoi(part[0])
	entry, err2 := strconv.Atoi(part[1])
	if err1 != nil || err2 != nil || acl < 0 || acl >= len(plan.ACLs) || entry < 0 || entry >= len(plan.ACLs[acl].Entries) {
		return nil
	}
	ace := &plan.ACLs[acl].Entries[entry]
	if ace.Log != ast.LogOn {
		return nil // of a plan before this one
	}
	verb := "denied"
	switch {
	case ace.Permit:
		verb = "permitted"
	case len(part) > 2 && part[2] == nft.Lifted:
		verb = "est-allowed"
	}
	name := func(i int) string {
		if i < 0 {
			return ""
		}
		return plan.Interfaces[i].Name
	}
	flow := syslog.FlowOf(p, name(in), name(leadsTo(plan, d, in, p)))
	d.mu.Lock()
	defer d.mu.Unlock()
	if plan != d.plan {
		return []runtime.Message{syslog.Log106100(ace.LogLevel, plan.ACLs[acl].ID, verb, flow, 1, 0)} // the policy has just changed
	}
	d.entries.Hit(acelog.Key{List: plan.ACLs[acl].ID, Entry: ace.Number, In: in, Proto: p.Proto, Src: p.Src, Dst: p.Dst, SrcPort: p.SrcPort, DstPort: p.DstPort},
		acelog.Hit{Level: ace.LogLevel, Verb: verb, Permit: ace.Permit, Interval: ace.Interval, Flow: flow}, acelog.LimitsOf(plan, d.bounds.LogFlows),
		d.clock.Now().Sub(d.began), func(m runtime.Message) { said = append(said, m) })
	return said
}
