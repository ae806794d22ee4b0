package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files of the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pixfw": main})
}

// TestScripts runs testdata/script: the program as a user meets it, with its exit statuses. $EXAMPLES is the examples
// folder.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	var scripts atomic.Int32
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			// A network namespace that the script may make, its own: scripts run side by side.
			ns := fmt.Sprintf("pixs%d-%d", os.Getpid(), scripts.Add(1))
			env.Setenv("NETNS", ns)
			env.Defer(func() { _ = exec.Command("ip", "netns", "del", ns).Run() }) // most scripts have made none
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "nft":
				_, err := exec.LookPath("nft")
				return err == nil && os.Getuid() == 0, nil
			case "tun":
				_, err := os.Stat("/dev/net/tun")
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": status,
		},
	})
}

// status runs a program and wants an exit status: status 2 pixfw check nosuch.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program args...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit status %d, want %s", got, want)
	}
}
