package kernel

import (
	"time"

	"pixfw/compiler/nft"
)

// userOf is the user whose connection c is, of those whose time ends; nil: there is none.
func (d *dynamic) userOf(c *conn) (userKey, *user) {
	from := c.about.Local
	if c.about.Inbound {
		from = c.about.Foreign
	}
	k := userKey{from.If, from.IP}
	if u := d.live.users[k]; u != nil && !u.ipsec {
		return k, u
	}
	return k, nil
}

// userTold is how long after it was told of a user the kernel is told again, when another connection of his ends: not of each.
const userTold = time.Second

// partUser notes that a connection has ended: the inactivity of its user is counted from then on (semantics.md 5.3). The lock is held.
func (d *dynamic) partUser(gone *conn) {
	if d.plan == nil || d.plan.UAuth.Inactivity <= 0 || len(d.live.users) == 0 {
		return
	}
	k, u := d.userOf(gone)
	if u == nil {
		return
	}
	now := d.clock.Now()
	if u.used = now; now.Sub(u.told) < userTold {
		return // the next tick tells
	}
	var c changes
	sets := map[string][]nft.Member{}
	d.stays(sets, k, u, now)
	c.stay(sets)
	if d.commit(&c) == nil { // else the next tick tries it again, and says why it cannot
		u.told = now
	}
}

// stays adds to the members of each set a user who has some time left, which the kernel counts from now on. The lock is held.
func (d *dynamic) stays(sets map[string][]nft.Member, k userKey, u *user, now time.Time) {
	if left, ok := u.left(&d.plan.UAuth, now); ok {
		if name := d.rules.Users[d.plan.IfByName(k.ifName)]; name != "" {
			sets[name] = append(sets[name], nft.Member{IP: k.ip, For: left})
		}
	}
}

func (c *changes) stay(sets map[string][]nft.Member) {
	for name, list := range sets {
		c.members = append(c.members, memberChange{set: name, members: list})
	}
}

// usersTick notes that users have connections, and ends those whose time is over. The lock is held.
func (d *dynamic) usersTick() error {
	if len(d.live.users) == 0 {
		return nil
	}
	now := d.clock.Now()
	var c changes
	var told []*user
	if d.plan.UAuth.Inactivity > 0 {
		sets := map[string][]nft.Member{}
		for _, conn := range d.conns {
			if _, u := d.userOf(conn); u != nil {
				u.used = now
			}
		}
		for k, u := range d.live.users {
			if !u.ipsec && u.used.After(u.told) {
				d.stays(sets, k, u, now)
				told = append(told, u)
			}
		}
		c.stay(sets)
	}
	var gone []userKey
	for k, u := range d.live.users {
		if _, ok := u.left(&d.plan.UAuth, now); !ok {
			// The kernel has ended it by itself; that his list is still looked at lets nobody in.
			if err := c.leaves(d, k); err != nil {
				return err
			}
			gone = append(gone, k)
		}
	}
	if err := d.commit(&c); err != nil {
		return err
	}
	for _, u := range told {
		u.told = u.used
	}
	for _, k := range gone {
		d.leaves(k)
	}
	return nil
}
