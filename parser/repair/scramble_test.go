package repair

import (
	"flag"
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

// A layout is how a document was damaged on its way.
type layout struct {
	width  int  // at which its lines are wrapped, 40 to 80
	flow   bool // the commands run on like prose; else each begins a line, but for some that are joined with the one before
	hyphen bool // words are broken at hyphens
	quoted bool // as an answer to an e-mail quotes it
}

func newLayout(r *rand.Rand) layout {
	return layout{width: 40 + r.IntN(41), flow: r.IntN(2) == 0, hyphen: r.IntN(4) > 0, quoted: r.IntN(5) == 0}
}

// scramble makes a document: commands in any order, some with a comment in front that is made of keywords, damaged as the
// layout says.
func scramble(r *rand.Rand, how layout) (text string, truth []string) {
	all := strings.Split(commands, "\n")
	for i := range 24 {
		acl := fmt.Sprintf("access-list %d %s %s host 10.%d.%d.1 any", 100+i%3, pick(r, "permit", "deny"),
			pick(r, "ip", "tcp", "udp"), i, r.IntN(250))
		if strings.Contains(acl, "tcp") {
			acl += pick(r, "", " eq www", " eq smtp", " range 1024 2048")
		}
		all = append(all, acl)
	}
	for i := range 8 {
		all = append(all, fmt.Sprintf("static (%s,outside) 198.51.%d.%d 10.1.%d.%d netmask 255.255.255.255 0 0", pick(r, "inside", "dmz"), 100+i, r.IntN(250), i, r.IntN(250)),
			fmt.Sprintf("route %s 10.%d.0.0 255.255.0.0 10.%d.0.254 1", pick(r, "inside", "dmz"), 100+i, i))
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	truth = all[:40+r.IntN(40)]
	vocabulary := strings.Fields(commands + ` the of to uses this that for traffic which is are and with
		not allowed server client inside-to-pool pre-shared (IPsec) e.g. both either`)
	var lines [][]string // of words, before they are wrapped
	for _, c := range truth {
		var words []string
		if r.IntN(3) == 0 {
			words = keywords(r, vocabulary)
			for holdsCommand(words) {
				words = keywords(r, vocabulary)
			}
		}
		if len(words) > 0 && !how.flow {
			lines = append(lines, words)
			words = nil
		}
		words = append(words, strings.Fields(c)...)
		if n := len(lines) - 1; n >= 0 && (how.flow || lines[n][0] != "!---" && r.IntN(5) == 0) {
			lines[n] = append(lines[n], words...)
		} else {
			lines = append(lines, words)
		}
	}
	b := strings.Builder{}
	for _, words := range lines {
		b.WriteString(wrap(words, how.width, how.hyphen) + "\n")
	}
	text = ": Saved\n:\nPIX Version 6.3(3)\n" + b.String() + ": end\n"
	if how.quoted {
		text = "> " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n> ") + "\n"
	}
	return text, truth
}

// keywords makes a comment of keywords.
func keywords(r *rand.Rand, vocabulary []string) []string {
	words := []string{"!---"}
	for range 3 + r.IntN(12) {
		if r.IntN(8) == 0 {
			words = append(words, "!---")
		}
		words = append(words, pick(r, vocabulary...))
	}
	words[len(words)-1] += "."
	return words
}

// holdsCommand reports whether a comment has by chance become more than keywords: a whole command that is no short one, which
// nobody could tell from one that was meant.
func holdsCommand(words []string) bool {
	lang, err := pix()
	if err != nil {
		panic(err) // the grammars are constants
	}
	for i := range words {
		for end := range lang.a.Ends(words, i) {
			if end.To-i > weakWords && lang.takes(strings.Join(words[i:end.To], " ")) {
				return true
			}
		}
	}
	return false
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// wrap breaks lines between words and, as text processors do, behind hyphens.
func wrap(words []string, width int, hyphen bool) string {
	var b strings.Builder
	col := 0
	for _, w := range words {
		if col > 0 && col+1+len(w) > width {
			cut := strings.LastIndexByte(w[:max(0, min(len(w), width-col-1))], '-')
			if hyphen && cut > 0 && cut < len(w)-1 && w[0] != '!' {
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

// scrambled is how many documents TestScrambled makes. They are the same each time.
var scrambled = flag.Int("scrambled", 500, "documents of TestScrambled")

// TestScrambled: of all documents at least 99.9 % of the commands are found, and none that is not there.
func TestScrambled(t *testing.T) {
	documents := *scrambled
	if testing.Short() {
		documents = 50
	}
	total, found, spurious, exact, broken := 0, 0, 0, 0, 0
	for seed := range uint64(documents) {
		r := rand.New(rand.NewPCG(seed, 7))
		how := newLayout(r)
		text, truth := scramble(r, how)
		res := Repair("scrambled", []byte(text))
		missing := map[string]int{}
		for _, c := range truth {
			missing[c]++
		}
		hit, wrong := 0, 0
		for _, f := range res.Commands {
			if missing[f.Text]--; missing[f.Text] >= 0 {
				hit++
			} else if wrong++; wrong < 3 {
				t.Logf("document %d %+v, %v: spurious %q", seed, how, f.Pos, f.Text)
			}
		}
		for _, c := range res.Repairs {
			if c.Kind == JoinHyphen {
				broken++
			}
		}
		for c, n := range missing {
			if n > 0 {
				t.Logf("document %d %+v: missed %q", seed, how, c)
			}
		}
		total, found, spurious = total+len(truth), found+hit, spurious+wrong
		if hit == len(truth) && wrong == 0 {
			exact++
		}
	}
	t.Logf("%d documents, %d exact; %d of %d commands (%.2f%%), %d spurious; %d broken words mended",
		documents, exact, found, total, 100*float64(found)/float64(total), spurious, broken)
	if found*1000 < total*999 {
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
