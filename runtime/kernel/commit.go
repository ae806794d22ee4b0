package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

const nftMessage = unix.NFNL_SUBSYS_NFTABLES << 8

// openBatches opens a socket for batches of up to that many octets, with as much room for answers.
func (s *space) openBatches(octets, answers int) (*socket, error) {
	c, err := s.openSocket(0, answers)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.sendBuffer(octets), c.brief()); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// commit sends a batch as one transaction. The error names the configuration line of the message that was refused.
func (s *space) commit(b *nft.Batch) error {
	if len(b.Messages) == 0 {
		return nil
	}
	datagram := b.Datagram()
	// Each message of a failing batch is reported.
	c, err := s.openBatches(max(len(datagram)*5/4, 1<<20), min(max(len(b.Messages)*1024, 8<<20), 1<<29))
	if err != nil {
		return err
	}
	return errors.Join(c.transact(b, datagram), c.close())
}

// transact sends a batch and waits for the acknowledgement of its last message, or the first refusal. After an error further answers
// may be on the way: the socket serves no more.
func (c *socket) transact(b *nft.Batch, datagram []byte) error {
	if err := c.send(datagram); err != nil {
		return err
	}
	for {
		reply, err := c.reply()
		if err != nil {
			return fmt.Errorf("nftables: no answer: %w", err)
		}
		done := false
		messages(reply, func(typ uint16, data []byte) {
			if typ != unix.NLMSG_ERROR || len(data) < 20 || done {
				return
			}
			done = true
			code := int32(binary.NativeEndian.Uint32(data))
			if code == 0 {
				return
			}
			err = fmt.Errorf("nftables: %w", unix.Errno(-code))
			attributes(data[20:], func(typ uint16, text []byte) {
				if typ == unix.NLMSGERR_ATTR_MSG {
					err = fmt.Errorf("%w (%s)", err, bytes.TrimRight(text, "\x00"))
				}
			})
			if k := int64(binary.NativeEndian.Uint32(data[12:])) - 1; k >= 0 && k < int64(len(b.Messages)) {
				line, what := b.Cause(int(k))
				err = &RuleError{Line: line.Pos.Line, Col: line.Pos.Col, Text: line.Text(), What: what, Err: err}
			}
		})
		if done {
			return err
		}
	}
}

// RuleError is a refusal of the kernel, with what it refused and the configuration line that it comes from.
type RuleError struct {
	File string
	Line int32 // 0: of no single line, or of one that was typed
	Col  int32
	Text string
	What string
	Err  error
}

func (e *RuleError) Error() string {
	place := ""
	if e.Line > 0 {
		place = fmt.Sprintf("%d:%d: ", e.Line, e.Col)
		if e.File != "" {
			place = e.File + ":" + place
		}
	}
	if errors.Is(e.Err, errOther) {
		if e.Text == "" {
			return fmt.Sprintf("%s: %v", e.What, e.Err)
		}
		return fmt.Sprintf("%s%s: %s: %v", place, e.Text, e.What, e.Err)
	}
	if e.Text == "" {
		return fmt.Sprintf("the kernel refused a %s: %v", e.What, e.Err)
	}
	return fmt.Sprintf("%s%s: the kernel refused a %s: %v", place, e.Text, e.What, e.Err)
}

// inFile says in which file the line of a refusal stands.
func inFile(err error, file string) error {
	var refused *RuleError
	if errors.As(err, &refused) {
		refused.File = file
	}
	return err
}

func (e *RuleError) Unwrap() error { return e.Err }

// A rule in force, as far as the engine reads it back.
type loaded struct {
	chain   string
	packets uint64
	ace     nft.ACE
}

// rules reads all rules of the table in one dump, or those of the chains alone. The kernel begins each part of a dump at the first
// rule of all: many rules are read faster chain by chain.
func (s *space) rules(chains ...string) (out []loaded, err error) {
	filter := attribute(nil, unix.NFTA_RULE_TABLE, []byte(nft.Table+"\x00"))
	err = s.dumps(func(c *socket) (err error) {
		if len(chains) == 0 {
			out, err = c.rules(out, filter)
		}
		for _, name := range chains {
			if err == nil {
				out, err = c.rules(out, attribute(filter[:len(filter):len(filter)], unix.NFTA_RULE_CHAIN, []byte(name+"\x00")))
			}
		}
		return err
	})
	return out, err
}

func (c *socket) rules(out []loaded, filter []byte) ([]loaded, error) {
	chain := "" // of the rule before: rules come chain by chain
	err := c.dump(unix.NFT_MSG_GETRULE, func(b []byte) {
		var r loaded
		ours := false
		attributes(b, func(typ uint16, data []byte) {
			switch typ {
			case unix.NFTA_RULE_TABLE:
				ours = string(data) == nft.Table+"\x00"
			case unix.NFTA_RULE_CHAIN:
				if name := text(data); string(name) != chain {
					chain = string(name)
				}
				r.chain = chain
			case unix.NFTA_RULE_USERDATA:
				r.ace = aceOf(data)
			case unix.NFTA_RULE_EXPRESSIONS:
				r.packets = counterOf(data)
			}
		})
		if ours {
			out = append(out, r)
		}
	}, filter)
	return out, err
}

// manyRules is from where on chains are read one by one.
const manyRules = 5000

// chains are those whose rules are read: of few rules all at once (nil), else those that keep accepts.
func chains(rs *nft.Ruleset, keep func(*nft.Chain) bool) (names []string) {
	n := 0
	for i := range rs.Chains {
		n += len(rs.Chains[i].Rules)
		if keep(&rs.Chains[i]) {
			names = append(names, rs.Chains[i].Name)
		}
	}
	if n < manyRules {
		return nil
	}
	return names
}

