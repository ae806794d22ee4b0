// Package gateway starts who is to be compared, in a network namespace: `pixfw run`, as a user would, and charon. For benchmarks only.
//
//	p := gateway.New(b, "pixbench", "NATT=force-natt")
//	p.Script("up.sh", "--addr")
//	pid := p.Charon()
//	used := gateway.CPU(b, pid)
//
// What goes in: a name for the namespaces, settings for the lab's scripts, a configuration. What comes out: processes that answer.
//
// What always holds: what was started ends with the test, by its own number.
package gateway

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Place is a lab with room for one gateway, in the namespace Box.
type Place struct {
	Prefix string // of the names of its namespaces
	Dir    string // for files of all kinds
	tb     testing.TB
	lab    string
	env    []string
}

// New is a place without anything in it. The test is skipped where something that it needs is not there: the lab's scripts, root, the
// tools.
func New(tb testing.TB, name string, env []string, tools ...string) *Place {
	tb.Helper()
	lab, err := scripts()
	if err != nil {
		tb.Skip(err)
	}
	if os.Getuid() != 0 {
		tb.Skip("namespaces need root")
	}
	for _, tool := range append(tools, "ip", "setsid") {
		if _, err := exec.LookPath(tool); err != nil {
			tb.Skip(err)
		}
	}
	p := &Place{Prefix: fmt.Sprintf("%s%d", name, os.Getpid()), Dir: tb.TempDir(), tb: tb, lab: lab}
	p.env = append(append(os.Environ(), env...), "PIXLAB_PREFIX="+p.Prefix, "PIXLAB_STATE="+filepath.Join(p.Dir, "lab"))
	return p
}

// scripts is the directory of the lab, which is beside that of the source.
func scripts() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not in the source of a module")
		}
	}
	lab := filepath.Join(filepath.Dir(dir), "shared", "lab")
	if _, err := os.Stat(lab); err != nil {
		return "", fmt.Errorf("the lab's scripts are not beside the source: %w", err)
	}
	return lab, nil
}

// Seed is the lab's configuration of a firewall.
func (p *Place) Seed() string {
	p.tb.Helper()
	text, err := os.ReadFile(filepath.Join(p.lab, "../seed/pixfirewall.cfg"))
	if err != nil {
		p.tb.Skip(err)
	}
	return string(text)
}

// Box is the namespace of the gateway, In another of the lab's.
func (p *Place) Box() string                { return p.In("pix") }
func (p *Place) In(name string) (ns string) { return p.Prefix + "-" + name }

// Command is a command with the settings of the lab's scripts.
func (p *Place) Command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = p.env
	return c
}

// Must runs a command, and returns what it says.
func (p *Place) Must(name string, args ...string) string {
	p.tb.Helper()
	out, err := p.try(name, args...)
	if err != nil {
		p.tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func (p *Place) try(name string, args ...string) (string, error) {
	file, err := os.CreateTemp(p.Dir, "out") // no pipe: what a script leaves running keeps it open
	if err != nil {
		return "", err
	}
	defer file.Close()
	c := p.Command(name, args...)
	c.Stdout, c.Stderr = file, file
	err = c.Run()
	out, readErr := os.ReadFile(file.Name())
	return string(out), errors.Join(err, readErr)
}

// Script runs a script of the lab.
func (p *Place) Script(name string, args ...string) string {
	p.tb.Helper()
	return p.Must("bash", append([]string{filepath.Join(p.lab, name)}, args...)...)
}

// Undo runs a script of the lab when the test is over.
func (p *Place) Undo(name string, args ...string) {
	p.tb.Cleanup(func() {
		if out, err := p.try("bash", append([]string{filepath.Join(p.lab, name)}, args...)...); err != nil {
			p.tb.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	})
}

// Charon starts charon, and returns its process.
func (p *Place) Charon() (pid int) {
	p.tb.Helper()
	const name = "charon-systemd"
	for _, tool := range []string{name, "swanctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			p.tb.Skip(err)
		}
	}
	p.Script("fake-pix-strongswan.sh", "start")
	p.Undo("fake-pix-strongswan.sh", "stop")
	for _, f := range strings.Fields(p.Must("ip", "netns", "pids", p.Box())) {
		comm, err := os.ReadFile("/proc/" + f + "/comm")
		if err == nil && strings.HasPrefix(name, strings.TrimSpace(string(comm))) {
			if pid, err = strconv.Atoi(f); err != nil {
				p.tb.Fatal(err)
			}
			return pid
		}
	}
	p.tb.Fatalf("no %s runs", name)
	return 0
}

// Pixfw builds this firewall and starts it with a configuration, its secrets (empty: it has none to hide) and what of its interfaces
// is which device, as "ethernet0=eth0". It returns the process.
func (p *Place) Pixfw(config, secrets string, interfaces ...string) (pid int) {
	p.tb.Helper()
	file, keys, program := filepath.Join(p.Dir, "pix.cfg"), filepath.Join(p.Dir, "secrets"), filepath.Join(p.Dir, "pixfw")
	for name, text := range map[string]string{file: config, keys: secrets} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			p.tb.Fatal(err)
		}
	}
	p.Must("go", "build", "-o", program, "pixfw/cmd/pixfw")
	args := []string{"netns", "exec", p.Box(), program, "run", file, "--state", filepath.Join(p.Dir, "state")}
	if secrets != "" {
		args = append(args, "--secrets", keys)
	}
	for _, i := range interfaces {
		args = append(args, "--interface", i)
	}
	log, err := os.Create(filepath.Join(p.Dir, "log"))
	if err != nil {
		p.tb.Fatal(err)
	}
	c := p.Command("ip", args...)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(func() {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			p.tb.Error(err)
		}
		if err := c.Wait(); err != nil || p.tb.Failed() {
			text, readErr := os.ReadFile(log.Name())
			p.tb.Errorf("%v\n%s", errors.Join(err, readErr), text)
		}
		if err := log.Close(); err != nil {
			p.tb.Error(err)
		}
	})
	for range 200 { // until the console answers
		if p.Command("ip", "netns", "exec", p.Box(), program, "console", "--socket", filepath.Join(p.Dir, "state", "console.sock")).Run() == nil {
			return c.Process.Pid // ip has become the program
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.tb.Fatal("it does not start")
	return 0
}

// CPU is the time that a process has had of processors, with all threads that it has had, in user space and kernel. It comes in
// hundredths of a second.
func CPU(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Fatalf("process %d is gone: %v", pid, err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
	var ticks int64
	for _, f := range strings.Fields(rest)[11:13] { // utime and stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// Memory is how much of a process is resident, in octets.
func Memory(tb testing.TB, pid int) int64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatalf("process %d is gone: %v", pid, err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kb * 1024
}
