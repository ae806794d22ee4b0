package ast

// Version: the frame line `PIX Version 6.3(3)`.
type Version struct {
	Pos     `json:"-"`
	Release string `json:"release"` // 6.3(3)
}

func (*Version) Family() string     { return "PIX Version" }
func (c *Version) print(p *Printer) { p.word("PIX", "Version", c.Release) }
func (*Version) rule() rule         { return rule{} }

// Checksum: the frame line `Cryptochecksum:HEX`.
type Checksum struct {
	Pos `json:"-"`
	Sum string `json:"sum"` // 32 hexadecimal digits
}

func (*Checksum) Family() string     { return "Cryptochecksum" }
func (c *Checksum) print(p *Printer) { p.word("Cryptochecksum:" + c.Sum) }
func (*Checksum) rule() rule         { return rule{} }
