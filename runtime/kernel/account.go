package kernel

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// A Use is one end of a connection whose user is known and that `aaa accounting` is about.
type Use struct {
	Tag     string            // of the group that has to be told
	About   syslog.Connection // with the user; Number is the same at both ends
	Client  ast.IP            // of the user: the one that began it
	Stop    bool
	Elapsed time.Duration // of Stop
	In, Out uint64        // of Stop: octets from the user, and to him
}

// reportStart tells of a connection of a user that has begun. For users of tunnels there are accounts of TCP alone, and only with
// `sysopt connection permit-ipsec` and without pl-compatible (commands-vpn-aaa-show.md 1.10). The lock is held.
func (d *dynamic) reportStart(c *conn, u *user, f *flow) {
	if d.account == nil || u.ipsec && (f.orig.proto != ast.ProtoTCP || !d.plan.Sysopt.PermitIPsec || d.plan.Sysopt.PLCompatible) {
		return
	}
	about := &c.about
	v := compiler.AAAView{If: d.behind(f.orig.src), Inbound: about.Inbound, Proto: f.orig.proto, Src: f.orig.src, Dst: f.orig.dst,
		SrcPort: f.orig.sport, DstPort: f.orig.dport, Local: about.Local.IP, Foreign: about.Foreign.IP, Port: f.reply.sport}
	g := d.plan.Accounting(&v)
	if g == compiler.None {
		return
	}
	c.report = d.plan.AAAGroups[g].Tag
	if u.ipsec {
		of := d.live.reported[f.orig.src]
		if of == nil {
			of = map[tuple]*conn{}
			d.live.reported[f.orig.src] = of
		}
		of[f.orig] = c
	}
	d.account(Use{Tag: c.report, About: *about, Client: f.orig.src})
}

// reportStop tells of its end. last is what conntrack knows of it; nil: nothing. The lock is held.
func (d *dynamic) reportStop(k tuple, c *conn, last *flow, lived time.Duration) {
	u := Use{Tag: c.report, About: c.about, Client: k.src, Stop: true, Elapsed: max(lived, 0)}
	if last != nil {
		u.In, u.Out = last.carried(0), last.carried(1)
	}
	c.report = ""
	if of := d.live.reported[k.src]; of[k] == c {
		delete(of, k)
		if len(of) == 0 {
			delete(d.live.reported, k.src)
		}
	}
	d.account(u)
}

// reportGone ends the accounts of a client that has left its tunnel (commands-vpn-aaa-show.md 2.9): its connections end later, by
// their time. The lock is held.
func (d *dynamic) reportGone(client ast.IP) {
	now := d.clock.Now()
	for k, c := range d.live.reported[client] {
		var last *flow
		// Without the counters of the kernel the record is one without octets.
		_ = d.conntrack("read a connection", func(s *socket) error {
			f, found, err := s.flow(ctTupleOrig, &k)
			if found && f.id == c.id {
				last = &f
			}
			return err
		})
		d.reportStop(k, c, last, now.Sub(c.born))
	}
}
