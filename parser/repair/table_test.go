package repair

import (
	"fmt"
	"strings"
	"testing"
)

// TestTexts has one thing that can happen to a text each.
func TestTexts(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       string // the configuration, marks and all
		kinds      string // of the changes
	}{
		{"wrapped", "access-list 1 permit tcp any\nhost 192.0.2.1 eq www\n",
			"access-list 1 permit tcp any host 192.0.2.1 eq www\n", "join-lines"},
		{"run together", "pager lines 24 mtu outside 1500 no failover",
			"pager lines 24\nmtu outside 1500\nno failover\n", "split split"},
		{"broken word", "isakmp policy 10 authentication pre-\nshare\n",
			"isakmp policy 10 authentication pre-share\n", "join-hyphen"},
		{"broken first word", "access-\nlist 1 permit ip any any\n",
			"access-list 1 permit ip any any\n", "join-hyphen"},
		{"broken range", "ip local pool p 10.1.1.1-\n10.1.1.9 mtu outside 1500",
			"ip local pool p 10.1.1.1-10.1.1.9\nmtu outside 1500\n", "join-hyphen split"},
		{"broken pair", "nat (\ninside ) 1 10.0.0.0 255.0.0.0 0 0 static (inside,\noutside) 192.0.2.1 10.0.0.1 netmask 255.255.255.255 0 0",
			"nat (inside) 1 10.0.0.0 255.0.0.0 0 0\nstatic (inside,outside) 192.0.2.1 10.0.0.1 netmask 255.255.255.255 0 0\n",
			"join-lines split join-lines"},
		{"comment", "!--- Say who it\nis. hostname pix !--- Not more.\nmtu outside 1500 mtu inside 1500 mtu dmz 1500",
			"hostname pix\nmtu outside 1500\nmtu inside 1500\nmtu dmz 1500\n", "split drop-comment split split"},
		{"commented out", "hostname pix\n!--- access-list 1 permit ip any any\nmtu outside\n1500\n",
			"hostname pix\nmtu outside 1500\n", "drop-comment join-lines"},
		{"prompts", "pix# conf t\npix(config)# hostname pix\npix(config)# mtu outside 1500\npix(config)# exit\n",
			"hostname pix\nmtu outside 1500\n", "drop-noise"},
		{"pager", "Building configuration...\n: Saved\nhostname pix\n<--- More --->\rmtu outside 1500\n: end\n[OK]\n",
			": Saved\nhostname pix\nmtu outside 1500\n: end\n", "drop-noise"},
		{"list and table", "- hostname pix |\n* mtu outside 1500 | |\n> names\n",
			"hostname pix\nmtu outside 1500\nnames\n", ""},
		{"typeset", "access\u2010list 1 permit ip any any\n", "access-list 1 permit ip any any\n", "mend-word"},
		{"frame in one line", ": Saved : PIX Version 6.3(4) hostname pix Cryptochecksum:\nba54c063d94989cbd79076955dbfeefc : end",
			": Saved\n:\nPIX Version 6.3(4)\nhostname pix\nCryptochecksum:ba54c063d94989cbd79076955dbfeefc\n: end\n", "split"},
		{"names", "names name 192.0.2.80 web access-list 1 permit tcp any host web eq www",
			"names\nname 192.0.2.80 web\naccess-list 1 permit tcp any host web eq www\n", "split split"},
		{"case", "Access-List 1 permit TCP any any\nmtu outside\n1500\n",
			"access-list 1 permit tcp any any\nmtu outside 1500\n", "join-lines"},
		{"unknown", "hostname pix\nfrobnicate it\nmtu outside 1500\n",
			"hostname pix\n: not understood: frobnicate it\nmtu outside 1500\n", "drop-words"},
		{"command with words behind it", "hostname pix\naccess-list 1 permit udp host 192.0.2.1 host 192.0.2.2 255.255.255.0 eq 514\nnames\n",
			"hostname pix\n: not understood: access-list 1 permit udp host 192.0.2.1 host 192.0.2.2 255.255.255.0 eq 514\nnames\n", "drop-words"},
		{"one line run together", "hostname pix\nmtu outside 1500 mtu inside 1500\nnames\nno failover\nip address outside 192.0.2.1 255.255.255.0\n" +
			"pager lines 24\narp timeout 14400\nmtu dmz 1500\nfloodguard enable\nterminal width 80\n",
			"hostname pix\nmtu outside 1500\nmtu inside 1500\nnames\nno failover\nip address outside 192.0.2.1 255.255.255.0\n" +
				"pager lines 24\narp timeout 14400\nmtu dmz 1500\nfloodguard enable\nterminal width 80\n", "split"},
		{"timers of one group", "timeout conn 1:00:00 timeout udp\n0:02:00\ntimeout conn 2:00:00",
			"timeout conn 1:00:00\n: conflict: the text also has, on its line 3: timeout conn 2:00:00\ntimeout udp 0:02:00\n",
			"split join-lines"},
		{"removed before", "ssh timeout 5 no ssh timeout\nssh timeout 9", "ssh timeout 5\nno ssh timeout\nssh timeout 9\n", "split"},
		{"text to the end of the line", "snmp-server location no 5 in the cellar\nmtu outside\n1500\n",
			"snmp-server location no 5 in the cellar\nmtu outside 1500\n", "join-lines"},
		{"prose", "The names of the hosts are in the access-list.\nno failover there is.\n", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Repair("text", []byte(tc.text))
			if r.Config != tc.want {
				t.Errorf("config:\n%swant:\n%s", r.Config, tc.want)
			}
			var kinds []string
			for _, c := range r.Repairs {
				kinds = append(kinds, string(c.Kind))
			}
			if got := strings.Join(kinds, " "); got != tc.kinds {
				t.Errorf("changes %q, want %q", got, tc.kinds)
			}
			if again := Repair("again", []byte(r.Config)); !again.Clean {
				t.Errorf("not clean: %v", again.Diags)
			}
		})
	}
}

