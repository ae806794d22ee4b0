package shell

import (
	"fmt"
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
		formatACL(&b, cfg, plan, hits, id, "")
	}
	return b.String()
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
