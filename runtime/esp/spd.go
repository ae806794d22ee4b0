package esp

import (
	"cmp"
	"slices"

	"pixfw/ast"
)

// What says what a Policy thinks of a packet.
type What uint8

// The answers of a Policy.
const (
	Clear   What = iota // no entry, no client: it goes as it is
	Static              // an entry with an access list: protect it, or ask for a tunnel and drop it
	Dynamic             // an entry that has tunnels only when others have built them: without one the next entry is asked
	Client              // to a connected client: protect it, or drop it
)

// A Policy is the crypto map of one interface (semantics.md 6.1).
type Policy interface {
	// Match finds the first entry, from number from on, that an outbound packet fits, addresses being those after translation.
	// It is asked by several goroutines at a time and has to be fast.
	Match(f *Flow, from int) (entry int, what What)
}

// spiKey names an inbound association: protocol and SPI. The destination is compared afterwards.
type spiKey struct {
	ah  bool
	spi uint32
}

// peerKey names an outbound association by the address that it goes to.
type peerKey struct {
	spiKey
	dst [4]byte
}

// A flowKey finds outbound pairs: the interface, and a remote network.
type flowKey struct {
	iface      int
	addr, mask ast.IP
}

// tables are what packets are looked up in.
type tables struct {
	pairs   map[uint64]*pair
	inbound map[spiKey]*pair
	peers   map[peerKey]*pair   // outbound ones: what ICMP errors quote
	out     map[flowKey][]*pair // newest first
	masks   []maskCount         // those in use, most specific first
	policy  map[int]Policy
}

// maskCount is a mask, and how many pairs have it.
type maskCount struct {
	mask ast.IP
	n    int
}

func newTables() tables {
	return tables{pairs: map[uint64]*pair{}, inbound: map[spiKey]*pair{}, peers: map[peerKey]*pair{}, out: map[flowKey][]*pair{}, policy: map[int]Policy{}}
}

// outbound is the pair for a packet that leaves by an interface under an entry of its map: of those with the most specific
// remote network the newest.
func (t *tables) outbound(iface, entry int, what What, f *Flow) *pair {
	for _, m := range t.masks {
		for _, p := range t.out[flowKey{iface, f.Dst & m.mask, m.mask}] {
			if p.carries(f) && (what == Client || p.info().Entry == entry) {
				return p
			}
		}
	}
	return nil
}

func (t *tables) add(p *pair) {
	i := p.info()
	t.pairs[i.ID] = p
	for _, s := range p.spis(true) {
		t.inbound[s] = p
	}
	for _, s := range p.spis(false) {
		t.peers[peerKey{s, p.at.Load().dst}] = p
	}
	if !p.quiet.Load() {
		t.link(p)
	}
}

// link enters a pair for outbound packets. Identifiers grow, so that the newest has the highest.
func (t *tables) link(p *pair) {
	k := p.flowKey()
	list := t.out[k]
	i, _ := slices.BinarySearchFunc(list, p.info().ID, func(o *pair, id uint64) int { return cmp.Compare(id, o.info().ID) })
	t.out[k] = slices.Insert(list, i, p)
	at, found := slices.BinarySearchFunc(t.masks, k.mask, func(m maskCount, mask ast.IP) int {
		return cmp.Or(cmp.Compare(maskBits(mask), maskBits(m.mask)), cmp.Compare(mask, m.mask))
	})
	if !found {
		t.masks = slices.Insert(t.masks, at, maskCount{mask: k.mask})
	}
	t.masks[at].n++
}

func (t *tables) unlink(p *pair) {
	k := p.flowKey()
	if t.out[k] = slices.DeleteFunc(t.out[k], func(o *pair) bool { return o == p }); len(t.out[k]) == 0 {
		delete(t.out, k)
	}
	at := slices.IndexFunc(t.masks, func(m maskCount) bool { return m.mask == k.mask })
	if t.masks[at].n--; t.masks[at].n == 0 {
		t.masks = slices.Delete(t.masks, at, at+1)
	}
}

func (t *tables) remove(p *pair) {
	delete(t.pairs, p.info().ID)
	for _, s := range p.spis(true) {
		if t.inbound[s] == p {
			delete(t.inbound, s)
		}
	}
	for _, s := range p.spis(false) {
		if k := (peerKey{s, p.at.Load().dst}); t.peers[k] == p {
			delete(t.peers, k)
		}
	}
	if !p.quiet.Load() {
		t.unlink(p)
	}
}

func (p *pair) flowKey() flowKey {
	e := p.at.Load()
	return flowKey{e.info.If, e.remote.addr, e.remote.mask}
}

// spis are the keys of the pair's associations in one direction.
func (p *pair) spis(in bool) []spiKey {
	var out []spiKey
	list := [2]*half{p.out, p.outAH}
	if in {
		list = [2]*half{p.in, p.inAH}
	}
	for _, h := range list {
		if h != nil {
			out = append(out, spiKey{h.ah, h.spi})
		}
	}
	return out
}
