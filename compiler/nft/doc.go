// Package nft lowers a compiler.Plan to nftables. One model, [Ruleset], is plain data: chains of rules, each rule a list
// of typed matches and statements with the configuration line it comes from. It is rendered twice: [Ruleset.Text] is a
// file for `nft -f`, [Ruleset.Messages] is the same as a netlink batch. Loaded, the two list alike.
//
// What goes in: the Plan and the device of each interface. What comes out: the model, the sysctls it relies on, and one
// diagnostic for each configuration line that Linux does otherwise than a PIX; nothing is left out in silence, and what
// cannot be done fails closed.
//
// How a packet goes through (semantics.md 0 and 11). Access lists are judged in prerouting after conntrack and before
// destination NAT, so addresses are those of the wire, as a PIX sees them:
//
//	prerouting -440  signatures of ip audit, with a daemon
//	prerouting -300  sanity: IP options 106012, invalid sources 106016, land 106017
//	prerouting -290  what has no connections is not tracked, with a daemon
//	prerouting -150  connections of TCP and UDP pass; then by interface: to the box, 106021, 106011, 106015, access list
//	prerouting -100  exemption, live translations, statics (un-NAT)
//	input            to the box: ICMP by the icmp lines, IKE; everything else 710003, 710005, 710006
//	forward -150     MSS
//	forward 0        connections pass; 106011, levels, uauth, then the mandatory translation chooses a class, as ct mark
//	forward 10       limits of connections; of a flood the rest is dropped
//	forward 11       the same where no process has judged
//	postrouting 99   of a table of its own: the process lives
//	postrouting 100  the class is carried out
//	postrouting 110  live translations are noted; what a crypto map should encrypt is dropped
//
// ICMP and other protocols without ports never pass by connection state: they meet the access list packet by packet. With a daemon they
// are not tracked either, but what PAT may have to carry: copies of the chains, made for packets without a state, translate each of them
// in place (lower_untracked.go).
//
// With [Options].Daemon the rules count on a process, which is told what to do by [Ruleset].Requests: hosts without a
// translation wait in a packet queue, marked with the request, until it has entered their addresses into the maps of
// [Ruleset].Xlates; or they come back with the mark of a PAT class. When nobody listens they are dropped. Without it pools are
// approximated. The rules with a daemon need a kernel of 6.5 or later, for sets that are maps.
//
//	rules, diags := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"})
//	os.WriteFile("pixfw.nft", []byte(rules.Text()), 0o600)
package nft
