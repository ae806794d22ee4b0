package kernel

import (
	"fmt"

	"github.com/vishvananda/netlink"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
)

// mapped are the addresses that translations have: those of a plan, and from live on those of translations that live, which the lines that
// made them may no longer have (semantics.md 3.5): what comes back to them asks for their address. The lock of dynamic is held.
func (e *Engine) mapped(plan *compiler.Plan) (list []nft.Mapped, live int) {
	list = nft.MappedNets(plan)
	live = len(list)
	for _, k := range e.dyn.xlates.answers() {
		if !plan.Interfaces[k.mappedIf].Net.Contains(k.real) {
			list = append(list, nft.Mapped{If: k.mappedIf, Net: ast.Net{IP: k.mapped, Mask: ast.AllOnes}})
		}
	}
	return list, live
}

// guardARP has the kernel answer ARP as a plan says, or, for none, as it likes. Both locks are held where there is one.
func (e *Engine) guardARP(plan *compiler.Plan, links map[int]netlink.Link) error {
	if e.opt.Lacks[nft.ARPTables] {
		return nil
	}
	devices := map[int]string{}
	for i, link := range links {
		devices[i] = link.Attrs().Name
	}
	var mapped []nft.Mapped
	if plan != nil {
		mapped, _ = e.mapped(plan)
	}
	b, err := nft.ARP(plan, mapped, devices)
	if err == nil {
		err = e.ns.commit(b)
	}
	if err != nil {
		return fmt.Errorf("rules for ARP: %w", err)
	}
	e.staleARP = false
	return nil
}
