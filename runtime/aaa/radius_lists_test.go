package aaa

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
)

// A named access list comes in as many packets as it needs, unless it is there already.
func TestDownload(t *testing.T) {
	const name = "#ACSACL#-PIX-acs_ten_acl-3b5385f7"
	conn := silent(t, 1, 0)
	login := users(t, func(p *radius.Packet) {
		if err := pair(p, "ACS:CiscoSecure-Defined-ACL="+name); err != nil {
			t.Error(err)
		}
	})
	var rounds atomic.Int32
	rounds.Store(5)
	serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
		if rfc2865.UserName_GetString(r.Packet) != name {
			login(w, r)
			return
		}
		if pw := rfc2865.UserPassword_GetString(r.Packet); pw != "" || !slices.Contains(pairs(r.Packet), "AAA:event=acl-download") ||
			!slices.Contains(pairs(r.Packet), "AAA:service=ip-admission") {
			t.Errorf("the request for the list: %q %q", pw, pairs(r.Packet))
		}
		n := 0
		if s := rfc2865.State_GetString(r.Packet); s != "" {
			if _, err := fmt.Sscanf(s, "part %d", &n); err != nil {
				t.Error(err)
			}
		}
		p := r.Response(radius.CodeAccessChallenge)
		if n == int(rounds.Load())-1 {
			p = r.Response(radius.CodeAccessAccept)
		} else if err := rfc2865.State_SetString(p, fmt.Sprintf("part %d", n+1)); err != nil {
			t.Error(err)
		}
		if err := pair(p, fmt.Sprintf("ip:inacl#%d=permit tcp any host 10.0.0.%d", n+1, n+1)); err != nil {
			t.Error(err)
		}
		write(t, w, p)
	})
	c, _, _ := client(t, plan("radius", 1, port(conn)), 0)
	got := c.Authenticate(patient(t), 0, request())
	if got.Outcome != Pass || got.List != name || !got.Restricted || len(got.ACEs) != 5 || got.ACEs[4] != "permit tcp any host 10.0.0.5" {
		t.Errorf("%+v", got)
	}
	r := request()
	r.Held = func(n string) ([]string, bool) { return []string{"permit ip any any"}, n == name }
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || got.List != name || !slices.Equal(got.ACEs, []string{"permit ip any any"}) {
		t.Errorf("a list that is there: %+v", got)
	}
	// The server has let the user in: LOCAL is not to do so without the list.
	rounds.Store(maxDownload + 1)
	r = request()
	r.Local = true
	if got := c.Authenticate(patient(t), 0, r); got.Outcome != Pass || got.Local || !got.Restricted || got.ListError == nil || !strings.Contains(got.ListError.Error(), "more than") {
		t.Errorf("a list without end: %+v", got)
	}
}

// What a server sends of a list that cannot be used is an error, whatever it is, and never no list.
func TestDownloadThatFails(t *testing.T) {
	const name = "#ACSACL#-x-1"
	for what, answer := range map[string]func(t *testing.T, r *radius.Request) *radius.Packet{
		"refuses": func(_ *testing.T, r *radius.Request) *radius.Packet { return r.Response(radius.CodeAccessReject) },
		"says nothing of the next": func(_ *testing.T, r *radius.Request) *radius.Packet {
			return r.Response(radius.CodeAccessChallenge)
		},
		"more than 4096 entries": func(t *testing.T, r *radius.Request) *radius.Packet {
			p := r.Response(radius.CodeAccessChallenge)
			if err := rfc2865.State_SetString(p, "more"); err != nil {
				t.Error(err)
			}
			for i := range 100 {
				if err := pair(p, fmt.Sprintf("ip:inacl#%d=deny ip any any", i)); err != nil {
					t.Error(err)
				}
			}
			return p
		},
		"no answer": nil,
	} {
		conn := silent(t, 1, 0)
		login := users(t, func(p *radius.Packet) {
			if err := pair(p, "ACS:CiscoSecure-Defined-ACL="+name); err != nil {
				t.Error(err)
			}
		})
		serve(t, conn, testKey, func(w radius.ResponseWriter, r *radius.Request) {
			switch {
			case rfc2865.UserName_GetString(r.Packet) != name:
				login(w, r)
			case answer != nil:
				write(t, w, answer(t, r))
			}
		})
		p := plan("radius", 1, port(conn))
		p.AAAGroups[0].MaxFailed = 1
		p.AAAGroups[0].Servers[0].Timeout = time.Second
		c, _, _ := client(t, p, 0)
		r := request()
		r.Local = true
		got := c.Authenticate(patient(t), 0, r)
		if got.Outcome != Pass || got.Local || !got.Restricted || got.List != name || got.ListError == nil || !strings.Contains(got.ListError.Error(), what) {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

// Which list holds for a user, of what one answer may say.
func TestListOfAnAnswer(t *testing.T) {
	for _, c := range []struct {
		filter     string
		pairs      string // "; " between them
		want       Result
		downloaded bool
	}{
		{"", "", Result{}, false},
		{"120", "", Result{Restricted: true, ACL: "120"}, false},
		{"120", "acl=121", Result{Restricted: true, ACL: "121"}, false},
		{"", "acl=", Result{Restricted: true}, false},
		{"", "ip:inacl#20=deny ip any any; ip:inacl#3= permit icmp any any ", Result{Restricted: true, List: "AAA-user-cse", ACEs: []string{"permit icmp any any", "deny ip any any"}}, false},
		{"120", "ip:inacl#1=permit ip any any", Result{Restricted: true, ACL: "120", List: "AAA-user-cse", ACEs: []string{"permit ip any any"}}, false},
		{"", "ip:inacl#x=deny ip any any; ip:inacl#1=permit ip any any", Result{Restricted: true, List: "AAA-user-cse",
			ACEs: []string{"permit ip any any", "ip:inacl#x=deny ip any any"}}, false},
		{"", "ip:inacl=deny ip any any", Result{Restricted: true, List: "AAA-user-cse", ACEs: []string{"ip:inacl=deny ip any any"}}, false},
		{"", "ip:inacl#-1=deny ip any any", Result{Restricted: true, List: "AAA-user-cse", ACEs: []string{"ip:inacl#-1=deny ip any any"}}, false},
		{"120", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-x-1", Result{Restricted: true, ACL: "120", List: "#ACSACL#-x-1"}, true},
		{"", "ACS:CiscoSecure-Defined-ACL=", Result{Restricted: true}, true},
		{"", "shell:roles=admin; ip:outacl#1=deny ip any any", Result{}, false},
	} {
		p := radius.New(radius.CodeAccessAccept, []byte(testKey))
		if c.filter != "" {
			if err := rfc2865.FilterID_SetString(p, c.filter); err != nil {
				t.Fatal(err)
			}
		}
		if c.pairs != "" {
			for _, a := range strings.Split(c.pairs, "; ") {
				if err := pair(p, a); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, named := readLogin(&server{}, p, "cse")
		if named != c.downloaded || got.Restricted != c.want.Restricted || got.ACL != c.want.ACL || got.List != c.want.List || !slices.Equal(got.ACEs, c.want.ACEs) {
			t.Errorf("%s %s: %+v %v", c.filter, c.pairs, got, named)
		}
	}
}
