package kernel

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

// errOther says that the kernel has something else.
var errOther = errors.New("what the kernel has is not what was loaded")

const (
	readers   = 2                    // sockets that read back at once, each a dump of its own
	readTries = 5                    // times that all is read, when others change nftables meanwhile
	setTries  = 8                    // times that a set is read before it counts as another
	setPause  = 2 * time.Millisecond // before it is read again, and twice as long each time: a quarter of a second in all
)

// check reads back what was loaded and compares all of it: table, chains, sets, helpers, every rule and every element. A list that is too
// long would be cut in silence, and others may change the table.
func (s *space) check(b *nft.Batch, rs *nft.Ruleset) error {
	want := index(b)
	for try := 1; ; try++ {
		r := &reading{s: s, b: b, rs: rs, sent: want}
		// A dump that others have changed tables in may lack what is there.
		if err := r.compare(); err == nil || !r.torn.Load() || try == readTries {
			return err
		}
	}
}

// checkPart is check for what was added to the table: its chains and its sets.
func (s *space) checkPart(b *nft.Batch, rs *nft.Ruleset) error {
	want := index(b)
	for try := 1; ; try++ {
		r := &reading{s: s, b: b, rs: rs, sent: want}
		sets := make([]int, len(rs.Sets))
		for i := range sets {
			sets[i] = i
		}
		if err := r.contents(slices.Sorted(maps.Keys(want.chains)), sets); err == nil || !r.torn.Load() || try == readTries {
			return err
		}
	}
}

// sent is what a batch loads, by name: numbers of messages, and contents of sets.
type sent struct {
	seed      maphash.Seed
	table     int
	chains    map[string]int
	sets      map[string]int
	helpers   map[string]int
	rules     map[string][]int // of each chain, in order
	many      bool             // rules
	contents  map[string]*content
	anonymous map[uint32]*content // by the id in the batch
}

func index(b *nft.Batch) *sent {
	out := &sent{seed: maphash.MakeSeed(), chains: map[string]int{}, sets: map[string]int{}, helpers: map[string]int{}, rules: map[string][]int{},
		contents: map[string]*content{}, anonymous: map[uint32]*content{}}
	c := comparer{seed: out.seed}
	n := 0
	for i := range b.Messages {
		m := b.Messages[i].Data[4:]
		switch uint16(b.Messages[i].Header.Type) & 0xff {
		case unix.NFT_MSG_NEWTABLE:
			out.table = i
		case unix.NFT_MSG_NEWCHAIN:
			out.chains[string(text(attributeOf(m, unix.NFTA_CHAIN_NAME)))] = i
		case unix.NFT_MSG_NEWOBJ:
			out.helpers[string(text(attributeOf(m, unix.NFTA_OBJ_NAME)))] = i
		case unix.NFT_MSG_NEWRULE:
			name := text(attributeOf(m, unix.NFTA_RULE_CHAIN))
			out.rules[string(name)] = append(out.rules[string(name)], i)
			n++
		case unix.NFT_MSG_NEWSET:
			if name := string(text(attributeOf(m, unix.NFTA_SET_NAME))); name[:min(len(name), len(anonymousName))] != anonymousName {
				out.sets[name] = i
				out.contents[name] = &content{}
			} else {
				out.anonymous[be32(attributeOf(m, unix.NFTA_SET_ID))] = &content{}
			}
		case unix.NFT_MSG_NEWSETELEM:
			of := out.contents[string(text(attributeOf(m, unix.NFTA_SET_ELEM_LIST_SET)))]
			if of == nil {
				of = out.anonymous[be32(attributeOf(m, unix.NFTA_SET_ELEM_LIST_SET_ID))]
			}
			attributes(attributeOf(m, unix.NFTA_SET_ELEM_LIST_ELEMENTS), func(_ uint16, elem []byte) {
				if attributeOf(elem, unix.NFTA_SET_ELEM_TIMEOUT) != nil && of.each == nil {
					of.each = map[uint64]bool{}
				}
				of.add(c.element(elem))
			})
		}
	}
	out.many = n > manyRules
	return out
}

