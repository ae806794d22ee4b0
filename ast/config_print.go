package ast

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Printer is a printer with the configuration's own names, if they are switched on.
func (c *Config) Printer() *Printer {
	p := &Printer{}
	if on, ok := First[*Names](c, nil); ok && !bool(on.On) {
		return p
	}
	for _, n := range All[*Name](c) {
		if p.Names == nil {
			p.Names = map[IP]string{}
		}
		if !ReservedName(n.Name) {
			p.Names[n.IP] = n.Name
		}
	}
	return p
}

// ShowPrinter is Printer as the console shows the configuration: with the keys masked that a PIX does not show. What is saved has them in full
// (commands-firewall.md section 4.4).
func (c *Config) ShowPrinter() *Printer {
	p := c.Printer()
	p.MaskKeys = true
	return p
}

// Lines is the configuration without its frame, one canonical line a command.
func (c *Config) Lines(p *Printer) []string {
	var out []string
	for cmd := range c.Commands() {
		out = append(out, Indent(cmd)+p.Text(cmd))
	}
	return out
}

// Checksum is the one the file came with while nothing has been changed, else MD5 over the lines after the version
// (commands-vpn-aaa-show.md section 1.14).
func (c *Config) Checksum() string {
	if c.checksum != "" {
		return c.checksum
	}
	sum := md5.Sum([]byte(strings.Join(append(c.Lines(c.Printer()), ""), "\n")))
	return hex.EncodeToString(sum[:])
}

// String is the whole configuration with its frame, as `write memory` saves it: keys are not masked.
func (c *Config) String() string { return c.Print(c.Printer()) }

// Print is String by another printer.
func (c *Config) Print(p *Printer) string {
	release := c.Release
	if release == "" {
		release = DefaultRelease
	}
	var b strings.Builder
	b.WriteString(": Saved\n:\nPIX Version " + release + "\n")
	for _, l := range c.Lines(p) {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	b.WriteString("Cryptochecksum:" + c.Checksum() + "\n: end\n")
	return b.String()
}

// MarshalJSON writes the release and one object a command: its family, place, text and fields. Secrets are masked.
func (c *Config) MarshalJSON() ([]byte, error) { return c.tree(nil) }

// A Tree is a configuration together with what was said when it was read, for machines: the JSON of the configuration, with
// the findings as a list `diagnostics`.
type Tree struct {
	Config      *Config
	Diagnostics Diagnostics
}

// MarshalJSON writes both.
func (t *Tree) MarshalJSON() ([]byte, error) {
	return t.Config.tree(append(Diagnostics{}, t.Diagnostics...))
}

// tree is the JSON of the configuration; found may be nil, and is left out then.
func (c *Config) tree(found Diagnostics) ([]byte, error) {
	type entry struct {
		Command string  `json:"command"`
		Line    int32   `json:"line,omitempty"`
		Column  int32   `json:"column,omitempty"`
		Text    string  `json:"text"`
		Fields  Command `json:"fields"`
	}
	p := c.Printer()
	p.HideSecrets = true
	out := struct {
		File        string       `json:"file"`
		Release     string       `json:"release"`
		Checksum    string       `json:"checksum"`
		Commands    []entry      `json:"commands"`
		Diagnostics *Diagnostics `json:"diagnostics,omitempty"`
	}{File: c.File, Release: c.Release, Checksum: c.Checksum(), Commands: []entry{}}
	if found != nil {
		out.Diagnostics = &found
	}
	for cmd := range c.Commands() {
		at := cmd.Position()
		out.Commands = append(out.Commands, entry{cmd.Family(), at.Line, at.Col, p.Text(cmd), cmd})
	}
	return json.Marshal(out)
}

// SettingKey identifies what a command sets, so that commands with equal keys replace each other; empty for the entries of a
// list.
func SettingKey(c Command) string {
	r := c.rule()
	if r.key == "" {
		return ""
	}
	return string(rune(r.section)) + r.key
}
