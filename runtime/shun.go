package runtime

import "pixfw/ast"

// Shunner is an engine that can shut out single hosts at once (semantics.md 1.7). Shuns belong to no configuration: they last until
// they are taken back or the engine is closed.
type Shunner interface {
	Shun(s Shun) error
	NoShun(src ast.IP) error
	ClearShuns() error
	Shuns() []Shun // by source
}

// Shun is one host that is shut out. With Dst and the ports, the connection that they name was cut.
type Shun struct {
	Src, Dst         ast.IP
	SrcPort, DstPort uint16
	Proto            uint8 // 0: any
	Dropped          uint64
}
