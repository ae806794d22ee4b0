package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// A process that is killed leaves its table in the kernel, with the translations of addresses that lived. Nobody has changed them since: the
// next one goes on with them, whatever its own lines say, as when lines change while one runs (semantics.md 3.5). Those of ports it knows only
// as far as their connections live and its lines have their PAT address: from the flow alone nobody can tell what was PAT from what a static
// of a port has translated, and what a port map had ends within half a minute anyway.

// An inherited translation is an element of a map in the kernel.
type inherited struct {
	kind         nft.XlateKind
	real, mapped ast.IP
	terms        nft.XlateTerms
}

// inherit enters the translations that a process before this one has left in the kernel, with their places in a plan. The lock is held.
func (d *dynamic) inherit(plan *compiler.Plan) (log []runtime.Message, err error) {
	left, err := d.ns.xlates()
	if err != nil {
		return nil, fmt.Errorf("translations of the process before: %w", err)
	}
	for _, l := range left {
		k := xlateKey{realIf: plan.IfByName(l.kind.Real), mappedIf: plan.IfByName(l.kind.Mapped), real: l.real, acl: compiler.None}
		if k.realIf == compiler.None || k.mappedIf == compiler.None {
			continue
		}
		if l.kind.List != "" {
			k.acl = d.xlates.listNamed(l.kind.List, plan)
		}
		if d.xlates.byKey[k] != nil || d.xlates.byMapped[mappedKey{k.mappedIf, l.mapped}] != nil {
			continue
		}
		if d.xlates.hosts >= d.bounds.Xlates {
			d.bounds.short(fullXlates, 1)
			continue
		}
		x := &xlate{key: k, mapped: l.mapped, identity: l.real == l.mapped, maxConns: l.terms.Conns, halfOpen: l.terms.Half, dns: l.terms.DNS}
		d.xlates.add(x, d.clock.Now())
		log = append(log, x.built(plan))
	}
	return log, nil
}

// xlates reads the translations of addresses that are in maps of the table; none without a table.
func (s *space) xlates() (out []inherited, err error) {
	err = s.dumps(func(c *socket) error {
		kinds, names := map[string]nft.XlateKind{}, []string(nil)
		err := c.dump(unix.NFT_MSG_GETSET, func(b []byte) {
			if string(text(attributeOf(b, unix.NFTA_SET_TABLE))) != nft.Table {
				return
			}
			comment, _ := userdata.GetString(attributeOf(b, unix.NFTA_SET_USERDATA), userdata.NFTNL_UDATA_SET_COMMENT)
			if k, is := nft.ParseXlateKind(comment); is {
				name := string(text(attributeOf(b, unix.NFTA_SET_NAME)))
				kinds[name], names = k, append(names, name)
			}
		}, attribute(nil, unix.NFTA_SET_TABLE, []byte(nft.Table+"\x00")))
		if errors.Is(err, unix.ENOENT) {
			return nil // there is no table
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := c.eachElement(name, func(elem []byte) {
				real, ok := address(attributeOf(elem, unix.NFTA_SET_ELEM_KEY))
				mapped, ok2 := address(attributeOf(elem, unix.NFTA_SET_ELEM_DATA))
				comment, _ := userdata.GetString(attributeOf(elem, unix.NFTA_SET_ELEM_USERDATA), userdata.NFTNL_UDATA_SET_ELEM_COMMENT)
				if terms, ok3 := nft.ParseXlateTerms(comment); ok && ok2 && ok3 {
					out = append(out, inherited{kinds[name], real, mapped, terms})
				}
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// address is the address that is the value of a key or the data of an element.
func address(b []byte) (ast.IP, bool) {
	v := attributeOf(b, unix.NFTA_DATA_VALUE)
	if len(v) != 4 {
		return 0, false
	}
	return ast.IP(binary.BigEndian.Uint32(v)), true
}
