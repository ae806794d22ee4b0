package runtime

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"

	"pixfw/compiler"
)

// A UserList is the access list of one user (semantics.md 2.6): one of the configuration, by its name, or one that a server has sent.
// The zero value is none.
type UserList struct {
	Name string
	Sent *compiler.ACL
}

// Bounds of what servers send: lists that are held at a time, and entries of them all.
const (
	maxSentLists   = 4096
	maxSentEntries = 65536
)

// What keeps a user out who has an access list.
var (
	ErrNoList    = errors.New("there is no such access list")
	errSentLists = errors.New("there are too many access lists of users")
)

// A ListReader makes an access list of the entries that a server has sent: `permit tcp any host 10.0.0.1 eq 80`. They come from outside,
// and may be anything. What is wrong with them is a ListFault.
type ListReader func(name string, entries []string) (*compiler.ACL, error)

// A ListFault says why an access list that a server has sent is none (commands-vpn-aaa-show.md section 5.5).
type ListFault struct {
	Empty  bool
	Config bool   // an entry names what is not there; else it is not understood
	Entry  string // as it was sent
	Reason string
}

func (f *ListFault) Error() string {
	if f.Empty {
		return "it has no entries"
	}
	return f.Entry + ": " + f.Reason
}

// None reports whether there is no list.
func (l UserList) None() bool { return l.Name == "" && l.Sent == nil }

// Place finds the list in a plan. One that was sent and is not there yet is added: then the plan is another one, with the same lists
// in the same places. Two that are called alike and are not the same get names of their own.
func (l UserList) Place(plan *compiler.Plan) (*compiler.Plan, int, error) {
	if l.Sent == nil {
		i := plan.ACLByID(l.Name)
		if l.Name == "" || i == compiler.None || plan.ACLs[i].Sent {
			return plan, compiler.None, ErrNoList
		}
		return plan, i, nil
	}
	if l.Sent.ID == "" {
		return plan, compiler.None, ErrNoList
	}
	return l.place(plan, false, maxSentLists, maxSentEntries)
}

// place is Place within bounds. A plan that is the caller's own is changed as it is.
func (l UserList) place(plan *compiler.Plan, own bool, maxLists, maxEntries int) (*compiler.Plan, int, error) {
	id := l.Sent.ID
	for n := 2; ; n++ {
		i := plan.ACLByID(id)
		if i == compiler.None {
			break
		}
		if have := &plan.ACLs[i]; have.Sent && reflect.DeepEqual(have.Entries, l.Sent.Entries) {
			return plan, i, nil
		}
		id = l.Sent.ID + "-" + strconv.Itoa(n)
	}
	lists, entries, free := 0, len(l.Sent.Entries), compiler.None
	for i := range plan.ACLs {
		switch a := &plan.ACLs[i]; {
		case a.Sent && a.ID == "":
			free = i
		case a.Sent:
			lists, entries = lists+1, entries+len(a.Entries)
		}
	}
	if lists >= maxLists || entries > maxEntries {
		return plan, compiler.None, errSentLists
	}
	next := plan
	if !own {
		c := *plan
		next, c.ACLs = &c, slices.Clone(plan.ACLs)
	}
	if free == compiler.None {
		free, next.ACLs = len(next.ACLs), append(next.ACLs, compiler.ACL{})
	}
	next.ACLs[free] = compiler.ACL{ID: id, Line: l.Sent.Line, Entries: l.Sent.Entries, Sent: true}
	return next, free, nil
}

// WithoutList is the plan without a list that was sent: its place is free, and those of the others are as they were.
func WithoutList(plan *compiler.Plan, acl int) *compiler.Plan {
	next := *plan
	next.ACLs = slices.Clone(plan.ACLs)
	next.ACLs[acl] = compiler.ACL{Sent: true}
	for n := len(next.ACLs); n > 0 && next.ACLs[n-1].Sent && next.ACLs[n-1].ID == ""; n-- {
		next.ACLs = next.ACLs[:n-1]
	}
	return &next
}

// PlaceAll is a plan to apply with the lists of users, and the place of each. A list that the configuration no longer has permits
// nothing: it was there when its user came, so that he is not to be without one.
func PlaceAll(plan *compiler.Plan, lists []UserList) (*compiler.Plan, []int) {
	if i := slices.IndexFunc(plan.ACLs, func(a compiler.ACL) bool { return a.Sent }); i >= 0 {
		next := *plan
		next.ACLs = plan.ACLs[:i:i]
		plan = &next
	}
	own, places := false, make([]int, len(lists))
	for i, l := range lists {
		if l.None() {
			places[i] = compiler.None
			continue
		}
		of := l
		if l.Sent == nil {
			if k := plan.ACLByID(l.Name); k != compiler.None && !plan.ACLs[k].Sent {
				places[i] = k
				continue
			}
			of.Sent = &compiler.ACL{ID: l.Name}
		}
		if !own {
			c := *plan
			plan, own, c.ACLs = &c, true, slices.Clone(plan.ACLs)
		}
		_, places[i], _ = of.place(plan, true, math.MaxInt, math.MaxInt) // they have been within bounds
	}
	return plan, places
}
