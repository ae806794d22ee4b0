package diff

import (
	"fmt"
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
)

// notes names settings that differ and act on packets only through state, which is not compared.
func notes(old, new *compiler.Plan) []string {
	var out []string
	differ := func(what string, of func(*compiler.Plan) string) {
		if of(old) != of(new) {
			out = append(out, what)
		}
	}
	differ("timeouts differ: how long connections and translations live is not compared", func(p *compiler.Plan) string {
		return fmt.Sprint(p.Timeouts, p.UAuth.Absolute, p.UAuth.Inactivity)
	})
	differ("fixups differ: what inspection opens, rewrites and refuses is not compared", func(p *compiler.Plan) string {
		var w []string
		for _, f := range p.Fixups {
			w = append(w, fmt.Sprint(f.Protocol, f.Sub, f.Transport, f.Ports, f.MaxLength))
		}
		slices.Sort(w)
		return fmt.Sprint(w)
	})
	differ("connection limits differ: they begin to act when connections are many, and are not compared", func(p *compiler.Plan) string {
		var w []string
		for _, s := range p.NAT.Statics {
			if s.MaxConns != 0 || s.Embryonic != 0 {
				w = append(w, fmt.Sprint(s.Mapped, s.Real, s.MaxConns, s.Embryonic))
			}
		}
		for _, n := range p.NAT.Nats {
			if n.MaxConns != 0 || n.Embryonic != 0 {
				w = append(w, fmt.Sprint(n.ID, n.Net, n.MaxConns, n.Embryonic))
			}
		}
		return fmt.Sprint(w)
	})
	differ("established lines differ: what they let back in depends on connections, and is not compared", func(p *compiler.Plan) string {
		var w []string
		for _, e := range p.Established {
			w = append(w, fmt.Sprint(e.Proto, e.DstPort, e.SrcPort, e.To, e.From))
		}
		return fmt.Sprint(w)
	})
	differ("service resets differ: whether a dropped packet is answered is not compared", func(p *compiler.Plan) string {
		return fmt.Sprint(p.Service.ResetInbound, p.Service.ResetOutside)
	})
	differ("sysopt connection lines differ: what they change in packets, and how long closed connections stay, is not compared", func(p *compiler.Plan) string {
		return fmt.Sprint(p.Sysopt.TCPMSS, p.Sysopt.TCPMSSMin, p.Sysopt.Timewait)
	})
	differ("rewriting of DNS answers differs, and is not compared", func(p *compiler.Plan) string {
		w := []string{fmt.Sprint(p.Sysopt.NoDNSAliasInbound, p.Sysopt.NoDNSAliasOutbound)}
		for _, s := range p.NAT.Statics {
			if s.DNS {
				w = append(w, fmt.Sprint(s.Mapped, s.Real, s.Mask))
			}
		}
		for _, n := range p.NAT.Nats {
			if n.DNS {
				w = append(w, fmt.Sprint(n.ID, n.Net))
			}
		}
		return fmt.Sprint(w)
	})
	differ("authorization or accounting rules differ: what servers permit each user is not compared", func(p *compiler.Plan) string {
		var w []string
		for _, a := range p.AAARules {
			if a.What != "authentication" {
				w = append(w, a.Line.Text())
			}
		}
		return fmt.Sprint(w)
	})
	differ("answers to ARP differ: whether neighbours find translated addresses is not compared", func(p *compiler.Plan) string {
		var w []string
		for _, f := range p.Interfaces {
			if !f.ProxyARP {
				w = append(w, f.Name)
			}
		}
		return fmt.Sprint(w)
	})
	differ("ip audit lines differ, and are not compared", func(p *compiler.Plan) string {
		w := []string{fmt.Sprint(p.AuditDisabled)}
		for _, a := range p.Audit {
			w = append(w, fmt.Sprint(p.Interfaces[a.If].Name, a.Info, a.Attack))
		}
		return fmt.Sprint(w)
	})
	differ("limits for fragments differ, and are not compared", func(p *compiler.Plan) string {
		var w []string
		for _, f := range p.Fragment {
			w = append(w, fmt.Sprint(f))
		}
		slices.Sort(w)
		return fmt.Sprint(slices.Compact(w))
	})
	differ("sizes of packets that interfaces carry (mtu) differ, and are not compared", func(p *compiler.Plan) string {
		var w []string
		for i := range p.Interfaces {
			if x := &p.Interfaces[i]; x.MTU != 1500 {
				w = append(w, fmt.Sprint(x.Name, x.MTU))
			}
		}
		return fmt.Sprint(w)
	})
	differ("what entries of access lists log differs: what is told of packets is not compared", func(p *compiler.Plan) string {
		var w []string
		for _, a := range p.ACLs {
			for k := range a.Entries {
				if a.Entries[k].Log != ast.LogUnset {
					w = append(w, a.Entries[k].Line.Text())
				}
			}
		}
		slices.Sort(w)
		return fmt.Sprint(w)
	})
	differ("filter or mac-exempt lines differ, and are not compared", func(p *compiler.Plan) string {
		w := []string{p.AAA.ExemptLine.Text()}
		if m := p.AAA.MACExempt; m != compiler.None && w[0] != "" {
			for _, e := range p.AAA.MACLists[m].Entries {
				w = append(w, e.Line.Text())
			}
		}
		for _, f := range p.AAA.Filters {
			w = append(w, f.Line.Text())
		}
		return fmt.Sprint(w)
	})
	differ("transform sets or IKE policies differ: how tunnels are built is not compared", func(p *compiler.Plan) string {
		var w []string
		for _, s := range p.VPN.TransformSets {
			w = append(w, fmt.Sprint(s.Name, s.Transforms))
		}
		for _, k := range p.VPN.Policies {
			w = append(w, fmt.Sprint(k.Priority, k.Authentication, k.Encryption, k.Hash, k.Group, k.Lifetime))
		}
		return fmt.Sprint(w)
	})
	return out
}