// TestPlaces holds places against counting from the start.
func TestPlaces(t *testing.T) {
	text := strings.Repeat("añb\n", 700) + strings.Repeat("é", 3000) + "\nx"
	p := newPlaces(text)
	line, col := int32(1), int32(1)
	for i, r := range text {
		if got := p.pos(i); got.Line != line || got.Col != col {
			t.Fatalf("pos(%d) = %v, want %d:%d", i, got, line, col)
		}
		source, first := p.source(i)
		if len(source) > maxSource || col < first || int(col-first) > len([]rune(source)) {
			t.Fatalf("source(%d) = %q from %d, column %d", i, source, first, col)
		}
		if col++; r == '\n' {
			line, col = line+1, 1
		}
	}
}

func ExampleRepair() {
	r := Repair("page.txt", []byte(`!--- Who it is. hostname pix isakmp policy 10 authentication pre-
share !--- OR isakmp policy 10 authentication rsa-sig`))
	fmt.Print(r.Config)
	for _, d := range r.Diags {
		fmt.Println(d.Error())
	}
	// Output:
	// hostname pix
	// isakmp policy 10 authentication pre-share
	// : conflict: the text also has, on its line 2: isakmp policy 10 authentication rsa-sig
	// page.txt:1:1: note[E133]: text before the configuration was left out: "!--- Who it is."
	// page.txt:1:17: note[E132]: "hostname pix" began in the middle of a line
	// page.txt:1:30: note[E132]: "isakmp policy 10 authentication pre-share" began in the middle of a line
	// page.txt:1:62: note[E131]: "pre-" and "share" on the next line are one word
	// page.txt:2:7: note[E133]: the comment "!--- OR" was left out
	// page.txt:2:15: error[E136]: "isakmp policy 10 authentication rsa-sig" contradicts "isakmp policy 10 authentication pre-share" of line 1; the text says "or"
	// page.txt:2:15: warning[E135]: "isakmp policy 10 authentication rsa-sig" was found in the middle of a comment
	// page.txt:2:15: note[E132]: "isakmp policy 10 authentication rsa-sig" began in the middle of a line
}
