package shell

import (
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// Settings that act although no line of the configuration states them are shown as the lines that would state them: a configuration may
// be a fragment.

// formatDefaultFixups are the inspections that are on by default; with a protocol only those of it.
func formatDefaultFixups(cfg *ast.Config, plan *compiler.Plan, protocol string) string {
	var b strings.Builder
	p := cfg.Printer()
	for i := range plan.Fixups {
		f := &plan.Fixups[i]
		if !f.Line.IsDefault() || protocol != "" && f.Protocol != protocol {
			continue
		}
		for _, d := range ast.DefaultFixups() {
			if d.Protocol == f.Protocol && d.Sub == f.Sub {
				b.WriteString(p.Text(d) + "\n")
			}
		}
	}
	return b.String()
}

// formatTimeouts is `show timeout`: the default timers under those of the configuration.
func formatTimeouts(cfg *ast.Config) (string, error) {
	all := ast.NewConfig("")
	all.Release = cfg.Release
	list := []*ast.Timeout{{Timers: ast.DefaultTimers()}}
	for _, t := range ast.All[*ast.Timeout](cfg) {
		list = append(list, t)
	}
	for _, t := range list {
		if err := all.Do(ast.Statement{Cmd: t}); err != nil {
			return "", refused("ERROR: " + err.Error())
		}
	}
	var b strings.Builder
	for _, t := range ast.All[*ast.Timeout](all) {
		b.WriteString(all.Printer().Text(t) + "\n")
	}
	return b.String(), nil
}

// formatFragments is `show fragment`: the three limits of every interface.
func formatFragments(cfg *ast.Config, plan *compiler.Plan) string {
	var b strings.Builder
	p := cfg.Printer()
	for i := range plan.Interfaces {
		f := compiler.Fragment{Size: ast.DefaultFragment("size"), Chain: ast.DefaultFragment("chain"),
			Timeout: time.Duration(ast.DefaultFragment("timeout")) * time.Second}
		if i < len(plan.Fragment) && plan.Fragment[i] != (compiler.Fragment{}) {
			f = plan.Fragment[i]
		}
		for _, l := range []ast.Fragment{{Which: "size", Value: f.Size}, {Which: "chain", Value: f.Chain}, {Which: "timeout", Value: int(f.Timeout / time.Second)}} {
			l.If = plan.Interfaces[i].Name
			b.WriteString(p.Text(&l) + "\n")
		}
	}
	return b.String()
}
