package shell

import (
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// The words of the box. Most of them are best beliefs (commands-vpn-aaa-show.md section 4.18, commands-firewall.md section
// 6), so they stand in one place.
const (
	textWelcome   = "Type help or '?' for a list of available commands."
	textUnknown   = "Type help or '?' for a list of available commands."
	textNotEnough = "Not enough arguments."
	textTooLong   = "ERROR: a line has at most 512 characters"
	textTooMany   = "Too many arguments."
	textInvalid   = "Invalid password"
	textDenied    = "Access denied."
	textNoDebug   = "ERROR: there is nothing to debug on this console"
	textNoMonitor = "ERROR: messages are shown on consoles of Telnet and SSH; logging console is for this one"
	textNoPing    = "ERROR: this box is an emulation: no wire leads from it to any host. packet-tracer tells what becomes of a packet"
	textNoCRL     = "Revocation lists are not read.\n"

	textNoCertificates = "There are no certificates, and no key pair: pixfw run --certificates DIR reads them.\n"

	textNoHealth    = "ERROR: nobody measures the host of this box"
	textBlocks      = "  SIZE    MAX    LOW    CNT\nThere are no blocks: packets are in the memory of the host, see show memory.\n"
	textReload      = "Proceed with reload? [confirm] "
	textFreshTrace  = "By the configuration alone: no packet is sent, and connections, translations, users and tunnels that are up do not count.\n"
	textLogoff      = "\nLogoff"
	textUnprivilege = "Command authorization failed"
	textPassword    = "Password: "
	textUsername    = "Username: "
	textMore        = "<--- More --->"
	textBuilding    = "Building configuration..."
	textOK          = "[OK]"
	textErase       = "Erase PIX configuration in flash memory? [confirm] "
	textKeyTime     = "For <key_modulus_size> >= 1024, key generation could\n  take up to several minutes. Please wait.\n"
	textPipe        = "\nAt the end of show <command>, use the pipe character '|' followed by:\n" +
		"begin|include|exclude|grep [-v] <regular_exp>, to filter show output.\n\n"
)

// textNone is the answer to a show of what is never there.
var textNone = map[string]string{
	"dhcpd binding":     "No addresses are leased: DHCP is not served.\n",
	"dhcpd statistics":  "DHCP is not served.\n",
	"ip audit count":    "Signatures are not counted: messages tell of each (400000 to 400050).\n",
	"vpdn tunnel":       "%No active L2TP tunnels\n%No active PPTP tunnels\n",
	"vpdn session":      "%No active L2TP tunnels\n%No active PPTP tunnels\n",
	"vpdn pppinterface": "There are no PPP interfaces.\n",
}

// A refused line: what the box says to it. Nothing has changed.
type refused string

func (r refused) Error() string { return string(r) }

func refusef(format string, args ...any) error { return refused(fmt.Sprintf(format, args...)) }

// ambiguous is the answer to an abbreviation of several keywords.
func ambiguous(e *syntax.AmbiguousError) error {
	return refusef("ERROR: ambiguous command: \"%s\" may be %s", e.Word, strings.Join(e.Candidates, ", "))
}

// diagnosticText is the answer to a line that cannot be parsed; usage are its forms, "" when none are known.
func diagnosticText(d *ast.Diagnostic, usage string) error {
	text := ""
	switch d.Kind {
	case ast.MissingArgument:
		text = textNotEnough
	case ast.TrailingJunk:
		text = textTooMany
	default:
		text = "ERROR: " + d.Message
		if d.Suggestion != "" && !strings.Contains(d.Message, d.Suggestion) {
			text += fmt.Sprintf(" (did you mean \"%s\"?)", d.Suggestion)
		}
	}
	if usage != "" {
		text += "\n" + usage
	}
	return refused(text)
}

// usageText is the block under "Not enough arguments.": what may follow the words that were understood.
func usageText(words []string, next []syntax.Next) string {
	if len(next) == 0 {
		return ""
	}
	var alts []string
	more := false
	for _, n := range next {
		if n.End {
			more = true
			continue
		}
		alts = append(alts, n.Placeholder)
	}
	if len(alts) == 0 {
		return "Usage:\t" + joinWords(words)
	}
	form := strings.Join(alts, "|")
	if more {
		form = "[" + form + "]"
	}
	return "Usage:\t" + joinWords(words) + " " + form
}

// missingTexts is the answer to a line that names something that does not exist, by the code of the diagnostic.
var missingTexts = map[string]string{
	"E201": "ERROR: access-list <%s> does not exist",
	"E202": "interface name \"%s\" not found",
	"E203": "ERROR: ip local pool %s does not exist",
	"E204": "ERROR: aaa-server group %s does not exist",
	"E205": "ERROR: transform set with tag %s does not exist",
	"E206": "ERROR: crypto dynamic-map %s does not exist",
	"E207": "ERROR: crypto map %s does not exist",
	"E208": "Specified object group <%s> not found",
}

// refusalText is the answer to a line that cannot be resolved. The diagnostic quotes the name that is missing.
func refusalText(d *ast.Diagnostic) string {
	if form, ok := missingTexts[d.Code]; ok {
		if _, rest, ok := strings.Cut(d.Message, "\""); ok {
			name, _, _ := strings.Cut(rest, "\"")
			return fmt.Sprintf(form, name)
		}
	}
	return "ERROR: " + strings.TrimPrefix(d.Message, "ERROR: ")
}
