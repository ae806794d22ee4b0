package kernel

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler/nft"
)

// refresh takes over when packets without connections have last used the translations that pick accepts: the kernel notes that, and
// tells nobody. The lock is held.
func (d *dynamic) refresh(pick func(*xlate) bool) error {
	if d.rules == nil {
		return nil
	}
	now, life := d.clock.Now(), d.rules.XlateLife
	sets := map[string]map[ast.IP]time.Duration{}
	for _, x := range d.xlates.list {
		m := mapOf(d.rules, x)
		if x.isPAT || m == nil || !pick(x) {
			continue
		}
		left, read := sets[m.Un]
		if !read {
			var err error
			if left, err = d.ns.members(nft.UsedSet(m.Un)); err != nil {
				return fmt.Errorf("use of translations: %w", err)
			}
			sets[m.Un] = left
		}
		if t, is := left[x.mapped]; is && t <= life {
			if used := now.Add(t - life); used.After(x.used) {
				x.used = used
			}
		}
	}
	return nil
}

// members are the addresses of a dynamic set, each with the time that it has left.
func (s *space) members(set string) (map[ast.IP]time.Duration, error) {
	out := map[ast.IP]time.Duration{}
	filter := attribute(nil, unix.NFTA_SET_ELEM_LIST_TABLE, []byte(nft.Table+"\x00"))
	filter = attribute(filter, unix.NFTA_SET_ELEM_LIST_SET, []byte(set+"\x00"))
	err := s.dumps(func(c *socket) error {
		return c.dump(unix.NFT_MSG_GETSETELEM, func(b []byte) {
			attributes(b, func(typ uint16, data []byte) {
				if typ != unix.NFTA_SET_ELEM_LIST_ELEMENTS {
					return
				}
				attributes(data, func(_ uint16, elem []byte) {
					var ip ast.IP
					var left time.Duration
					attributes(elem, func(typ uint16, data []byte) {
						switch typ {
						case unix.NFTA_SET_ELEM_KEY:
							attributes(data, func(_ uint16, v []byte) { ip = ast.IP(be32(v)) })
						case unix.NFTA_SET_ELEM_EXPIRATION:
							left = time.Duration(be64(data)) * time.Millisecond
						}
					})
					out[ip] = left
				})
			})
		}, filter)
	})
	return out, err
}
