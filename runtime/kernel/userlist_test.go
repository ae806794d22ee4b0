package kernel_test

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// askingPlan is the seed, mended, which asks for users on the outside. Its lists `some` and 120 may be those of users.
func askingPlan(t *testing.T) *compiler.Plan {
	t.Helper()
	return loadPlan(t, "pix.cfg", func(s string) string {
		return strings.ReplaceAll(s, "any host 10.89.129.131", "any host 192.168.1.11") + "access-list some permit tcp any any eq 80\n"
	})
}

// sentList is an access list as a server sends it.
func sentList(t *testing.T, id string, entries ...string) runtime.UserList {
	t.Helper()
	cfg, _, diags := parser.Load("sent", []byte("access-list "+id+" "+strings.Join(entries, "\naccess-list "+id+" ")+"\n"))
	plan, more := compiler.Compile(cfg)
	if diags.HasErrors() || more.HasErrors() {
		t.Fatal(diags, more)
	}
	return runtime.UserList{Sent: &plan.ACLs[0]}
}

// table is the ruleset in the kernel of a namespace.
func table(t *testing.T, ns string) string {
	t.Helper()
	out, err := exec.Command("ip", "netns", "exec", ns, "nft", "list", "table", "ip", "pixfw").CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return string(out)
}

func TestUserAccessLists(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	plan := askingPlan(t)
	l := newLab(t, plan)
	for _, port := range []uint16{80, 8080} {
		if err := l.Serve(server, port); err != nil {
			t.Fatal(err)
		}
	}
	outside := plan.IfByName("outside")
	login := func(list runtime.UserList) {
		t.Helper()
		if err := l.Engine.Login(outside, lab.Internet, "cse", list); err != nil {
			t.Fatal(err)
		}
	}
	reaches := func(when string, www, other bool) {
		t.Helper()
		for port, want := range map[uint16]bool{80: www, 8080: other} {
			mark := len(l.Messages())
			c, err := l.Dial(lab.Internet, global, port, time.Second)
			if err == nil {
				c.Close()
			}
			if (err == nil) != want {
				t.Errorf("%s: port %d: %v", when, port, err)
			}
			if !want {
				await(t, l, mark, "%PIX-6-109025: Authorization denied (acl=")
			}
		}
	}
	lists := func(when string, want int) {
		t.Helper()
		text := table(t, l.Firewall())
		if n := strings.Count(text, "chain user_list_"); want == 0 && n != 0 || want > 0 && n < want {
			t.Errorf("%s: %d chains of lists", when, n)
		}
		if n := strings.Count(text, lab.Internet.String()+" : goto user_list_"); n != min(want, 1) {
			t.Errorf("%s: %d ways to lists", when, n)
		}
	}
	login(runtime.UserList{Name: "some"})
	reaches("a list of the configuration", true, false)
	lists("a list of the configuration", 1)
	mark := len(l.Messages())
	login(sentList(t, "#ACSACL#-other-1", "permit tcp any host 192.168.1.11 eq 8080", "deny ip any any"))
	reaches("a list that was sent", false, true)
	await(t, l, mark, "%PIX-6-109025: Authorization denied (acl=#ACSACL#-other-1) for user 'cse' from 198.51.100.7/")
	lists("a list that was sent", 1)
	acl := l.Engine.Plan().ACLByID("#ACSACL#-other-1")
	if acl == compiler.None || !l.Engine.Plan().ACLs[acl].Sent || l.Engine.HitCount(acl, 0) != 1 || l.Engine.HitCount(acl, 1) == 0 {
		t.Errorf("list %d: %d %d hits", acl, l.Engine.HitCount(acl, 0), l.Engine.HitCount(acl, 1))
	}
	if n := l.Engine.HitCount(plan.ACLByID("some"), 0); n != 1 {
		t.Errorf("%d hits of a list whose user has gone", n)
	}
	if u := l.Engine.Users().Users; len(u) != 1 || u[0].ACL != "#ACSACL#-other-1" {
		t.Errorf("%+v", u)
	}
	// Another policy keeps list and hits, and so does the plan that the engine itself has.
	for _, next := range []*compiler.Plan{askingPlan(t), l.Engine.Plan()} {
		if _, err := l.Engine.Apply(next); err != nil {
			t.Fatal(err)
		}
		acl = l.Engine.Plan().ACLByID("#ACSACL#-other-1")
		if n := l.Engine.HitCount(acl, 0); n == 0 {
			t.Error("a change of the policy has lost the hits of a list that was sent")
		}
		reaches("after a change", false, true)
		lists("after a change", 1)
	}
	// One with more entries than are compared one by one.
	var long []string
	for i := range 300 {
		long = append(long, fmt.Sprintf("deny tcp any host 192.168.1.11 eq %d", 8000+i))
	}
	login(sentList(t, "AAA-user-cse", append(long, "permit ip any any")...))
	reaches("a long list", true, false)
	lists("a long list", 2)
	// A policy that is refused leaves everything as it is.
	l.Engine.Committed(func() {
		out, err := exec.Command("ip", "netns", "exec", l.Firewall(), "nft", "flush", "chain", "ip", "pixfw", "acl_120").CombinedOutput()
		if err != nil {
			t.Fatalf("%v %s", err, out)
		}
	})
	if _, err := l.Engine.Apply(askingPlan(t)); err == nil {
		t.Error("a policy that is not as it was loaded is taken")
	}
	l.Engine.Committed(nil)
	reaches("after a refusal", true, false)
	login(sentList(t, "empty-but-one", "permit udp any any"))
	reaches("a list for UDP", false, false)
	if err := l.Engine.ClearUsers(""); err != nil {
		t.Fatal(err)
	}
	lists("after clear uauth", 0)
	if n := len(l.Engine.Plan().ACLs); n != len(plan.ACLs) {
		t.Errorf("%d lists in the plan, %d in the configuration", n, len(plan.ACLs))
	}
	login(runtime.UserList{})
	reaches("without a list", true, true)
}