// text is a string of a message without its end.
func text(b []byte) []byte { return bytes.TrimRight(b, "\x00") }

// aceOf reads the identity of an entry from the user data of its rule.
func aceOf(b []byte) nft.ACE {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		v := b[2 : 2+int(b[1])]
		if userdata.Type(b[0]) == nft.UserACE && len(v) == 8 {
			return nft.ACE{Is: true, ACL: int(int32(binary.BigEndian.Uint32(v))), Entry: int(int32(binary.BigEndian.Uint32(v[4:])))}
		}
		b = b[2+len(v):]
	}
	return nft.ACE{}
}

// counterOf is the packets of the first counter of a rule's expressions.
func counterOf(b []byte) (packets uint64) {
	found := false
	attributes(b, func(_ uint16, data []byte) {
		if found {
			return
		}
		packets, found = counter(data)
	})
	return packets
}

// counter is the packets of an expression that is a counter.
func counter(b []byte) (packets uint64, is bool) {
	attributes(b, func(typ uint16, data []byte) {
		switch typ {
		case unix.NFTA_EXPR_NAME:
			is = string(data) == "counter\x00"
		case unix.NFTA_EXPR_DATA:
			if is {
				attributes(data, func(typ uint16, data []byte) {
					if typ == unix.NFTA_COUNTER_PACKETS {
						packets = be64(data)
					}
				})
			}
		}
	})
	return packets, is
}

// elements reads a set: each gets the key of an element and its counter. It returns how many there are.
func (c *socket) elements(set string, each func(key []byte, packets uint64)) (n int, err error) {
	err = c.eachElement(set, func(elem []byte) {
		n++
		if each == nil {
			return
		}
		var key []byte
		var packets uint64
		attributes(elem, func(typ uint16, data []byte) {
			switch typ {
			case unix.NFTA_SET_ELEM_KEY:
				attributes(data, func(_ uint16, v []byte) { key = v })
			case unix.NFTA_SET_ELEM_EXPR:
				packets, _ = counter(data)
			}
		})
		each(key, packets)
	})
	return n, err
}

// eachElement hands the attributes of each element of a set to fn.
func (c *socket) eachElement(set string, fn func([]byte)) error {
	filter := attribute(nil, unix.NFTA_SET_ELEM_LIST_TABLE, []byte(nft.Table+"\x00"))
	filter = attribute(filter, unix.NFTA_SET_ELEM_LIST_SET, []byte(set+"\x00"))
	return c.dump(unix.NFT_MSG_GETSETELEM, func(b []byte) {
		attributes(b, func(typ uint16, data []byte) {
			if typ == unix.NFTA_SET_ELEM_LIST_ELEMENTS {
				attributes(data, func(_ uint16, elem []byte) { fn(elem) })
			}
		})
	}, filter)
}

// dumps gives fn a socket for one or more dumps.
func (s *space) dumps(fn func(*socket) error) error {
	c, err := s.openSocket(0, 8<<20)
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.close())
}

const (
	dumpWait = 10 * time.Second // bounds the wait for the next part of a dump
	dumpPart = 64 << 10         // holds the largest part that the kernel makes
)

// dump hands the attributes of each message of a dump of nftables to fn.
func (c *socket) dump(typ uint16, fn func([]byte), filter []byte) error {
	b := begin(nil, nftMessage|typ, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, unix.NFPROTO_IPV4, 0)
	if err := c.send(end(append(b, filter...), 0)); err != nil {
		return err
	}
	if c.parts == nil {
		c.parts = make([]byte, dumpPart)
	}
	buf := c.parts
	c.torn = false
	for done := false; !done; {
		if err := c.f.SetReadDeadline(time.Now().Add(dumpWait)); err != nil {
			return err
		}
		n, err := c.part(buf)
		if err != nil {
			return err
		}
		c.torn = c.torn || interrupted(buf[:n])
		var failed error
		messages(buf[:n], func(typ uint16, data []byte) {
			switch {
			case typ == unix.NLMSG_DONE, typ == unix.NLMSG_ERROR:
				done = true
				if len(data) >= 4 {
					if code := int32(binary.NativeEndian.Uint32(data)); code < 0 {
						failed = unix.Errno(-code)
					}
				}
			case typ>>8 == unix.NFNL_SUBSYS_NFTABLES && len(data) >= 4:
				fn(data[4:])
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// entryHits are the packets of each access list entry since the ruleset was loaded: those of its rules, and of its element in the
// verdicts of a long list.
func (s *space) entryHits(rs *nft.Ruleset) (map[nft.ACE]uint64, error) {
	rules, err := s.rules(chains(rs, func(c *nft.Chain) bool {
		return slices.ContainsFunc(c.Rules, func(r nft.Rule) bool { return r.ACE.Is })
	})...)
	if err != nil {
		return nil, fmt.Errorf("read counters: %w", err)
	}
	out := map[nft.ACE]uint64{}
	for _, r := range rules {
		if r.ace.Is && r.packets > 0 {
			out[r.ace] += r.packets
		}
	}
	err = s.dumps(func(c *socket) error {
		for i := range rs.Sets {
			set := &rs.Sets[i]
			if !set.Counted {
				continue
			}
			_, err := c.elements(set.Name, func(key []byte, packets uint64) {
				if len(key) == 4 && packets > 0 {
					out[nft.ACE{Is: true, ACL: set.ACL, Entry: int(binary.NativeEndian.Uint32(key)) - 1}] += packets
				}
			})
			if err != nil {
				return fmt.Errorf("read counters of %s: %w", set.Name, err)
			}
		}
		return nil
	})
	return out, err
}
