package repair

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// commands are those of a configuration that the scrambled documents are made
// of, beside generated access lists.
const commands = `interface ethernet0 100full
nameif ethernet0 outside security0
enable password 8Ry2YjIyt7RRXU24 encrypted
hostname branch
fixup protocol dns maximum-length 512
fixup protocol h323 ras 1718-1719
fixup protocol sip udp 5060
names
pager lines 24
mtu outside 1500
ip address outside 192.0.2.1 255.255.255.0
ip audit info action alarm
ip local pool VPNpool 10.89.129.200-10.89.129.204
no failover
failover timeout 0:00:00
no failover ip address outside
arp timeout 14400
global (outside) 1 192.0.2.6-192.0.2.10
nat (inside) 0 access-list 101
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
static (inside,outside) 192.0.2.11 10.89.129.131 netmask 255.255.255.255 0 0
access-group 120 in interface outside
route outside 0.0.0.0 0.0.0.0 192.0.2.3 1
timeout xlate 3:00:00
timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00 rpc 0:10:00 h225 1:00:00
timeout uauth 0:05:00 absolute
aaa-server AuthInbound protocol tacacs+
aaa-server AuthInbound (inside) host 10.89.129.134 secretkey timeout 10
aaa authentication include http outside 10.89.129.131 255.255.255.255 0.0.0.0 0.0.0.0 AuthInbound
no snmp-server location
no snmp-server enable traps
floodguard enable
sysopt connection permit-ipsec
crypto ipsec transform-set myset esp-des esp-md5-hmac
crypto dynamic-map dynmap 10 set transform-set myset
crypto map mymap 10 ipsec-isakmp dynamic dynmap
crypto map mymap client authentication AuthInbound
isakmp key ***** address 0.0.0.0 netmask 0.0.0.0
isakmp identity address
isakmp policy 10 authentication pre-share
isakmp policy 10 lifetime 86400
vpngroup vpn3000 address-pool VPNpool
vpngroup vpn3000 password *****
telnet timeout 5
terminal width 80`

// scramble makes a document: the commands shuffled, some with a comment in
// front that is made of keywords, all of it wrapped.
func scramble(r *rand.Rand) (text string, truth []string) {
	all := strings.Split(commands, "\n")
	for i := range 12 {
		acl := fmt.Sprintf("access-list %d %s %s host 10.%d.%d.1 any", 100+i%3, pick(r, "permit", "deny"),
			pick(r, "ip", "tcp", "udp"), i, r.IntN(250))
		if strings.Contains(acl, "tcp") {
			acl += pick(r, "", " eq www", " eq smtp", " range 1024 2048")
		}
		all = append(all, acl)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	truth = all[:39]
	vocabulary := strings.Fields(commands + ` the of to uses this that for traffic which is are and with
		not allowed server client inside-to-pool pre-shared (IPsec) e.g. both either`)
	var words []string
	for _, c := range truth {
		if r.IntN(3) == 0 {
			words = append(words, "!---")
			for range 3 + r.IntN(12) {
				w := pick(r, vocabulary...)
				if r.IntN(8) == 0 {
					words = append(words, "!---")
				}
				words = append(words, w)
			}
			words[len(words)-1] += "."
		}
		words = append(words, strings.Fields(c)...)
	}
	return ": Saved\n:\nPIX Version 6.3(3)\n" + wrap(words, 55) + "\n: end\n", truth
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// wrap breaks lines between words and, as text processors do, behind hyphens.
func wrap(words []string, width int) string {
	var b strings.Builder
	col := 0
	for _, w := range words {
		if col > 0 && col+1+len(w) > width {
			cut := strings.LastIndexByte(w[:max(0, min(len(w), width-col-1))], '-')
			if cut > 0 && cut < len(w)-1 && w[0] != '!' {
				b.WriteString(" " + w[:cut+1])
				w = w[cut+1:]
			}
			b.WriteByte('\n')
			col = 0
		}
		if col > 0 {
			b.WriteByte(' ')
			col++
		}
		b.WriteString(w)
		col += len(w)
	}
	return b.String()
}

func TestScrambled(t *testing.T) {
	documents := 300
	if testing.Short() {
		documents = 50
	}
	total, found, spurious, exact, broken := 0, 0, 0, 0, 0
	for seed := range uint64(documents) {
		text, truth := scramble(rand.New(rand.NewPCG(seed, 7)))
		r := Repair("scrambled", []byte(text))
		missing := map[string]int{}
		for _, c := range truth {
			missing[c]++
		}
		hit, wrong := 0, 0
		for _, f := range r.Commands {
			if missing[f.Text]--; missing[f.Text] >= 0 {
				hit++
			} else if wrong++; wrong < 3 {
				t.Logf("document %d, %v: spurious %q", seed, f.Pos, f.Text)
			}
		}
		for _, c := range r.Repairs {
			if c.Kind == JoinHyphen {
				broken++
			}
		}
		for c, n := range missing {
			if n > 0 {
				t.Logf("document %d: missed %q", seed, c)
			}
		}
		total, found, spurious = total+len(truth), found+hit, spurious+wrong
		if hit == len(truth) && wrong == 0 {
			exact++
		}
	}
	t.Logf("%d documents, %d exact; %d of %d commands (%.2f%%), %d spurious; %d broken words mended",
		documents, exact, found, total, 100*float64(found)/float64(total), spurious, broken)
	if found*100 < total*99 {
		t.Errorf("%d of %d commands were found", found, total)
	}
	if spurious > 0 {
		t.Errorf("%d commands that nobody wrote", spurious)
	}
	if broken == 0 {
		t.Error("the documents have no broken words")
	}
}

// TestLinear gives it much text of the kinds that could cost more than their
// length, and compares with half of it.
func TestLinear(t *testing.T) {
	for name, unit := range map[string]string{
		"prose":     "la frase no es un comando de la red y su comando show interface ",
		"leading":   "access-list crypto no ip access-list timeout names failover no no ",
		"timers":    "timeout xlate 3:00:00 conn 1:00:00 half-closed 0:10:00 xlate 3:00:00 ",
		"hyphens":   "pre-\nshare-\naccess-\nlist-\n",
		"commands":  "access-list 1 permit tcp any any eq www access-list 2 deny ip any any log ",
		"remarks":   "access-list 1 remark no names access-list 1 remark ",
		"hostnames": "hostname a1\nhostname a2 mtu outside 1500 ",
		"one line":  "snmp-server location no no no names ",
		"parens":    "((((,,,,)))) (",
	} {
		t.Run(name, func(t *testing.T) {
			run := func(size int) time.Duration {
				text := []byte(strings.Repeat(unit, size/len(unit)))
				start := time.Now()
				Repair(name, text)
				return time.Since(start)
			}
			run(1 << 12)
			half, whole := run(1<<15), run(1<<16)
			t.Logf("32 kB %v, 64 kB %v", half, whole)
			if whole > 5*half && whole > time.Second {
				t.Errorf("twice the text takes %.1f times as long: %v, %v", float64(whole)/float64(half), half, whole)
			}
		})
	}
}
