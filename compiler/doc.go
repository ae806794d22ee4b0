// Package compiler turns a running configuration into the Plan that every engine and every translation acts on.
//
// What goes in: an [ast.Config]. What comes out: a [Plan], plain data with everything resolved (names, references,
// defaults, orders), each item with the [Line] it came from, and diagnostics: what cannot be resolved (E2xx, E3xx) and
// lint (W4xx, by [Lint]). Both are pure: no I/O, no clock, the same input gives the same output.
//
// What always holds: indexes in a Plan (interfaces, access lists, groups) are in range or -1; tables are in the order in
// which a PIX evaluates them; a Plan is never changed after Compile returns it, so engines may share it.
//
//	plan, diags := compiler.Compile(cfg)
//	if err := diags.Err(); err != nil { ... }
//	diags = append(diags, compiler.Lint(cfg, plan)...)
package compiler