// A reading compares once what the kernel has with what was sent.
type reading struct {
	s    *space
	b    *nft.Batch
	rs   *nft.Ruleset
	sent *sent
	torn atomic.Bool // a dump says that others have changed something while it was made

	mu    sync.Mutex
	err   error
	at    int // of the error, in the order of reading
	anons []anonymous
}

// differs is the error of a message whose like is not there.
func (r *reading) differs(k int) error {
	line, what := r.b.Cause(k)
	return &RuleError{Line: line.Pos.Line, Col: line.Pos.Col, Text: line.Text(), What: what, Err: errOther}
}

func (r *reading) fail(at int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && (r.err == nil || at < r.at) {
		r.err, r.at = err, at
	}
}

// dump is one of a socket, that notes whether it is whole.
func (r *reading) dump(c *socket, typ uint16, fn func([]byte), filter []byte) error {
	err := c.dump(typ, fn, filter)
	if c.torn {
		r.torn.Store(true)
	}
	return err
}

func (r *reading) compare() error {
	if err := r.s.dumps(r.definitions); err != nil {
		return err
	}
	// What is read in one go each: chains, or all of them, and then sets.
	chains := []string{""}
	if r.sent.many {
		// The kernel begins each part of a dump at the first rule of all: many rules are read faster chain by chain.
		chains = slices.Sorted(maps.Keys(r.sent.chains))
	}
	sets := make([]int, 0, len(r.rs.Sets))
	for i := range r.rs.Sets {
		switch r.rs.Sets[i].Kind {
		case nft.Dynamic, nft.Counting, nft.Queries: // packets fill them
		default:
			sets = append(sets, i)
		}
	}
	return r.contents(chains, sets)
}

// contents compares what is in chains and sets.
func (r *reading) contents(chains []string, sets []int) error {
	r.each(len(chains), func(c *socket, cmp *comparer, i int) error { return r.rules(c, cmp, chains[i]) })
	r.each(len(sets), func(c *socket, cmp *comparer, i int) error {
		set := &r.rs.Sets[sets[i]]
		want := r.sent.contents[set.Name]
		loaded := max(want.n, set.Elements()) // the number of the model is no message's
		n, same, err := r.elements(c, cmp, set.Name, want, loaded)
		switch {
		case err != nil:
			return err
		case n != loaded && want.each == nil:
			return fmt.Errorf("set %s has %d elements in the kernel, %d were loaded", set.Name, n, loaded)
		case !same:
			return fmt.Errorf("set %s: %w", set.Name, errOther)
		}
		return nil
	})
	anons := r.anons // all of them by now; each goes on to write to r.anons
	r.each(len(anons), func(c *socket, cmp *comparer, i int) error {
		a := &anons[i]
		want := r.sent.anonymous[a.id]
		if want == nil {
			return r.differs(a.rule)
		}
		n, same, err := r.elements(c, cmp, a.name, want, want.n)
		if err == nil && (n != want.n || !same) {
			err = r.differs(a.rule)
		}
		return err
	})
	return r.err
}

