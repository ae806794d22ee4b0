package shell

import (
	"fmt"
	"strings"
	"time"

	"pixfw/runtime/health"
)

// Health tells how the host of a box is.
type Health interface {
	CPU() (seconds, minute, minutes int, err error)
	Memory() (free, total uint64, err error)
	Threads() ([]health.Thread, error)
}

// showHealth is `show memory`, `show cpu usage` and `show processes` (commands-vpn-aaa-show.md section 4.14), with the figures of the host
// and of this process.
func (s *Session) showHealth(what string) (string, error) {
	if s.health == nil {
		return "", refused(textNoHealth)
	}
	text, err := formatHealth(s.health, what)
	if err != nil {
		return "", refused("ERROR: " + err.Error())
	}
	return text, nil
}

func formatHealth(h Health, what string) (string, error) {
	switch what {
	case "memory":
		free, total, err := h.Memory()
		return fmt.Sprintf("Free memory:     %11d bytes\nUsed memory:     %11d bytes\n-------------     ----------------\nTotal memory:    %11d bytes\n",
			free, total-free, total), err
	case "cpu usage":
		seconds, minute, minutes, err := h.CPU()
		return fmt.Sprintf("CPU utilization for 5 seconds = %d%%; 1 minute: %d%%; 5 minutes: %d%%\n", seconds, minute, minutes), err
	}
	list, err := h.Threads()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("    PC       SP       STATE       Runtime    SBASE     Stack Process\n")
	for _, t := range list {
		fmt.Fprintf(&b, "%-3s %-8s %-8s %-8s %10d %-8s %9s %s\n", processState(t.State), none, none, none, t.Runtime/time.Millisecond, none, "-/-", t.Name)
	}
	return b.String(), nil
}

// none stands where a thread of Linux has nothing of the kind, or the kernel does not tell.
const none = "-"

// processState is the state of a thread in the letters of the box: of middle priority, ready or asleep, idle.
func processState(linux byte) string {
	switch linux {
	case 'R':
		return "Mrd"
	case 'Z', 'X':
		return "Mxi"
	}
	return "Msi"
}
