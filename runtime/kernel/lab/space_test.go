package lab

import (
	"os"
	"os/exec"
	"testing"
)

// inPrivate is set in the process that TestNames starts in a mount namespace of its own.
const inPrivate = "PIXFW_TEST_PRIVATE_MOUNTS"

// TestNames makes the first namespace of a machine, lets `ip netns` make the second, and removes both.
func TestNames(t *testing.T) {
	if os.Getenv(inPrivate) == "" {
		if os.Getuid() != 0 {
			t.Skip("needs root")
		}
		for _, tool := range []string{"unshare", "ip", "mount"} {
			if _, err := exec.LookPath(tool); err != nil {
				t.Skip(err)
			}
		}
		c := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", `mount -t tmpfs none /run && exec "$0" "$@"`,
			os.Args[0], "-test.run", "^TestNames$", "-test.v")
		c.Env = append(os.Environ(), inPrivate+"=1")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	s, err := newSpace("first")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"add", "del"} {
		if out, err := exec.Command("ip", "netns", verb, "second").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	names, err := os.ReadDir(namesDir)
	if err != nil || len(names) != 0 {
		t.Errorf("left: %v, %v", names, err)
	}
}
