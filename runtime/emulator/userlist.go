package emulator

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// hasList tells of a user's list that is not there (commands-vpn-aaa-show.md section 5.3).
func (e *Engine) hasList(name string, list runtime.UserList) error {
	if list.None() {
		return nil
	}
	_, _, err := list.Place(e.plan)
	if err != nil {
		e.emit(syslog.New(109016, list.Name, name))
	}
	return err
}

// placeList is where a user's list is in the plan. One that was sent is entered there.
func (e *Engine) placeList(list runtime.UserList) (int, error) {
	if list.None() {
		return compiler.None, nil
	}
	plan, acl, err := list.Place(e.plan)
	if err != nil {
		return compiler.None, err
	}
	if plan == e.plan {
		return acl, nil
	}
	e.plan = plan
	entries := plan.ACLs[acl].Entries
	hits, state := make([]uint64, len(entries)), aclState{facts: factsOf(entries)}
	if acl < len(e.hits) {
		e.hits[acl], e.derived.acls[acl] = hits, state
	} else {
		e.hits, e.derived.acls = append(e.hits, hits), append(e.derived.acls, state)
	}
	return acl, nil
}

// freeList takes a list out of the plan that was sent and that no user has any more.
func (e *Engine) freeList(acl int) {
	if acl == compiler.None || !e.plan.ACLs[acl].Sent {
		return
	}
	for _, u := range e.users {
		if u.acl == acl {
			return
		}
	}
	e.plan = runtime.WithoutList(e.plan, acl)
	e.hits, e.derived.acls = e.hits[:len(e.plan.ACLs)], e.derived.acls[:len(e.plan.ACLs)]
}

// placeLists gives the lists of all users their places in a plan that is to be applied.
func (e *Engine) placeLists(plan *compiler.Plan) (*compiler.Plan, func()) {
	users := e.sortedUsers()
	lists := make([]runtime.UserList, len(users))
	for i, u := range users {
		lists[i] = u.list
	}
	plan, places := runtime.PlaceAll(plan, lists)
	return plan, func() {
		for i, u := range users {
			u.acl = places[i]
		}
	}
}

// restricted is the user behind the source of a packet, if he has a list.
func (e *Engine) restricted(f *flight) *user {
	if u := e.users[userKey{f.in.If, f.pkt.Src}]; u != nil && u.acl != compiler.None {
		return u
	}
	return nil
}

// userList is the access list of a user, on wire addresses as that of the interface: the first entry that matches decides, and what
// none matches is denied (semantics.md 2.6).
func (e *Engine) userList(f *flight, u *user) bool {
	acl := &e.plan.ACLs[u.acl]
	v := wireView(f)
	entry, permit := e.aclMatch(u.acl, &v)
	var line compiler.Line
	if entry != compiler.None {
		e.hits[u.acl][entry]++
		ace := &acl.Entries[entry]
		line = ace.Line
		if ace.Log == ast.LogOn {
			e.logHit(f, acl.ID, ace, false)
		}
	}
	if permit {
		if f.trace {
			f.pass("ACCESS-LIST", "access list "+acl.ID+" of user "+u.name, line)
		}
		return false
	}
	p := &f.pkt
	m := syslog.New(109025, acl.ID, u.name, syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}, e.ifName(f.in.If), syslog.ProtoName(p.Proto))
	if entry == compiler.None {
		note := ""
		if f.trace {
			note = "no entry of access-list " + acl.ID + " of user " + u.name + " matches: its end denies"
		}
		f.dropBy(e, "ACCESS-LIST", whyUserACL, note, logs(m))
	} else {
		f.drop(e, "ACCESS-LIST", whyUserACL, logs(m), line)
	}
	return true
}

func (e *Engine) listName(u *user) string {
	if u.acl == compiler.None {
		return ""
	}
	return e.plan.ACLs[u.acl].ID
}
