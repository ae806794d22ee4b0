package pixfw

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may says which rooms of the house a room may import (ARCHITECTURE.md). A room is a package path below the module; the
// longest entry that fits counts, and what stands there covers the packages below it, too. Test files are free.
var may = map[string][]string{
	"ast":                        {},
	"internal/alloc":             {},
	"internal/pki":               {},
	"internal/sites":             {"compiler", "parser"},
	"parser":                     {"ast", "parser/syntax"},
	"parser/syntax":              {},
	"parser/repair":              {"ast", "parser", "parser/syntax"},
	"compiler":                   {"ast"},
	"compiler/nft":               {"ast", "compiler"},
	"compiler/diff":              {"ast", "compiler"},
	"compiler/linux":             {"ast", "compiler", "compiler/nft"},
	"runtime":                    {"ast", "compiler"},
	"runtime/syslog":             {"ast", "compiler", "runtime"},
	"runtime/acelog":             {"ast", "compiler", "runtime", "runtime/syslog"},
	"runtime/dns":                {"ast", "compiler"},
	"runtime/audit":              {"ast", "compiler", "runtime", "runtime/syslog"},
	"runtime/inspect":            {"ast", "compiler", "runtime", "runtime/syslog"},
	"runtime/emulator":           {"ast", "compiler", "runtime", "runtime/syslog", "runtime/acelog", "runtime/dns", "runtime/audit", "runtime/inspect"},
	"runtime/kernel":             {"ast", "compiler", "compiler/nft", "runtime", "runtime/syslog", "runtime/acelog", "runtime/dns", "runtime/audit", "runtime/inspect", "runtime/kernel"},
	"runtime/kernel/lab":         {"ast", "compiler", "compiler/nft", "runtime", "runtime/kernel", "runtime/esp", "runtime/vpn"},
	"runtime/kernel/lab/gateway": {},
	"runtime/ike":                {"ast", "compiler", "runtime", "runtime/syslog"},
	"runtime/esp":                {"ast", "runtime", "runtime/esp"},
	"runtime/esp/des":            {},
	"runtime/aaa":                {"ast", "compiler", "runtime", "runtime/aaa"},
	"runtime/health":             {"runtime"},
	"runtime/uauth":              {"ast", "compiler", "runtime", "runtime/aaa", "runtime/syslog"},
	"runtime/vpn":                {"ast", "compiler", "compiler/nft", "runtime", "runtime/ike", "runtime/esp", "runtime/aaa", "runtime/syslog", "runtime/kernel"},
	"shell":                      {"ast", "parser", "compiler", "runtime", "shell"},
	"cmd/pixfw":                  {"ast", "parser", "compiler", "runtime", "shell"},
}

// allowed reports whether a room may import a package of the house.
func allowed(room, imported string) bool {
	if imported == room {
		return true
	}
	for _, ok := range may[room] {
		if imported == ok || (room == "shell" || room == "cmd/pixfw" || ok == room) && strings.HasPrefix(imported, ok+"/") {
			return true
		}
	}
	return false
}

// outside are packages of others that only some rooms may use: the rest of the house must not come to depend on them.
var outside = map[string][]string{
	"github.com/alecthomas/participle/v2":   {"parser", "parser/syntax"},
	"github.com/google/nftables":            {"compiler/nft", "runtime/kernel", "runtime/kernel/lab"},
	"github.com/mdlayher/netlink":           {"compiler/nft", "runtime/kernel"},
	"github.com/vishvananda/netlink":        {"runtime/kernel", "runtime/kernel/lab"},
	"github.com/chzyer/readline":            {"shell"},
	"layeh.com/radius":                      {"runtime/aaa"},
	"github.com/facebookincubator/tacquito": {"runtime/aaa"},
	"golang.zx2c4.com/wireguard":            {"runtime/esp"},
	"github.com/alecthomas/kong":            {"cmd/pixfw"},
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || path == "tools") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if pkg == "." {
			return nil
		}
		room := pkg
		for may[room] == nil && room != "." {
			room = filepath.ToSlash(filepath.Dir(room))
		}
		if room == "." {
			t.Errorf("%s: package %s is in no room of the architecture", path, pkg)
			return nil
		}
		seen[room] = true
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range f.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(name, "pixfw/"); ok {
				if !allowed(room, own) {
					t.Errorf("%s imports %s: %s may import %v only", path, name, room, may[room])
				}
				continue
			}
			if room == "ast" && strings.Contains(name, ".") {
				t.Errorf("%s imports %s: ast uses the standard library only", path, name)
			}
			for lib, rooms := range outside {
				if (name == lib || strings.HasPrefix(name, lib+"/")) && !slices.Contains(rooms, room) {
					t.Errorf("%s imports %s: only %v may", path, name, rooms)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 3 {
		t.Fatalf("saw only %v: is the test run in the module's root?", seen)
	}
}

// TestNoCatchAllPackages keeps the drawers out of the house into which everything would be thrown.
func TestNoCatchAllPackages(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, d.Name()) {
			t.Errorf("package %s: name it after what it does", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
