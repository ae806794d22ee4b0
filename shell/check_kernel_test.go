package shell

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pixfw/compiler/nft"
	"pixfw/runtime/kernel"
)

// What the kernel lacks is said of the line that needs it, to people with its caret and to programs with its place.
func TestCheckKernel(t *testing.T) {
	text := "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nip address outside 192.0.2.1 255.255.255.0\n" +
		"ip address inside 10.0.0.1 255.255.255.0\nfixup protocol h323 h225 1720\n"
	lacks := map[nft.Feature]bool{nft.HelperFeature("Q.931"): true, nft.NativeQueue: true}
	r := CheckKernel("pix.cfg", []byte(text), nil, kernel.Features{Lacks: lacks})
	var people bytes.Buffer
	if err := r.Print(&people, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"pix.cfg:5:1: warning[W517]: this kernel has no helper Q.931 (NF_CONNTRACK_H323): further connections of fixup protocol h323 h225 are not opened",
		"     5 | fixup protocol h323 h225 1720\n",
		"pix.cfg: this kernel has no queue (NFT_QUEUE, NETFILTER_NETLINK_QUEUE): the queue as a target of xtables serves\n",
	} {
		if !strings.Contains(people.String(), want) {
			t.Errorf("no %q in\n%s", want, &people)
		}
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"code":"W517"`, `"line":5`, `{"feature":"helper Q.931","config":"CONFIG_NF_CONNTRACK_H323",`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	for _, d := range CheckKernel("pix.cfg", []byte(text), nil, kernel.Features{}).Diagnostics {
		if d.Code == "W517" {
			t.Errorf("a kernel that has all: %v", d)
		}
	}
	if r := Check("pix.cfg", []byte(text), nil); len(r.Kernel) != 0 {
		t.Errorf("no kernel was asked: %v", r.Kernel)
	}
}
