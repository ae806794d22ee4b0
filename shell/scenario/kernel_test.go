package scenario_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pixfw/runtime/kernel/lab"
	"pixfw/shell"
	"pixfw/shell/scenario"
)

// Every row of the decision tables by real packets through the kernel, but for those that the table of differences names; and those
// do differ, or need what this engine cannot do.
func TestKernelTables(t *testing.T) {
	boxes := &shell.KernelBoxes{}
	defer func() {
		if err := boxes.Close(); err != nil {
			t.Error(err)
		}
	}()
	newKernelBox := func(config []byte) (scenario.Box, error) { return boxes.New("pix.cfg", config, nil) }
	files, err := filepath.Glob("testdata/0*.txtar")
	if err != nil || len(files) != 8 {
		t.Fatalf("eight archives expected, got %v, %v", files, err)
	}
	passed, known := 0, 0
	for _, d := range shell.KernelDifferences {
		known += len(d.Cases)
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
		for _, r := range a.Run(scenario.Options{NewBox: newKernelBox, PortClasses: true, MaxWait: shell.KernelMaxWait}) {
			if r.Got == lab.ErrNotRoot.Error() {
				t.Skip(errors.New(r.Got))
			}
			why := shell.KernelExcuse(file, r.Case)
			switch {
			case r.Status == scenario.OK && why == "":
				passed++
			case r.Status == scenario.OK:
				t.Errorf("%s passes on the kernel engine: take it out of the table of differences, and run make docs", r.Case)
			case why == "":
				var b bytes.Buffer
				r.Write(&b)
				t.Error(b.String())
			default:
				known--
			}
		}
	}
	if known != 0 {
		t.Errorf("%d differences are of no case", known)
	}
	t.Logf("%d cases pass", passed)
}
