package shell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// formatACLs is `show access-list [ID]` (commands-vpn-aaa-show.md section 4.7): every entry with the number of its line
// and what it has decided so far. hits is Engine.HitCount; flows counts those of entries with `log` that are remembered.
func formatACLs(cfg *ast.Config, plan *compiler.Plan, hits func(acl, entry int) uint64, flows func() (total, denied int), id string) string {
	var b strings.Builder
	ids := []string{id}
	if id == "" {
		total, denied := flows()
		limits := &plan.DenyFlows
		fmt.Fprintf(&b, "access-list cached ACL log flows: total %d, denied %d (deny-flow-max %d)\n            alert-interval %d\n",
			total, denied, limits.Max, int(limits.AlertInterval/time.Second))
		ids = cfg.ACLs()
	}
	for _, id := range ids {
		if a := sentList(plan, id); a == nil || cfg.ACL(id) != nil {
			formatACL(&b, cfg, plan, hits, id, "")
		}
	}
	if plan == nil {
		return b.String()
	}
	// Then those that servers have sent for users, as long as somebody has them.
	for i := range plan.ACLs {
		a := &plan.ACLs[i]
		if !a.Sent || a.ID == "" || id != "" && id != a.ID {
			continue
		}
		fmt.Fprintf(&b, "access-list %s; %d elements\n", a.ID, len(a.Entries))
		for k := range a.Entries {
			text := strings.TrimPrefix(a.Entries[k].Line.Text(), "access-list ")
			_, text, _ = strings.Cut(text, " ") // the name that it was sent by
			fmt.Fprintf(&b, "access-list %s line %d %s (hitcnt=%d)\n", a.ID, a.Entries[k].Number, text, hits(i, k))
		}
	}
	return b.String()
}

// sentList is an access list that a server has sent for a user; nil: there is none of that name.
func sentList(plan *compiler.Plan, id string) *compiler.ACL {
	if plan == nil {
		return nil
	}
	if i := slices.IndexFunc(plan.ACLs, func(a compiler.ACL) bool { return a.Sent && a.ID != "" && a.ID == id }); i >= 0 {
		return &plan.ACLs[i]
	}
	return nil
}

func formatACL(b *strings.Builder, cfg *ast.Config, plan *compiler.Plan, hits func(acl, entry int) uint64, id, indent string) {
	p := cfg.Printer()
	entries := cfg.ACL(id)
	elements := 0
	for _, e := range entries {
		if _, ok := e.(*ast.AccessList); ok {
			elements++
		}
	}
	fmt.Fprintf(b, "%saccess-list %s; %d elements\n", indent, id, elements)
	acl := compiler.None
	count := map[int]uint64{} // by line number
	if plan != nil {
		acl = plan.ACLByID(id)
	}
	if acl != compiler.None {
		for i := range plan.ACLs[acl].Entries {
			count[plan.ACLs[acl].Entries[i].Number] += hits(acl, i)
		}
	}
	head := "access-list " + id + " "
	for i, e := range entries {
		text := strings.TrimPrefix(p.Text(e), head)
		fmt.Fprintf(b, "%s%sline %d %s", indent, head, i+1, text)
		if _, ok := e.(*ast.AccessList); ok {
			fmt.Fprintf(b, " (hitcnt=%d)", count[i+1])
		}
		b.WriteByte('\n')
	}
}

// formatConduits is `show conduit`: the lines with what each has decided, and the blank that a capture has behind that
// (commands-vpn-aaa-show.md section 4.7).
func formatConduits(cfg *ast.Config, plan *compiler.Plan, hits func(acl, entry int) uint64) string {
	count := map[int]uint64{} // by line
	if plan != nil {
		for i := range plan.Conduits {
			count[plan.Conduits[i].Number] = hits(compiler.ConduitList, i)
		}
	}
	var b strings.Builder
	p := cfg.ShowPrinter()
	for i, c := range ast.All[*ast.Conduit](cfg) {
		fmt.Fprintf(&b, "%s (hitcnt=%d) \n", p.Text(c), count[i+1])
	}
	return b.String()
}
