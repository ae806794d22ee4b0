package parser

import (
	"strings"

	"pixfw/ast"
)

// isFrame knows the comment lines that the box itself writes.
func isFrame(line string) bool {
	return line == ":" || strings.EqualFold(line, ": Saved") || strings.EqualFold(line, ": end") || strings.HasPrefix(line, ": Written by ")
}

// frame takes the lines around a configuration that are neither comments nor commands.
func (p *fileParser) frame(l *Line, line string) bool {
	if sum, ok := cutFold(line, "Cryptochecksum:"); ok {
		l.Kind = Frame
		sum = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(sum), " ", ""))
		if len(sum) != 32 || strings.Trim(sum, "0123456789abcdef") != "" {
			p.add(l.No, l.Text, finding{code: codeChecksum, severity: ast.Warning, col: 1, badValue: badValue{kind: ast.Damage,
				message: "the checksum is damaged: expected 32 hexadecimal digits"}})
			return true
		}
		l.Stmt.Cmd = &ast.Checksum{Pos: ast.Pos{Line: l.No, Col: 1}, Sum: sum}
		return true
	}
	if line == "Building configuration..." || line == "[OK]" {
		l.Kind = Frame
		return true
	}
	release, ok := cutFold(line, "PIX Version ")
	if ok {
		release = strings.TrimSpace(release)
		l.Kind = Frame
		l.Stmt.Cmd = &ast.Version{Pos: ast.Pos{Line: l.No, Col: 1}, Release: release}
		if later(release, '7') {
			p.sayASA(l.No, l.Text, "PIX Version "+release)
		}
		return true
	}
	for _, other := range [...]string{"ASA Version ", "FWSM Version "} {
		if release, ok := cutFold(line, other); ok {
			l.Kind = Frame
			if other == "ASA Version " || later(strings.TrimSpace(release), '3') {
				p.sayASA(l.No, l.Text, line)
			}
			return true
		}
	}
	return false
}

func later(release string, than byte) bool {
	return release != "" && (release[0] >= than && release[0] <= '9' || len(release) > 1 && release[1] >= '0' && release[1] <= '9')
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// sayASA says once that the file is of a later release, with the line that shows it.
func (p *fileParser) sayASA(no int32, text, why string) {
	if p.asa {
		return
	}
	p.asa, p.evidence = true, no
	p.add(no, text, finding{code: codeASA, col: 1, end: 1 + chars(text), badValue: badValue{kind: ast.ASASyntax,
		message: "this is the configuration of a PIX 7.x, ASA or FWSM, not of a PIX 6.3: " + quote(strings.TrimSpace(why)),
		hint:    "later releases have another syntax; lines that are the same are read, the others are not"}})
}

// asaWords begin commands that no PIX 6.3 has.
var asaWords = map[string]bool{"tunnel-group": true, "policy-map": true, "class-map": true, "service-policy": true, "group-policy": true,
	"asdm": true, "same-security-traffic": true, "dynamic-access-policy-record": true, "security-level": true, "threat-detection": true,
	"ftp": true, "webvpn": true, "monitor-interface": true, "icmp6": true, "ipv6": true, "inspect": true}

// asaEvidence is the part of a line that only a later release writes, or "".
func asaEvidence(line, raw string) string {
	words := strings.Fields(strings.ToLower(cutAt(line, 200)))
	at := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch {
	case asaWords[at(0)]:
		return line
	case at(0) == "access-list" && (at(2) == "extended" || at(2) == "standard" || at(2) == "webtype" || at(2) == "ethertype"):
		return line
	case at(0) == "object" && (at(1) == "network" || at(1) == "service"):
		return line
	case (raw[0] == ' ' || raw[0] == '\t') && at(0) == "nameif" && len(words) == 2:
		return line
	case at(0) == "interface" && len(words) == 2 && strings.Contains(at(1), "/"):
		return line
	}
	return ""
}

// asaLine is the diagnostic of a line of such a file that is no PIX 6.3 command.
func asaLine(text string) finding {
	word, _, _ := strings.Cut(trim(text), " ")
	col := 1 + chars(text[:len(text)-len(strings.TrimLeft(text, " \t"))])
	return finding{code: codeASALine, col: col, end: col + chars(word), badValue: badValue{kind: ast.ASASyntax, message: "not PIX 6.3 syntax"}}
}
