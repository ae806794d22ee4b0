package shell

import (
	"maps"
	"slices"
	"strings"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// absent is why a command of the box does nothing here, by its first words.
var absent = map[string]string{
	"activation-key":            "there is no licence to activate: nothing is limited by one",
	"ca authenticate":           "certificates come from files: pixfw run --certificates DIR",
	"ca crl request":            "revocation lists are not read",
	"ca enroll":                 "certificates come from files: pixfw run --certificates DIR",
	"capture":                   "packets are captured by the host: tcpdump on its devices, or pixfw run --record FILE for tunnels",
	"clock set":                 "the clock is that of the host, and not set from here",
	"configure factory-default": "a PIX 515E has no such command; write erase and reload start with an empty configuration",
	"configure floppy":          "there is no floppy: configure memory reads what write memory has written",
	"configure http":            "nothing is fetched from servers: configure memory reads what write memory has written",
	"configure net":             "nothing is fetched from servers: configure memory reads what write memory has written",
	"copy":                      "there is no flash memory, and no image in it: write memory writes the configuration file",
	"crashinfo":                 "there is no flash memory for it: a crash stands in the log of the host",
	"eeprom":                    "there is no EEPROM",
	"failover active":           "there is no standby unit",
	"failover reset":            "there is no standby unit",
	"flashfs":                   "there is no flash memory",
	"pdm disconnect":            "there is no PDM",
	"setup":                     "there is no dialogue: configure terminal takes the lines",
	"vpnclient connect":         "the box is no Easy VPN client",
	"vpnclient disconnect":      "the box is no Easy VPN client",
	"write floppy":              "there is no floppy: write memory writes the configuration file",
	"write net":                 "nothing is sent to servers: write memory writes the configuration file, write terminal shows it",
	"write standby":             "there is no standby unit",
}

// absentDebug is the same for what cannot be debugged.
const absentDebug = "nothing tells of it; crypto, aaa, radius and tacacs can be debugged, and packet-tracer and logging tell of packets"

// Absent lists the commands that have nothing to act on, with the reasons.
func Absent() (list [][2]string) {
	for _, what := range slices.Sorted(maps.Keys(absent)) {
		list = append(list, [2]string{what, absent[what]})
	}
	return list
}

// ExecWords is what may follow words of an exec command in privileged mode: keywords only, by name.
func ExecWords(before ...string) (out []syntax.Next) {
	for _, n := range theLanguage().exec().Next(before) {
		if n.Literal != "" {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b syntax.Next) int { return strings.Compare(a.Literal, b.Literal) })
	return out
}

func (s *Session) absent(c *ast.Absent) error {
	why := absent[c.What]
	if strings.HasPrefix(c.What, "debug ") {
		why = absentDebug
	}
	return refused("ERROR: " + c.What + ": " + why)
}
