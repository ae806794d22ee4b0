package kernel

import (
	"errors"
	"fmt"
	"os"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

// A PIX 6.3 knows no IPv6: on devices taken from the host none comes in, goes out or passes.

// dropIPv6 replaces the rules for IPv6 by those for the devices; none: there are no rules.
func (e *Engine) dropIPv6(devices []string) error {
	if _, err := os.Stat("/proc/sys/net/ipv6"); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	c, err := nftables.New(nftables.WithNetNSFd(e.ns.fd))
	if err != nil {
		return fmt.Errorf("IPv6: %w", err)
	}
	// Adding and deleting in one transaction works whether there is a table or not.
	table := &nftables.Table{Name: nft.Table, Family: nftables.TableFamilyIPv6}
	c.AddTable(table)
	c.DelTable(table)
	if len(devices) > 0 {
		c.AddTable(table)
		for _, hook := range []struct {
			name string
			hook *nftables.ChainHook
			key  []expr.MetaKey
		}{
			{"input", nftables.ChainHookInput, []expr.MetaKey{expr.MetaKeyIIFNAME}},
			{"output", nftables.ChainHookOutput, []expr.MetaKey{expr.MetaKeyOIFNAME}},
			{"forward", nftables.ChainHookForward, []expr.MetaKey{expr.MetaKeyIIFNAME, expr.MetaKeyOIFNAME}},
		} {
			chain := c.AddChain(&nftables.Chain{Name: hook.name, Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook.hook,
				Priority: nftables.ChainPriorityFilter})
			for _, key := range hook.key {
				for _, dev := range devices {
					name := make([]byte, unix.IFNAMSIZ)
					copy(name, dev)
					c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
						&expr.Meta{Key: key, Register: 1},
						&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
						&expr.Verdict{Kind: expr.VerdictDrop},
					}})
				}
			}
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("IPv6: %w", err)
	}
	return nil
}
