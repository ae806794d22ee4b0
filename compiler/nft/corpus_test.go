package nft_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
)

// Real configurations, whatever is in them, make a ruleset that nft accepts.
func TestCorpusLoads(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/*.cfg")
	more, _ := filepath.Glob("../../examples/*/*.cfg")
	if len(files) == 0 {
		t.Log("no corpus of configurations beside the repository: only the examples are tried")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread dies with its namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Errorf("namespace: %v", err)
			return
		}
		for _, file := range append(files, more...) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
				continue
			}
			cfg, _, _ := parser.Load(filepath.Base(file), text)
			plan, _ := compiler.Compile(cfg)
			if plan == nil {
				continue // its errors are for others to judge
			}
			names := map[int]string{}
			for i := range plan.Interfaces {
				names[i] = fmt.Sprint("eth", i)
			}
			rs, _ := nft.Lower(plan, names)
			if _, err := rs.Batch(); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			cmd := exec.Command("nft", "-c", "-f", "-")
			cmd.Stdin = strings.NewReader(rs.Text())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%.2000s", file, err, out)
			}
		}
	}()
	<-done
}
