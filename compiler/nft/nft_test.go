package nft

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func plans() map[string]*compiler.Plan {
	return map[string]*compiler.Plan{"web": webPlan(), "wide": widePlan()}
}

func TestTextGolden(t *testing.T) {
	for name, p := range plans() {
		rs, _ := Lower(p, devices)
		file := filepath.Join("testdata", name+".nft")
		if *update {
			if err := os.WriteFile(file, []byte(rs.Text()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), rs.Text()); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

// inNamespace runs fn on a thread in a network namespace of its own, which ends with the thread.
func inNamespace(t *testing.T, fn func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			fn()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("cannot make a network namespace: %v", err)
	}
}

func nftCommand(t *testing.T, stdin string, args ...string) string {
	cmd := exec.Command("nft", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("nft %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// commit sends a batch as the kernel engine does.
func commit(t *testing.T, msgs []netlink.Message) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	c.SetOption(netlink.ExtendedAcknowledge, true)
	c.SetWriteBuffer(1 << 20)
	c.SetReadBuffer(8 << 20)
	frame := func(typ uint16) netlink.Message {
		return netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request}, Data: []byte{0, 0, 0, unix.NFNL_SUBSYS_NFTABLES}}
	}
	all := append([]netlink.Message{frame(unix.NFNL_MSG_BATCH_BEGIN)}, msgs...)
	all[len(all)-1].Header.Flags |= netlink.Acknowledge
	if _, err := c.SendMessages(append(all, frame(unix.NFNL_MSG_BATCH_END))); err != nil {
		t.Error(err)
		return
	}
	if _, err := c.Receive(); err != nil {
		t.Errorf("commit: %v", err)
	}
}

var counters = regexp.MustCompile(`packets \d+ bytes \d+`)

// The text and the messages are the same ruleset: loaded, they list alike.
func TestTextAndMessagesListAlike(t *testing.T) {
	for name, p := range plans() {
		rs, _ := Lower(p, devices)
		listAlike(t, name, rs)
	}
	for _, kind := range listKinds {
		rs, _ := Lower(longPlan(kind.make(rand.New(rand.NewPCG(3, 3)), 150)), devices)
		listAlike(t, kind.name, rs)
	}
}

func listAlike(t *testing.T, name string, rs *Ruleset) {
	t.Helper()
	msgs, err := rs.Messages()
	if err != nil {
		t.Fatal(err)
	}
	inNamespace(t, func() {
		nftCommand(t, rs.Text(), "-c", "-f", "-")
		nftCommand(t, rs.Text(), "-f", "-")
		nftCommand(t, rs.Text(), "-f", "-") // again: it replaces
		text := nftCommand(t, "", "list", "ruleset")
		nftCommand(t, "", "flush", "ruleset")
		commit(t, msgs)
		commit(t, msgs)
		wire := nftCommand(t, "", "list", "ruleset")
		if strings.Count(text, "\n") < 50 {
			t.Errorf("%s: listing is short:\n%s", name, text)
		}
		if d := cmp.Diff(counters.ReplaceAllString(text, ""), counters.ReplaceAllString(wire, "")); d != "" {
			t.Errorf("%s: text (-) and messages (+) differ:\n%s", name, d)
		}
		removal, err := Removal()
		if err != nil {
			t.Error(err)
		}
		commit(t, removal.Messages)
		if left := nftCommand(t, "", "list", "ruleset"); left != "" {
			t.Errorf("left after removal: %s", left)
		}
	})
}