// A list that is not in the kernel as it should be lets nobody in.
func TestUserListThatIsNotLoaded(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	plan := askingPlan(t)
	l := newLab(t, plan)
	outside := plan.IfByName("outside")
	mark := len(l.Messages())
	if err := l.Engine.Login(outside, lab.Internet, "cse", runtime.UserList{Name: "none"}); !errors.Is(err, runtime.ErrNoList) {
		t.Errorf("a list that is not there: %v", err)
	}
	await(t, l, mark, "%PIX-3-109016: Can't find authorization ACL 'none' on 'PIX' for user 'cse'")
	if err := l.Engine.Login(plan.IfByName("inside"), ast.MustIP("10.89.129.134"), "cse", runtime.UserList{Name: "some"}); err == nil {
		t.Error("a list is taken where nothing looks for users")
	}
	for _, what := range []string{"flush chain ip pixfw user_list_", "insert rule ip pixfw user_list_%d accept", "add rule ip pixfw user_list_%d accept"} {
		l.Engine.Committed(func() {
			chains := table(t, l.Firewall())
			n := 0
			if _, err := fmt.Sscanf(chains[strings.LastIndex(chains, "chain user_list_"):], "chain user_list_%d", &n); err != nil {
				t.Fatal(err)
			}
			args := strings.ReplaceAll(what, "%d", fmt.Sprint(n))
			if !strings.Contains(what, "%d") {
				args += fmt.Sprint(n)
			}
			out, err := exec.Command("ip", append([]string{"netns", "exec", l.Firewall(), "nft"}, strings.Fields(args)...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v %s", args, err, out)
			}
		})
		if err := l.Engine.Login(outside, lab.Internet, "cse", sentList(t, "x", "permit tcp any any eq 80", "deny ip any any")); err == nil {
			t.Errorf("%s: the list counts as loaded", what)
		}
		l.Engine.Committed(nil)
		if n := len(l.Engine.Users().Users); n != 0 {
			t.Errorf("%s: %d users", what, n)
		}
		if text := table(t, l.Firewall()); strings.Contains(text, "user_list_") {
			t.Errorf("%s: something of the list is left: %s", what, text)
		}
		if n := len(l.Engine.Plan().ACLs); n != len(plan.ACLs) {
			t.Errorf("%s: %d lists", what, n)
		}
	}
	if err := l.Engine.Login(outside, lab.Internet, "cse", sentList(t, "x", "permit tcp any any eq 80")); err != nil {
		t.Error(err)
	}
}

// The list goes with the time of its user.
func TestUserListTimeout(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	plan := askingPlan(t)
	plan.UAuth.Absolute, plan.UAuth.Inactivity = time.Second, 0
	l := newLab(t, plan)
	if err := l.Engine.Login(plan.IfByName("outside"), lab.Internet, "cse", sentList(t, "x", "permit tcp any any eq 80")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); strings.Contains(table(t, l.Firewall()), "user_list_"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the list is still there after the time of its user")
		}
	}
	if u, n := l.Engine.Users().Users, len(l.Engine.Plan().ACLs); len(u) != 0 || n != len(plan.ACLs) {
		t.Errorf("%+v, %d lists", u, n)
	}
}

