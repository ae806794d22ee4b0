package nft

import (
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
)

// Linux answers ARP on every interface for every address that is local on any. A PIX answers on an interface for what is its own there, and
// translations in its subnet (semantics.md 3.6). A table of family arp refuses the other requests.

// MaxPool bounds the addresses of one range of a global that are answered for.
const MaxPool = 65536

// Mapped are addresses that translations have on an interface, and whether what comes in there must be local whatever ARP is answered: where
// the firewall may have to answer for a server (TCP intercept).
type Mapped struct {
	If     int
	Net    ast.Net
	Line   compiler.Line
	Always bool
}

// MappedNets are the addresses of statics and globals. A static of a host's own address is none: nothing would reach the host.
func MappedNets(p *compiler.Plan) (out []Mapped) {
	for i := range p.NAT.Statics {
		s := &p.NAT.Statics[i]
		if s.Mask.Contiguous() && s.Mask != 0 && !p.Interfaces[s.MappedIf].Net.Overlaps(s.RealNet()) && !s.Identity() {
			out = append(out, Mapped{s.MappedIf, ast.Net{IP: s.Mapped & s.Mask, Mask: s.Mask}, s.Line, s.Embryonic > 0})
		}
	}
	for i := range p.NAT.Globals {
		g := &p.NAT.Globals[i]
		for ip := g.First; !g.Interface && ip >= g.First && ip <= g.Last && ip-g.First < MaxPool; ip++ {
			out = append(out, Mapped{g.If, ast.Net{IP: ip, Mask: ast.AllOnes}, g.Line, false})
		}
	}
	return out
}

// Answers reports whether ARP is answered for mapped addresses on their interface.
func (m *Mapped) Answers(f *compiler.Interface) bool { return f.ProxyARP && inSubnet(f, m.Net) }

// Has reports whether an address is one of them.
func (m *Mapped) Has(ip ast.IP) bool { first, last := m.Net.Range(); return first <= ip && ip <= last }

// inSubnet reports whether a net lies in the subnet of an interface.
func inSubnet(f *compiler.Interface, n ast.Net) bool {
	return f.HasAddress() && n.Mask >= f.Net.Mask && f.Net.Contains(n.IP)
}

// unanswered are the addresses that no request on an interface is answered for, though the firewall has some of them.
func unanswered(p *compiler.Plan, mapped []Mapped, i int) []Range {
	f := &p.Interfaces[i]
	if !f.HasAddress() {
		return []Range{{0, 0xffffffff}}
	}
	var has, answers []Range
	for k := range p.Interfaces {
		if g := &p.Interfaces[k]; g.HasAddress() {
			has = append(has, host(g.Net.IP))
		}
	}
	for k := range mapped {
		m := &mapped[k]
		if has = append(has, netRange(m.Net)); m.If == i && m.Answers(f) {
			answers = append(answers, netRange(m.Net))
		}
	}
	answers = append(answers, host(f.Net.IP))
	for k := range p.NAT.Aliases {
		if a := &p.NAT.Aliases[k]; a.If == i && f.ProxyARP {
			answers = append(answers, netRange(a.DNATNet()))
		}
	}
	for k := range p.ARP {
		if a := &p.ARP[k]; a.If == i && a.Alias {
			answers = append(answers, host(a.IP))
		}
	}
	subnet := netRange(f.Net)
	return merge(append(subtract(has, answers), subtract([]Range{{0, 0xffffffff}}, []Range{subnet})...))
}

// Requests of ARP for IPv4, after the header of the frame.
const (
	arpOperation = 6
	arpTarget    = 24
	arpRequest   = 1
)

// ARP is the batch that makes the table anew, or, for no plan, takes it away. devices are those of the interfaces, mapped the addresses that
// translations have.
func ARP(p *compiler.Plan, mapped []Mapped, devices map[int]string) (*Batch, error) {
	msgs, err := capture(func(c *nftables.Conn) error {
		t := &nftables.Table{Name: Table, Family: nftables.TableFamilyARP}
		c.AddTable(t)
		c.DelTable(t)
		if p == nil {
			return nil
		}
		c.AddTable(t)
		ch := c.AddChain(arpInput(t))
		for i := range p.Interfaces {
			if devices[i] == "" {
				continue
			}
			set := &nftables.Set{Table: t, Name: fmt.Sprint("unanswered_", i), KeyType: nftables.TypeIPAddr, Interval: true}
			if err := c.AddSet(set, nil); err != nil {
				return err
			}
			for elems := range slices.Chunk(intervals(unanswered(p, mapped, i), be32), chunk) {
				if err := c.SetAddElements(set, elems); err != nil {
					return err
				}
			}
			name := make([]byte, unix.IFNAMSIZ)
			copy(name, devices[i])
			c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: []expr.Any{
				&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: arpOperation, Len: 2}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: be16(arpRequest)},
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: arpTarget, Len: 4},
				&expr.Lookup{SourceRegister: 1, SetID: set.ID, SetName: set.Name},
				&expr.Verdict{Kind: expr.VerdictDrop}}})
		}
		return nil
	})
	return &Batch{Messages: msgs}, err
}

func arpInput(t *nftables.Table) *nftables.Chain {
	const in = 0 // NF_ARP_IN
	return &nftables.Chain{Name: "input", Table: t, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookRef(in), Priority: nftables.ChainPriorityFilter}
}
