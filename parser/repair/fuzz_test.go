package repair

import (
	"math/rand/v2"
	"testing"

	"pixfw/internal/alloc"
	"pixfw/parser"
)

// FuzzRepair holds what must be so for any bytes: no panic, the repaired
// configuration is plain, and the real parser takes each command.
func FuzzRepair(f *testing.F) {
	for _, s := range []string{
		"", "names", "!--- a comment. hostname pix !--- another", "\xff\x00\n: Saved\n:\nPIX Version 6.3(3)\n",
		"isakmp policy 10 authentication pre-\nshare isakmp policy 10 hash md5\n: end",
		"pix(config)# static (inside,\noutside) 192.0.2.1\n10.1.1.1 netmask 255.255.255.255 0 0\n<--- More --->\nnames",
		"name 192.0.2.1 web names access-list 1 permit ip any host web access-list\n1 remark no names\n",
		"hostname a hostname b", "snmp-server location x no names", "Cryptochecksum: ba54c063d94989cbd79076955dbfeefc : end",
		"```\naaa-server TACACS+ protocol tacacs+\n!--- OR aaa-server TACACS+ protocol radius\n```",
	} {
		f.Add([]byte(s))
	}
	for n := range uint64(4) {
		r := rand.New(rand.NewPCG(n, 1))
		text, _ := scramble(r, newLayout(r))
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return
		}
		var r *Result
		if n := alloc.Bytes(func() { r = Repair("fuzz", text) }); n > 16<<20+uint64(len(text))<<14 {
			t.Fatalf("%d octets of text take %d of memory", len(text), n)
		}
		if r.Clean {
			if r.Config != string(text) {
				t.Fatalf("clean, but %q became %q", text, r.Config)
			}
			return
		}
		for _, c := range []string{r.Config, r.Plain()} {
			if again := Repair("again", []byte(c)); !again.Clean {
				t.Fatalf("%q became %q, which is not clean: %v", text, c, again.Diags[0])
			}
		}
		for _, c := range r.Commands {
			if c.Stmt.Cmd == nil || !c.Pos.IsValid() || !c.Pos.Before(c.End) {
				t.Fatalf("bad command %+v", c)
			}
			line := parser.Parse("line", []byte(c.Text)).Lines
			if len(line) != 1 || line[0].Kind == parser.Bad && len(readNames(r)) == 0 {
				t.Fatalf("%q is no command", c.Text)
			}
		}
		for _, d := range r.Diags {
			if len(d.Source) > maxSource || d.Message == "" {
				t.Fatalf("bad diagnostic %+v", d)
			}
		}
	})
}

func readNames(r *Result) map[string]bool {
	names := map[string]bool{}
	for _, c := range r.Commands {
		if c.Stmt.Cmd.Family() == "name" {
			names[c.Text] = true
		}
	}
	return names
}
