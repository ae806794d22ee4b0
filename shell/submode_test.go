package shell

import (
	"strings"
	"testing"
	"time"

	"pixfw/runtime"
)

// TestSubModes: the prompt follows the sub-mode, members go where they belong, and a command of configuration leaves it.
func TestSubModes(t *testing.T) {
	s, _, err := New(Options{Clock: runtime.NewVirtualClock(time.Unix(0, 0)), Start: Config})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Engine().Close()
	for _, step := range []struct{ typed, prompt, output string }{
		{"object-group network web", "(config-network)# ", ""},
		{"network-object host 192.0.2.80", "(config-network)# ", ""},
		{"network-object host 192.0.2.80", "(config-network)# ", "Adding obj (network-object host 192.0.2.80) to grp (web) failed; object already exists\n"},
		{"show object-group", "(config-network)# ", "object-group network web\n  network-object host 192.0.2.80\n"},
		{"exit", "(config)# ", ""},
		{"object-group service ports tcp", "(config-service)# ", ""},
		{"port-object eq www", "(config-service)# ", ""},
		{"access-list out permit tcp any object-group web object-group ports", "(config)# ", ""},
		{"no object-group network web", "(config)# ", "unable to delete object-group (web): it is used by access-list out permit tcp any object-group web object-group ports\n"},
		{"router ospf 1", "(config-router)# ", ""},
		{"network 10.0.0.0 255.0.0.0 area 0", "(config-router)# ", ""},
		{"hostname edge", "(config)# ", ""},
		{"shun 198.51.100.7", "(config)# ", ""},
		{"show shun", "(config)# ", "Shun 198.51.100.7 0.0.0.0 0 0\n"},
		{"no shun 198.51.100.7", "(config)# ", ""},
		{"show shun", "(config)# ", ""},
		{"exit", "# ", ""},
	} {
		out, _ := s.Line(step.typed)
		if out != step.output {
			t.Errorf("%s: got %q, want %q", step.typed, out, step.output)
		}
		if p := s.Prompt(); !strings.HasSuffix(p, step.prompt) || strings.Contains(strings.TrimSuffix(p, step.prompt), "(") {
			t.Errorf("%s: the prompt is %q, want %q", step.typed, p, step.prompt)
		}
	}
}
