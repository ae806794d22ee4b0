package ike

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestScan lets ike-scan, which knows boxes by when they repeat their answer, say what this one is.
func TestScan(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for five repetitions, half a minute")
	}
	p, _ := peerLab(t, "vpnc.sh", pixClients, "ike-scan")
	scan := func(args ...string) string {
		t.Helper()
		out, err := p.during(t, func() (string, error) {
			args := append([]string{"netns", "exec", fmt.Sprintf("pixike%d-out", os.Getpid()), "ike-scan", "--sport=0"}, args...)
			out, err := exec.Command("ip", append(args, "192.168.1.1")...).CombinedOutput()
			return string(out), err
		})
		if err != nil {
			t.Fatalf("%v %s", err, out)
		}
		return out
	}
	if out := scan("--trans=1,1,1,2", "--showbackoff=10"); !strings.Contains(out, "Main Mode Handshake returned") ||
		!strings.Contains(out, "Cisco PIX") || !strings.Contains(out, "6.3") {
		t.Errorf("%s", out)
	}
	// The group exists, and one that does not is answered alike: nothing to be learned but by who knows the password.
	aggressive := func(group string) string {
		return scan("--aggressive", "--idtype=11", "--id="+group, "--trans=1,1,65001,2", "--vendor=12f5f28c457168a9702d9fe274cc0100")
	}
	known, unknown := aggressive("vpn3000"), aggressive("nobody")
	if !strings.Contains(known, "Aggressive Mode Handshake returned") || shape(known) != shape(unknown) {
		t.Errorf("%s\n%s", known, unknown)
	}
}

// shape is what ike-scan says without values: the words of its report.
func shape(out string) string {
	_, line, _ := strings.Cut(out, "192.168.1.1\t")
	line, _, _ = strings.Cut(line, "\n")
	line, _, _ = strings.Cut(line, "HDR=(") // begins with cookies
	_, rest, _ := strings.Cut(out, ") SA=")
	rest, _, _ = strings.Cut(rest, "\n")
	return line + "SA=" + rest
}
