package kernel_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/runtime/kernel/lab"
)

// Who is refused a connection hears of it at once where service says so, by a short list and by a long one; and by nothing else.
func TestResets(t *testing.T) {
	long := &strings.Builder{}
	for i := range 200 {
		fmt.Fprintf(long, "access-list 120 permit tcp host 198.18.0.%d host 192.168.1.11 eq %d\n", i, 2000+i)
	}
	for _, c := range []struct{ name, lines string }{{"short", ""}, {"long", long.String()}} {
		for _, on := range []bool{true, false} {
			t.Run(fmt.Sprint(c.name, on), func(t *testing.T) {
				plan := loadPlan(t, "web.cfg", func(s string) string {
					s = strings.ReplaceAll(s, "access-list 120 permit tcp any host 192.168.1.11\n", "access-list 120 permit tcp any host 192.168.1.11 eq www\n"+c.lines)
					if on {
						s += "service resetinbound\nservice resetoutside\n"
					}
					return s
				})
				l := newLab(t, plan)
				mark := len(l.Messages())
				for _, to := range []ast.IP{global, plan.Interfaces[plan.IfByName("outside")].Net.IP} {
					conn, err := l.Dial(lab.Internet, to, 22, time.Second)
					if err == nil {
						conn.Close()
						t.Errorf("a connection to %v is made", to)
					}
					if reset := errors.Is(err, unix.ECONNREFUSED); reset != on {
						t.Errorf("connection to %v: %v", to, err)
					}
				}
				await(t, l, mark, "%PIX-4-106023: Deny tcp src outside:198.51.100.7/")
				await(t, l, mark, "%PIX-3-710003: TCP access denied by ACL from 198.51.100.7/")
			})
		}
	}
}