// Clients of tunnels come with their lists, come back with others, and leave with them.
func TestRemoteLists(t *testing.T) {
	config := withClients + "access-list some permit tcp any any eq 80\naaa-server TAC protocol tacacs+\naaa-server TAC (inside) host 10.0.0.9 key\n" +
		"sysopt connection permit-ipsec\n"
	asks := "crypto map m client authentication TAC\n"
	h := newTunnelHost(t, config+asks)
	add := func(i int, list runtime.UserList) {
		t.Helper()
		r := clientAt(i)
		r.List = list
		if err := h.e.AddRemote(r); err != nil {
			t.Fatal(err)
		}
	}
	has := func(when string, ways, chains int) {
		t.Helper()
		text := table(t, h.ns)
		if n := strings.Count(text, ": goto user_list_"); n != ways {
			t.Errorf("%s: %d ways to lists, want %d", when, n, ways)
		}
		if n := strings.Count(text, "chain user_list_"); n != chains {
			t.Errorf("%s: %d chains, want %d", when, n, chains)
		}
	}
	web := sentList(t, "web", "permit tcp any any eq 80")
	for i := range 20 {
		add(i, web)
	}
	add(20, runtime.UserList{Name: "some"})
	add(21, runtime.UserList{})
	has("with all", 21, 2)
	add(20, web)
	add(0, sentList(t, "web", "permit tcp any any eq 81")) // of the same name
	add(1, runtime.UserList{})
	has("with others", 20, 2)
	if err := h.apply(config + asks + "access-list more permit ip any any\n"); err != nil {
		t.Fatal(err)
	}
	has("after a change", 20, 2)
	// What asks for users goes, and its clients with it only later: their lists stay.
	if err := h.apply(config); err != nil {
		t.Fatal(err)
	}
	has("when nothing asks any more", 20, 2)
	for i := range 22 {
		if err := h.e.RemoveRemote("outside", clientAt(i).Net); err != nil {
			t.Fatal(err)
		}
	}
	has("without anybody", 0, 0)
	if err := h.apply(config); err != nil {
		t.Fatal(err)
	}
	r := clientAt(3)
	if r.List = web; h.e.AddRemote(r) == nil {
		t.Error("a list is taken where nothing asks for users")
	}
	if err := h.apply(config + asks); err != nil {
		t.Fatal(err)
	}
	if r.User = ""; h.e.AddRemote(r) == nil {
		t.Error("a list is taken for a client whose user is not known")
	}
	has("after what was refused", 0, 0)
	h.has("after what was refused", 0, 0, 0)
}
