package vpn

import (
	"errors"
	"strings"
	"sync"
	"unicode"

	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/syslog"
)

// Access lists of users (commands-vpn-aaa-show.md 5.3): what a server says of one becomes a list that the engine enforces, or its user is
// refused.

// session is what the machine keeps of a login until the client is up.
type session struct {
	aaa.Result
	list runtime.UserList
}

// heldLists are the entries of lists that servers have sent, by name, as long as somebody has them: they are not sent again.
type heldLists struct {
	mu    sync.Mutex
	lists map[string]*heldList
}

type heldList struct {
	entries []string
	users   int
}

// entries are those of a list that is in force.
func (h *heldLists) entries(name string) ([]string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.lists[name]
	if l == nil {
		return nil, false
	}
	return l.entries, true
}

// hold and free count those who have a list.
func (h *heldLists) hold(s *session) {
	if s.list.Sent == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lists == nil {
		h.lists = map[string]*heldList{}
	}
	l := h.lists[s.List]
	if l == nil {
		l = &heldList{entries: s.ACEs}
		h.lists[s.List] = l
	}
	l.users++
}

func (h *heldLists) free(s *session) {
	if s.list.Sent == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.lists[s.List]; l != nil {
		if l.users--; l.users <= 0 {
			delete(h.lists, s.List)
		}
	}
}

// readList makes the list that a server has sent into one to enforce. It waits for nothing and needs no turn.
func (s *service) readList(r *aaa.Result) (runtime.UserList, error) {
	if r.Outcome != aaa.Pass || !r.Restricted || r.ListError != nil {
		return runtime.UserList{}, r.ListError
	}
	if r.List == "" {
		return runtime.UserList{}, nil
	}
	if s.c.readList == nil {
		return runtime.UserList{}, errors.New("lists that servers send are not read here")
	}
	acl, err := s.c.readList(listName(r.List), r.ACEs)
	return runtime.UserList{Sent: acl}, err
}

// listName is the name of a list as it may stand in a configuration: who a user is, his list says too.
func listName(s string) string {
	const longest = 240
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > unicode.MaxASCII-1 || r == '"' || r == '?' {
			return '_'
		}
		return r
	}, s[:min(len(s), longest)])
}

// listOf is the access list of a user whom a server has let in. It says why there is none where there has to be one.
func (s *service) listOf(user string, r *aaa.Result, sent runtime.UserList, trouble error) (list runtime.UserList, ok bool) {
	if !r.Restricted {
		return list, true
	}
	name := r.ACL
	if r.List != "" {
		name = r.List
	}
	var fault *runtime.ListFault
	switch {
	case errors.As(trouble, &fault) && fault.Empty:
		s.c.host.Publish(syslog.New(109018, clean(name)))
	case errors.As(trouble, &fault) && fault.Config:
		s.c.host.Publish(syslog.New(109020, clean(fault.Entry)))
	case errors.As(trouble, &fault):
		s.c.host.Publish(syslog.New(109019, clean(name), clean(fault.Entry)))
	case trouble != nil, r.List == "" && !s.inConfiguration(name):
		s.c.host.Publish(syslog.New(109016, clean(name), clean(user)))
	case r.List == "":
		return runtime.UserList{Name: name}, true
	default:
		return sent, true
	}
	if trouble != nil {
		s.say("user \"" + clean(user) + "\" of a tunnel is refused: his access list \"" + clean(name) + "\": " + clean(trouble.Error()))
	}
	return list, false
}

func (s *service) inConfiguration(name string) bool {
	return name != "" && s.plan.ACLByID(name) != compiler.None
}
