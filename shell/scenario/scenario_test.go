package scenario_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pixfw/shell/scenario"
)

// The note's configuration, as printed and repaired, packet class by packet class.
func TestSeed(t *testing.T) {
	files, err := filepath.Glob("testdata/0*.txtar")
	if err != nil || len(files) != 2 {
		t.Fatalf("two archives expected, got %v, %v", files, err)
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
		results := a.Run(scenario.Options{NewBox: newBox})
		if len(results) < 30 {
			t.Errorf("%s: only %d cases", file, len(results))
		}
		for i := range results {
			if r := &results[i]; r.Status != scenario.OK {
				var b bytes.Buffer
				r.Write(&b)
				t.Error(b.String())
			}
		}
	}
}

// Cases of the other decision tables need commands that are not all there yet; these must not get fewer.
func TestTables(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/oracle/0[1-6]*.txtar")
	if len(files) == 0 {
		t.Skip("the decision tables are not here")
	}
	var all []scenario.Result
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := scenario.Parse(filepath.Base(file), data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a.Run(scenario.Options{NewBox: newBox})...)
	}
	var b bytes.Buffer
	scenario.Print(&b, all)
	t.Log("\n" + b.String())
	if passed, _, _ := scenario.Counts(all); passed < tablesPassed {
		t.Errorf("%d cases of the decision tables pass, there were %d", passed, tablesPassed)
	}
}

const tablesPassed = 1
