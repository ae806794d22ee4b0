package equivalence

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"pixfw/runtime/kernel/lab"
)

var (
	pairs = flag.Int("pairs", 20000, "how many (configuration, packet) pairs are to agree")
	seed  = flag.Uint64("seed", 1, "where the random configurations begin")
	show  = flag.String("show", "", "a kind of difference that is known, to be looked for instead of set aside")
	most  = flag.Int("most", 1, "how many differences are looked for")
)

// The engines agree about random configurations and packets at their boundaries. `make equivalence N=1000000 SEED=1` runs for longer.
func TestEquivalence(t *testing.T) {
	rig, err := lab.NewRig(Hardware)
	if errors.Is(err, lab.ErrNotRoot) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rig.Close(); err != nil {
			t.Error(err)
		}
	}()
	began, told := time.Now(), time.Now()
	r, err := Run(Options{Rig: rig, Seed: *seed, Pairs: *pairs, Most: *most, Show: *show, Progress: func(r Report) {
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "%d pairs of %d configurations agree, %.0f a second\n", r.Pairs, r.Configurations, float64(r.Pairs)/time.Since(began).Seconds())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		t.Error(d.Scenario())
	}
	t.Logf("%d pairs of %d configurations agree, %.0f a second: %v; not compared: %v; %d changes, %d packets forwarded before and after one", r.Pairs, r.Configurations,
		float64(r.Pairs)/time.Since(began).Seconds(), r.Actions, r.Uncompared, r.Changes, r.Again)
}
