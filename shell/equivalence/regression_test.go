package equivalence

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
	"pixfw/shell"
	"pixfw/shell/scenario"
)

// bothEngines are the ways to run cases on either engine. What they made is gone after the test.
func bothEngines(t *testing.T) map[string]scenario.Options {
	t.Helper()
	boxes := &shell.KernelBoxes{}
	t.Cleanup(func() {
		if err := boxes.Close(); err != nil {
			t.Error(err)
		}
	})
	return map[string]scenario.Options{
		"emulator": {NewBox: func(config []byte) (scenario.Box, error) { return shell.NewBox("pix.cfg", config, nil) }},
		"kernel": {NewBox: func(config []byte) (scenario.Box, error) { return boxes.New("pix.cfg", config, nil) }, PortClasses: true,
			MaxWait: shell.KernelMaxWait},
	}
}

// archive reads a file of cases.
func archive(t *testing.T, file string) *scenario.Archive {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a, err := scenario.Parse(file, data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What the engines once disagreed about, on both.
func TestOnceDifferent(t *testing.T) {
	engines := bothEngines(t)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		a := archive(t, file)
		for name, options := range engines {
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) {
				for _, r := range a.Run(options) {
					if r.Got == lab.ErrNotRoot.Error() {
						t.Skip(r.Got)
					}
					if r.Status != scenario.OK {
						var b bytes.Buffer
						r.Write(&b)
						t.Error(b.String())
					}
				}
			})
		}
	}
}

// TestTexts: what messages name is the same on both engines, packet by packet.
func TestTexts(t *testing.T) {
	engines := bothEngines(t)
	files, err := filepath.Glob("testdata/texts-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a := archive(t, file)
			want, got := said(t, a, engines["emulator"]), said(t, a, engines["kernel"])
			if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
				t.Errorf("%d messages, -emulator +kernel:\n%s", len(want), d)
			}
		})
	}
}

// TestOutOfPlace: of a segment that conntrack takes for out of place the kernel engine does not say that there is no connection, for there is one.
func TestOutOfPlace(t *testing.T) {
	var got []string
	for _, line := range said(t, archive(t, "testdata/kernel/out-of-place.txtar"), bothEngines(t)["kernel"]) {
		if strings.HasPrefix(line, "106015") {
			got = append(got, line)
		}
	}
	want := []string{"106015: Deny TCP (no connection) from 10.0.0.80/3001 to 198.51.100.7/80 flags ACK  on interface inside"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("106015, -want +got:\n%s", d)
	}
}

// said are the texts of messages about each packet of an archive.
func said(t *testing.T, a *scenario.Archive, options scenario.Options) (out []string) {
	t.Helper()
	options.Render = func(_ *compiler.Plan, _ runtime.Ingress, p runtime.Packet, v runtime.Verdict) string {
		out = append(out, p.String())
		out = append(out, texts(&v)...)
		return ""
	}
	for _, r := range a.Run(options) {
		if r.Got == lab.ErrNotRoot.Error() {
			t.Skip(r.Got)
		}
		if r.Status != scenario.OK {
			t.Errorf("%+v", r)
		}
	}
	return out
}
