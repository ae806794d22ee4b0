package compiler

import (
	"strings"

	"pixfw/ast"
)

// DNTest is one test of the subject of a peer's certificate: `ca verifycertdn`. All of a list have to hold.
type DNTest struct {
	Attr     string // CN, OU, O, ...: in capitals; empty: a test that nothing passes, because it could not be read
	Not      bool   // no value of the attribute may fit
	Contains bool   // the value need only contain Value
	Value    string // compared without regard to case
}

// Holds reports whether a subject passes, given its values of the attribute.
func (d *DNTest) Holds(values []string) bool {
	if d.Attr == "" {
		return false
	}
	for _, v := range values {
		if strings.EqualFold(v, d.Value) || d.Contains && strings.Contains(strings.ToLower(v), strings.ToLower(d.Value)) {
			return !d.Not
		}
	}
	return d.Not
}

// dnAttrs are the attributes of a distinguished name that can be tested.
const dnAttrs = " CN OU O C L ST SP S SN GN T N I GENQ DNQ DC E EA UID STREET SERIALNUMBER "

// dnTests reads the text of `ca verifycertdn`: ATTRIBUTE, an operator and a value, several of them with commas between. Operators are
// = (is), * (contains), ! or != (is not) and !* (does not contain). The reference has the command only
// (commands-vpn-aaa-show.md 1.4); the operators are those that Cisco's VPN Client has for the same check (unconfirmed).
// false: something in it cannot be read.
func dnTests(text string) (out []DNTest, ok bool) {
	for _, part := range strings.Split(text, ",") {
		at := strings.IndexAny(part, "=*!")
		if at < 0 {
			return nil, false
		}
		d := DNTest{Attr: strings.ToUpper(strings.TrimSpace(part[:at]))}
		rest := part[at:]
		switch {
		case strings.HasPrefix(rest, "!*"):
			d.Not, d.Contains, rest = true, true, rest[2:]
		case strings.HasPrefix(rest, "!="):
			d.Not, rest = true, rest[2:]
		case rest[0] == '!':
			d.Not, rest = true, rest[1:]
		case rest[0] == '*':
			d.Contains, rest = true, rest[1:]
		default:
			rest = rest[1:]
		}
		d.Value = strings.Trim(strings.TrimSpace(rest), `"`)
		if d.Value == "" || d.Attr == "" || !strings.Contains(dnAttrs, " "+d.Attr+" ") {
			return nil, false
		}
		out = append(out, d)
	}
	return out, true
}

// certificateNames takes `ca verifycertdn`. One that cannot be read is passed by nobody.
func (c *compiler) certificateNames() {
	cmd, ok := ast.First[*ast.CAVerifyDN](c.cfg, nil)
	if !ok {
		return
	}
	v := &c.plan.VPN
	v.VerifyLine = From(cmd)
	if v.VerifyDN, ok = dnTests(cmd.Name); !ok {
		v.VerifyDN = []DNTest{{}}
		c.report("W448", ast.Lint, ast.Warning, cmd, cmd.Name, "this test of names in certificates cannot be read: no peer with a certificate passes it").Hint =
			"write ATTRIBUTE=VALUE, or * for contains and ! for is not, with commas between, as in CN*example, O=Example"
	}
}

// anyCertificate finds peers that any certificate of the authority is good for.
func (l *linter) anyCertificate() {
	v := &l.plan.VPN
	if !v.VerifyLine.IsDefault() {
		return
	}
	for i := range v.Policies {
		p := &v.Policies[i]
		if p.Authentication != "rsa-sig" {
			continue
		}
		for _, c := range l.lines.policies {
			if c.Priority == p.Priority && c.Attribute == "authentication" && c.Position().IsValid() {
				l.find("W447", ast.Warning, c, "rsa-sig", "any certificate of the authority is good for any peer: whoever has one can pose as another by name").Hint =
					"test the subject with ca verifycertdn, as in ca verifycertdn OU=Gateways"
				return
			}
		}
	}
}
