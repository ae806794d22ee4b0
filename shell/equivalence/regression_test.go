package equivalence

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pixfw/runtime/kernel/lab"
	"pixfw/shell"
	"pixfw/shell/scenario"
)

// What the engines once disagreed about, on both.
func TestOnceDifferent(t *testing.T) {
	boxes := &shell.KernelBoxes{}
	defer func() {
		if err := boxes.Close(); err != nil {
			t.Error(err)
		}
	}()
	engines := map[string]scenario.Options{
		"emulator": {NewBox: func(config []byte) (scenario.Box, error) { return shell.NewBox("pix.cfg", config, nil) }},
		"kernel": {NewBox: func(config []byte) (scenario.Box, error) { return boxes.New("pix.cfg", config, nil) }, PortClasses: true,
			MaxWait: shell.KernelMaxWait},
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := scenario.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
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
