package nft

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pixfw/ast"
)

// The chain of a user's list decides, and counts, as that of the same list on an interface: it returns where that one accepts, and logs
// whatever it denies.
func TestUserListEqualsList(t *testing.T) {
	for _, n := range []int{1, 5, 64, 65, 300} {
		rnd := rand.New(rand.NewPCG(7, uint64(n)))
		list := randomList(rnd, n, 8)
		p := longPlan(list)
		of, _ := Lower(p, devices)
		mi, mu := newMachine(of), newMachine(LowerList(p, 1, "user_list_1", Options{Live: true}))
		for name := range mu.rules {
			if !strings.HasPrefix(name, "user_list_1") {
				t.Errorf("chain %s is not called after the list", name)
			}
		}
		for name := range mu.sets {
			if !strings.HasPrefix(name, "user_list_1") {
				t.Errorf("set %s is not called after the list", name)
			}
		}
		for range 3000 {
			pkt := packetNear(rnd, list)
			a, b := pkt, pkt
			mi.logged, mu.logged, mi.hit, mu.hit = "", "", ACE{}, ACE{}
			vi, vu := mi.run("acl_120", &a), mu.run("user_list_1", &b)
			logged := "109025:1"
			if vi == "accept" {
				vi, logged = "", ""
				if e := mi.hit.Entry; list[e].Log == ast.LogOn {
					logged = fmt.Sprintf("106100:1:%d", e)
				}
			}
			if vi != vu || mi.hit != mu.hit || mu.logged != logged || vu == "" && b.mark != 0 {
				t.Fatalf("%d entries: %+v: interface %q %v, user %q %v %q, mark %x", n, pkt, vi, mi.hit, vu, mu.hit, mu.logged, b.mark)
			}
		}
	}
}
