package pixfw

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pixfw/runtime/syslog"
)

// silent are the messages of the catalogue that nothing sends, by what it would take for them to be sent.
var silent = map[string][]int{
	"there is no standby unit to replicate connections and configuration to": {210001, 210002, 210003, 210005, 210006, 210007, 210008, 210010, 210020,
		210021, 210022, 302009, 311001, 311002, 311003, 311004, 709001, 709002, 709003, 709004, 709005, 709006, 709007},
	"routes by RIP are not spoken":      {107001, 107002, 312001},
	"no server is asked about URLs":     {304002, 304003, 304004, 304005, 304006, 304007, 304008},
	"DHCP is neither served nor asked":  {604101, 604102, 604103, 604104},
	"there is no PDM":                   {309002, 606001, 606002},
	"no licence limits anything":        {407001},
	"CTIQBE and SNMP are not inspected": {416001, 620001, 620002},
	"it tells of a fault within the software of the box, or names a place in its source":              {109014, 109021, 112001, 202005, 208005, 305007, 305008, 701001},
	"the emulator opens no FTP and RSH connections of its own":                                        {201005, 201006},
	"connections do not wait for a syslog server by TCP":                                              {201008},
	"6.3 sends 111007 for what is read: the list gives this one the text of 111001":                   {111002},
	"users do not yet log in on the way, so that none waits for it, has a session or comes too often": {109010, 109011, 109012, 109013, 109022},
	"when 6.3 sends it is not known":                                                                  {106028, 201009, 302010},
	"errors about packets that a host has not sent are judged as others":                              {313003},
	"headers of TCP are left to the kernel, and packets of the emulator have none":                    {500003},
	"the machine of IKE and ESP has no event for it":                                                  {302302, 602102},
	"hosts are counted by their connections and translations, and not told to come and go":            {609001, 609002},
	"6.3 has it beside 201003, and when it sends which is not known":                                  {407002},
	"ARP is left to Linux, and the emulator has none":                                                 {405001, 405002},
}

// TestMessages: each message of the catalogue is sent by something, or stands in the list of those that are not, with the reason.
func TestMessages(t *testing.T) {
	sent := senders(t)
	excused := map[int]string{}
	for why, ids := range silent {
		for _, id := range ids {
			excused[id] = why
		}
	}
	for _, e := range syslog.Catalogue() {
		switch why, ok := excused[e.ID]; {
		case ok && sent[e.ID]:
			t.Errorf("%06d is sent, and stands among those that are not (%s)", e.ID, why)
		case !ok && !sent[e.ID] && e.ID/1000 != 400: // those of signatures come from one number each
			t.Errorf("nothing sends %06d: %s", e.ID, e.Format)
		}
		delete(excused, e.ID)
	}
	for id := range excused {
		t.Errorf("%06d is not in the catalogue", id)
	}
}

// senders are the ids that stand as numbers in the source of the engines and of the console. Those in the constructors of package syslog
// count where somebody calls the constructor.
func senders(t *testing.T) map[int]bool {
	t.Helper()
	var files []*ast.File
	var constructors *ast.File
	for _, root := range []string{"runtime", "shell"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (path == filepath.Join("shell", "equivalence") || d.Name() == "testdata"):
				return filepath.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == filepath.Join("runtime", "syslog", "catalogue.go"):
				return nil
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			if path == filepath.Join("runtime", "syslog", "messages.go") {
				constructors = f
			} else {
				files = append(files, f)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sent, called := map[int]bool{}, map[string]bool{}
	for _, f := range files {
		for _, id := range numbers(f) {
			sent[id] = true
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok {
				called[x.Sel.Name] = true
			}
			return true
		})
	}
	for _, d := range constructors.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && (called[f.Name.Name] || !f.Name.IsExported()) {
			for _, id := range numbers(f) {
				sent[id] = true
			}
		}
	}
	return sent
}

// numbers are the numbers of six digits in a piece of source.
func numbers(n ast.Node) (out []int) {
	ast.Inspect(n, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.INT && len(lit.Value) == 6 {
			if id, err := strconv.Atoi(lit.Value); err == nil && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
		return true
	})
	return out
}
