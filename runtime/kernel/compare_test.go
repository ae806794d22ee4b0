package kernel

import (
	"bufio"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
)

// Everything that was loaded is compared, however much it is: whatever somebody else changes in a list of 5 000 entries is noticed.
func TestReadsAllBack(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	cfg, _, diags := parser.Load("list.cfg", []byte(listText(5000, false)))
	plan, more := compiler.Compile(cfg)
	if err := append(diags, more...).Err(); err != nil {
		t.Fatal(err)
	}
	rs, _ := nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"}, nft.Options{Live: true})
	batch, err := rs.Batch()
	if err != nil {
		t.Fatal(err)
	}
	ownSpace(t, func(s *space) {
		run := func(args ...string) string {
			t.Helper()
			var out []byte
			err := s.do(func() (err error) {
				out, err = exec.Command("nft", args...).CombinedOutput()
				return err
			})
			if err != nil {
				t.Fatalf("nft %s: %v\n%s", strings.Join(args, " "), err, out)
			}
			return string(out)
		}
		if err := s.commit(batch); err != nil {
			t.Fatal(err)
		}
		if err := s.check(batch, rs); err != nil {
			t.Fatal(err)
		}
		// The last rule of a chain that fits, with its handle.
		handle := regexp.MustCompile(`^\s*(.*\S) # handle (\d+)$`)
		rule := func(in []string, fits func(chain, rule string) bool) (chain, text, number string) {
			at := ""
			for lines := bufio.NewScanner(strings.NewReader(run(append([]string{"-a", "list"}, in...)...))); lines.Scan(); {
				if f := strings.Fields(lines.Text()); len(f) > 1 && f[0] == "chain" {
					at = f[1]
				} else if m := handle.FindStringSubmatch(lines.Text()); m != nil && at != "" && fits(at, m[1]) {
					chain, text, number = at, m[1], m[2]
				}
			}
			if chain == "" {
				t.Fatal("no such rule")
			}
			return chain, text, number
		}
		late, lateRule, lateHandle := rule([]string{"table", "ip", "pixfw"}, func(chain, rule string) bool {
			return strings.HasPrefix(chain, "acl_out") && strings.Contains(rule, " dport ")
		})
		both, bothRule, bothHandle := rule([]string{"table", "ip", "pixfw"}, func(_, rule string) bool { return strings.Contains(rule, "meta l4proto { tcp, udp }") })
		again := func(chain, text string) (number string) {
			_, _, number = rule([]string{"chain", "ip", "pixfw", chain}, func(_, rule string) bool { return rule == text })
			return number
		}
		base := slices.IndexFunc(rs.Chains, func(c nft.Chain) bool { return c.Drop })
		for _, c := range []struct {
			name, want string
			do         func()
		}{
			{"a rule far behind", "rule in chain " + late + ": ", func() {
				run("replace", "rule", "ip", "pixfw", late, "handle", lateHandle, regexp.MustCompile(` dport (>= )?\d+`).ReplaceAllString(strings.Split(lateRule, ` comment "`)[0], " dport ${1}7"))
			}},
			{"the set of a rule", "rule in chain " + both + ": ", func() {
				run("replace", "rule", "ip", "pixfw", both, "handle", bothHandle, strings.Replace(bothRule, "{ tcp, udp }", "{ tcp, gre }", 1))
			}},
			{"a policy", "chain " + rs.Chains[base].Name + ": ", func() { run("chain ip pixfw " + rs.Chains[base].Name + " { policy accept; }") }},
			{"the table sleeps", "table pixfw: ", func() { run("add table ip pixfw { flags dormant; }") }},
			{"another chain", "chain other is in the kernel", func() { run("add chain ip pixfw other { type filter hook forward priority -500; }") }},
			{"another set", "set other is in the kernel", func() { run("add set ip pixfw other { type ipv4_addr; }") }},
			{"an element in what is empty", "set shunned has 1 elements in the kernel, 0 were loaded", func() { run("add element ip pixfw shunned { 192.0.2.1 }") }},
			{"an element more", "set bad_source has ", func() { run("add element ip pixfw bad_source { 192.0.2.1 }") }},
			{"two rules change places", "rule in chain ", func() {
				run("add", "rule", "ip", "pixfw", late, strings.Split(lateRule, ` comment "`)[0])
				run("delete", "rule", "ip", "pixfw", late, "handle", lateHandle)
				run("insert", "rule", "ip", "pixfw", late, "accept")
				_, _, last := rule([]string{"chain", "ip", "pixfw", late}, func(string, string) bool { return true })
				run("delete", "rule", "ip", "pixfw", late, "handle", last)
			}},
		} {
			if err := s.commit(batch); err != nil {
				t.Fatal(err)
			}
			lateHandle, bothHandle = again(late, lateRule), again(both, bothRule)
			c.do()
			if err := s.check(batch, rs); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
		}
		if err := s.commit(batch); err != nil {
			t.Fatal(err)
		}
		// An element of the verdicts of a long list that leads elsewhere.
		var set *nft.Set
		for i := range rs.Sets {
			if rs.Sets[i].Counted {
				set = &rs.Sets[i]
			}
		}
		if set == nil {
			t.Fatal("the list has no verdicts")
		}
		// Two elements change places, so that no number tells.
		v := &set.Verdicts[len(set.Verdicts)/2]
		k := slices.IndexFunc(set.Verdicts, func(x nft.VerdictOf) bool { return x.Do != v.Do })
		if k < 0 {
			t.Fatal("all verdicts are the same")
		}
		for _, x := range [2][2]*nft.VerdictOf{{v, &set.Verdicts[k]}, {&set.Verdicts[k], v}} {
			to := ""
			switch do := x[1].Do.(type) {
			case nft.Goto:
				to = "goto " + do.Chain
			case nft.Accept:
				to = "accept"
			case nft.Drop:
				to = "drop"
			default:
				t.Fatalf("%T", do)
			}
			run("delete", "element", "ip", "pixfw", set.Name, fmt.Sprintf("{ %d }", x[0].Lo))
			run("add", "element", "ip", "pixfw", set.Name, fmt.Sprintf("{ %d : %s }", x[0].Lo, to))
		}
		if err := s.check(batch, rs); err == nil || !strings.Contains(err.Error(), "set "+set.Name+": what the kernel has") {
			t.Errorf("another verdict: %v", err)
		}
	})
}

// A dump says that somebody has changed what it is of while it was made.
func TestInterrupted(t *testing.T) {
	whole := end(begin(nil, nftMessage|unix.NFT_MSG_NEWRULE, unix.NLM_F_MULTI, unix.NFPROTO_IPV4, 0), 0)
	torn := end(begin(nil, nftMessage|unix.NFT_MSG_NEWRULE, unix.NLM_F_MULTI|unix.NLM_F_DUMP_INTR, unix.NFPROTO_IPV4, 0), 0)
	for _, c := range []struct {
		b    []byte
		want bool
	}{{nil, false}, {whole, false}, {torn, true}, {append(append([]byte(nil), whole...), torn...), true}, {torn[:len(torn)-1], false}} {
		if got := interrupted(c.b); got != c.want {
			t.Errorf("%x: %v, want %v", c.b, got, c.want)
		}
	}
}