// each does n things, readers of them at a time, until one fails.
func (r *reading) each(n int, do func(c *socket, cmp *comparer, i int) error) {
	if r.err != nil {
		return
	}
	var next atomic.Int64
	var failed atomic.Bool
	var work sync.WaitGroup
	for range min(readers, n) {
		work.Go(func() {
			at := 0
			cmp := comparer{seed: r.sent.seed}
			err := r.s.dumps(func(c *socket) error {
				for !failed.Load() {
					if at = int(next.Add(1)) - 1; at >= n {
						break
					}
					if err := do(c, &cmp, at); err != nil {
						failed.Store(true)
						return err
					}
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				r.anons = append(r.anons, cmp.anonymous...)
				return nil
			})
			r.fail(at, err)
		})
	}
	work.Wait()
}

// definitions compares the table, its chains with how often each is used, its sets and its helpers.
func (r *reading) definitions(c *socket) error {
	var cmp comparer
	of := func(filter uint16) []byte { return attribute(nil, filter, []byte(nft.Table+"\x00")) }
	var failed error
	wrong := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	data := func(k int) []byte { return r.b.Messages[k].Data[4:] }
	found := false
	err := r.dump(c, unix.NFT_MSG_GETTABLE, func(b []byte) {
		if string(text(attributeOf(b, unix.NFTA_TABLE_NAME))) != nft.Table {
			return
		}
		found = true
		if !cmp.attributes(data(r.sent.table), b, unix.NFTA_TABLE_FLAGS) || be32(attributeOf(b, unix.NFTA_TABLE_FLAGS))&unix.NFT_TABLE_F_DORMANT != 0 {
			wrong(fmt.Errorf("table %s: %w", nft.Table, errOther))
		}
	}, nil)
	if err == nil && !found {
		return fmt.Errorf("table %s is not in the kernel", nft.Table)
	}
	uses, have := r.rs.References(), map[string]bool{}
	if err == nil {
		err = r.dump(c, unix.NFT_MSG_GETCHAIN, func(b []byte) {
			if string(text(attributeOf(b, unix.NFTA_CHAIN_TABLE))) != nft.Table {
				return
			}
			name := string(text(attributeOf(b, unix.NFTA_CHAIN_NAME)))
			have[name] = true
			k, is := r.sent.chains[name]
			switch n := int(be32(attributeOf(b, unix.NFTA_CHAIN_USE))); {
			case !is:
				wrong(fmt.Errorf("chain %s is in the kernel, and was not loaded", name))
			case n != uses[name]:
				wrong(fmt.Errorf("chain %s has %d rules and jumps to it in the kernel, %d were loaded", name, n, uses[name]))
			case !cmp.attributes(data(k), b, unix.NFTA_CHAIN_TYPE, unix.NFTA_CHAIN_POLICY) ||
				!cmp.attributes(attributeOf(data(k), unix.NFTA_CHAIN_HOOK), attributeOf(b, unix.NFTA_CHAIN_HOOK), unix.NFTA_HOOK_HOOKNUM, unix.NFTA_HOOK_PRIORITY):
				wrong(fmt.Errorf("chain %s: %w", name, errOther))
			}
		}, nil)
	}
	for _, part := range []struct {
		what     string
		get      uint16
		table    uint16
		name     uint16
		sent     map[string]int
		compared []uint16
		nested   uint16
		inner    []uint16
	}{
		{"set", unix.NFT_MSG_GETSET, unix.NFTA_SET_TABLE, unix.NFTA_SET_NAME, r.sent.sets,
			[]uint16{unix.NFTA_SET_FLAGS, unix.NFTA_SET_KEY_TYPE, unix.NFTA_SET_KEY_LEN, unix.NFTA_SET_DATA_TYPE, unix.NFTA_SET_TIMEOUT, unix.NFTA_SET_USERDATA},
			unix.NFTA_SET_DESC, []uint16{unix.NFTA_SET_DESC_SIZE}},
		{"connection tracking helper", unix.NFT_MSG_GETOBJ, unix.NFTA_OBJ_TABLE, unix.NFTA_OBJ_NAME, r.sent.helpers,
			[]uint16{unix.NFTA_OBJ_TYPE}, unix.NFTA_OBJ_DATA, []uint16{unix.NFTA_CT_HELPER_NAME, unix.NFTA_CT_HELPER_L3PROTO, unix.NFTA_CT_HELPER_L4PROTO}},
	} {
		if err != nil {
			break
		}
		n := 0
		err = r.dump(c, part.get, func(b []byte) {
			name := string(text(attributeOf(b, part.name)))
			if string(text(attributeOf(b, part.table))) != nft.Table || part.what == "set" && name[:min(len(name), len(anonymousName))] == anonymousName {
				return
			}
			n++
			k, is := part.sent[name]
			if !is {
				wrong(fmt.Errorf("%s %s is in the kernel, and was not loaded", part.what, name))
			} else if !cmp.attributes(data(k), b, part.compared...) ||
				!cmp.attributes(attributeOf(data(k), part.nested), attributeOf(b, part.nested), part.inner...) {
				wrong(fmt.Errorf("%s %s: %w", part.what, name, errOther))
			}
		}, of(part.table))
		if n < len(part.sent) && err == nil {
			wrong(fmt.Errorf("%d of %d that were loaded are in the kernel: %s", n, len(part.sent), part.what))
		}
	}
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	for i := range r.rs.Chains {
		if name := r.rs.Chains[i].Name; !have[name] {
			wrong(fmt.Errorf("chain %s is not in the kernel", name))
		}
	}
	return failed
}

// rules compares the rules of a chain; empty: of all.
func (r *reading) rules(c *socket, cmp *comparer, chain string) error {
	filter := attribute(nil, unix.NFTA_RULE_TABLE, []byte(nft.Table+"\x00"))
	if chain != "" {
		filter = attribute(filter, unix.NFTA_RULE_CHAIN, []byte(chain+"\x00"))
	}
	var failed error
	name, n := chain, 0
	want := r.sent.rules[chain]
	ends := func() { // of the rules of a chain
		if n < len(want) && failed == nil {
			failed = r.differs(want[n])
		}
	}
	err := r.dump(c, unix.NFT_MSG_GETRULE, func(rule []byte) {
		if string(text(attributeOf(rule, unix.NFTA_RULE_TABLE))) != nft.Table || failed != nil {
			return
		}
		if of := text(attributeOf(rule, unix.NFTA_RULE_CHAIN)); string(of) != name {
			ends()
			name, n = string(of), 0
			want = r.sent.rules[name]
		}
		if n >= len(want) {
			if failed == nil {
				failed = fmt.Errorf("chain %s has a rule that was not loaded", name)
			}
			return
		}
		m := r.b.Messages[want[n]].Data[4:]
		cmp.rule = want[n]
		if string(attributeOf(m, unix.NFTA_RULE_USERDATA)) != string(attributeOf(rule, unix.NFTA_RULE_USERDATA)) ||
			!cmp.expressions(attributeOf(m, unix.NFTA_RULE_EXPRESSIONS), attributeOf(rule, unix.NFTA_RULE_EXPRESSIONS)) {
			failed = r.differs(want[n])
		}
		n++
	}, filter)
	if err != nil {
		return fmt.Errorf("read rules back: %w", err)
	}
	ends()
	return failed
}

// elements compares those of a set, of which loaded were loaded. n is how many the kernel has. A hash table that grows while it is read, as the
// kernel makes it do some time after elements were added, shows some twice and others not at all, and says nothing of it: a set that seems
// to be another is read again.
func (r *reading) elements(c *socket, cmp *comparer, name string, want *content, loaded int) (n int, same bool, err error) {
	for try := 1; ; try++ {
		n, same, err = r.elementsOnce(c, cmp, name, want)
		if err != nil || try == setTries || same && (n == loaded || want.each != nil) {
			return n, same, err
		}
		time.Sleep(setPause << (try - 1))
	}
}

func (r *reading) elementsOnce(c *socket, cmp *comparer, name string, want *content) (n int, same bool, err error) {
	var got content
	same = true
	err = c.eachElement(name, func(elem []byte) {
		k := cmp.element(elem)
		got.add(k)
		same = same && (want.each == nil || want.each[k])
	})
	if c.torn {
		r.torn.Store(true)
	}
	if err != nil {
		return 0, false, fmt.Errorf("read set %s back: %w", name, err)
	}
	return got.n, same && (want.each != nil || got.sum == want.sum), nil
}
