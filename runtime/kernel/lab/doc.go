// Package lab runs a Plan on the kernel engine in network namespaces made for it, with hosts on every interface, and
// shows what passes.
//
// What goes in: a Plan. What comes out: a firewall between neighbours that are derived from the Plan (the next hops of
// its routes, the real addresses of its statics, an Internet host behind the default route), probes and what became of
// them, and the firewall's messages.
//
// A [Rig] has wires in the place of hosts: a [Probe] on it is a kernel engine that can be asked about single packets, as the
// emulator can. It sends them, hears what leaves the firewall, and reads what the engine is told of them; each packet is known by
// its IP identification.
//
// A [TunnelProbe] is that of a whole firewall, with who serves peers and clients. Their tunnels are given keys that the rig knows, which
// plays the far ends: what it sends into them and hears of them is ESP and AH.
//
//	rig, err := lab.NewRig([]string{"ethernet0", "ethernet1"})
//	probe, err := rig.Open(kernel.Limits{})
//	_, err = probe.Apply(plan)
//	verdict, err := probe.Inject(runtime.Ingress{If: plan.IfByName("outside")}, packet)
//
// What always holds: only namespaces that the lab has made are touched, and Close removes them with everything in them.
//
//	l, err := lab.New(plan)
//	defer l.Close()
//	body, err := l.Get(lab.Internet, ast.MustIP("192.168.1.11"), 80)
package lab
