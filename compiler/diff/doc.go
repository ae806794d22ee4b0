// Package diff tells what differs in meaning between two configurations: which packets one permits and the other drops,
// sends elsewhere, translates otherwise, encrypts, or asks a user name for.
//
// What goes in: two Plans. What comes out: a [Report] of regions of packets, each with what both do to it, the lines that
// decide, and an example packet that really differs. Nothing is sampled. [Decide] is the decision of semantics.md section
// 0 for a new flow, written over a region of packets (a cell) instead of one packet: where a condition holds for a part
// of the cell only, the cell is split there and the rest is decided later. So the cells that come out are disjoint, cover
// everything, and each is decided in one way by both Plans. A single packet is the cell that cannot be split.
//
// Access lists are what makes cells many, so they are not split at unless it matters. Two lists are aligned first; packets
// that match none of the entries that were added, removed or moved find the same entry in both, whichever it is, and both
// answers, permit and deny, are followed without asking which packets get them. Only where the verdicts then differ is the
// list looked at. If that makes too many pieces, the region is described by a condition ("what access-list in permits")
// instead: shorter, and as exact.
//
// What always holds: a packet that [Decide] decides differently lies in a region of the Report; each example differs; what
// could not be decided within the bounds of work is named in Report.Undecided. A region may hold packets that no
// configuration passes (equal source and destination, loopback and multicast sources).
//
// What is compared is the first packet of a flow that meets a firewall without state: no connections, translations, users
// or security associations. So timers, limits, inspections, `established` and which address of a pool a host gets are not
// compared; where the settings of such things differ the Report says so. Where a crypto map looks at a packet that was
// translated from a pool, the first free address of the pool stands for all. Two drops are equal, whatever drops.
//
//	r := diff.Compare(old, new)
//	for _, d := range r.Differences { fmt.Println(d.Text()) }
package diff
