package nft

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// aliveTable is a second table, which the kernel removes together with the socket that has made it, and so with the process: what a PAT
// address is to be given to is looked up in no map that the process fills, and would go on without it.
const aliveTable = Table + "_alive"

// MarkAlive is of the first packet of a connection that leaves while the process lives.
const MarkAlive = 0xf0000000

// tableOwner is NFT_TABLE_F_OWNER of linux/netfilter/nf_tables.h, which golang.org/x/sys does not have.
const tableOwner = 2

var isAlive = packetMark(MarkAlive)

// Alive is the batch that makes the table. The socket that sends it has to stay open. Rules that translate come after its own: 100 is the
// priority of source NAT.
func Alive() (*Batch, error) {
	t := &nftables.Table{Name: aliveTable, Family: nftables.TableFamilyIPv4}
	msgs, err := ownedTable(t)
	if err != nil {
		return nil, err
	}
	more, err := capture(func(c *nftables.Conn) error {
		ch := c.AddChain(&nftables.Chain{Table: t, Name: "alive", Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookPostrouting,
			Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource - 1)})
		exprs := []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, mask(binary.NativeEndian.AppendUint32(nil, MarkMask))}
		for _, own := range []uint32{MarkTunnel, MarkClear, MarkWhole} { // who has them is past translation, and is let out by them
			exprs = append(exprs, &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binary.NativeEndian.AppendUint32(nil, own)})
		}
		c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: append(exprs,
			&expr.Immediate{Register: 1, Data: binary.NativeEndian.AppendUint32(nil, MarkAlive)},
			&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1})})
		return nil
	})
	return &Batch{Messages: append(msgs, more...)}, err
}

// ownedTable makes a table that is its socket's. The library does not send its flags.
func ownedTable(t *nftables.Table) ([]netlink.Message, error) {
	msgs, err := capture(func(c *nftables.Conn) error { c.AddTable(t); return nil })
	if err != nil {
		return nil, err
	}
	const general = 4 // octets of the header of a netfilter message
	attrs, err := netlink.UnmarshalAttributes(msgs[0].Data[general:])
	if err != nil {
		return nil, err
	}
	for i := range attrs {
		if attrs[i].Type == unix.NFTA_TABLE_FLAGS {
			attrs[i].Data = be32(tableOwner)
		}
	}
	data, err := netlink.MarshalAttributes(attrs)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Name, err)
	}
	msgs[0].Data = append(msgs[0].Data[:general:general], data...)
	return msgs, nil
}

// needsLife drops what would get a translation by a PAT address alone when the process is dead.
func (l *lowerer) needsLife(m Match) []Rule {
	if !l.opts.Daemon || l.opts.Lacks[Owners] {
		return nil
	}
	return []Rule{{Match: []Match{m, isAlive.not()}, Do: []Stmt{Counter{}, Drop{}}, Note: "the process is dead"}}
}
