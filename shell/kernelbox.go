package shell

import (
	"slices"
	"strings"
	"time"

	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
)

// KernelBoxes make boxes on the kernel engine, one after the other, in namespaces that they share.
type KernelBoxes struct {
	Limits kernel.Limits // of their tables; what is zero has its default
	rig    *lab.Rig
}

// A KernelBox is a console in configuration mode, on a kernel engine between wires. Its time is real.
type KernelBox struct {
	session *Session
	probe   *lab.TunnelProbe
}

// New boots a box. As with [NewBox] the configuration must be without errors. Only one box may be open at a time.
func (k *KernelBoxes) New(name string, config []byte, secrets *Secrets) (*KernelBox, error) {
	running, _, diags := parser.Load(name, config)
	plan, found := compiler.Compile(secrets.overlay(running))
	if err := append(diags, found...).Err(); err != nil {
		return nil, err
	}
	var hardware []string
	for i := range plan.Interfaces {
		hardware = append(hardware, plan.Interfaces[i].Hardware)
	}
	if k.rig == nil || !k.rig.Fits(hardware) {
		if err := k.Close(); err != nil {
			return nil, err
		}
		for _, h := range []string{"ethernet0", "ethernet1", "ethernet2", "ethernet3", "ethernet4", "ethernet5"} {
			if !slices.Contains(hardware, h) {
				hardware = append(hardware, h) // the next configuration may have them
			}
		}
		var err error
		if k.rig, err = lab.NewRig(hardware); err != nil {
			return nil, err
		}
	}
	probe, err := k.rig.OpenTunnels(k.Limits)
	if err != nil {
		return nil, err
	}
	s, _, err := New(Options{Engine: probe, Name: name, Config: running, Secrets: secrets, Start: Config})
	if err != nil {
		_ = probe.Close() // the first error says more
		return nil, err
	}
	return &KernelBox{session: s, probe: probe}, nil
}

// Close removes the namespaces.
func (k *KernelBoxes) Close() error {
	if k.rig == nil {
		return nil
	}
	r := k.rig
	k.rig = nil
	return r.Close()
}

// Engine is what packets are given to.
func (b *KernelBox) Engine() runtime.Injector { return b.probe }

// Advance waits, and returns what happened meanwhile.
func (b *KernelBox) Advance(d time.Duration) []runtime.Message {
	b.probe.Expire()
	time.Sleep(d)
	_ = b.probe.Settle() // what is late is missing in the answer
	return b.probe.Expire()
}

// Do types a command in configuration mode; the error is the box's refusal.
func (b *KernelBox) Do(command string) (string, error) {
	out, err := typed(b.session, command)
	if e := b.probe.Settle(); err == nil {
		err = e
	}
	return out, err
}

// Close ends the box.
func (b *KernelBox) Close() error { return b.probe.Close() }

// typed types a command in configuration mode, and goes back there.
func typed(s *Session, command string) (string, error) {
	r := s.Do(command)
	s.asking = nil
	s.enter(Config)
	if r.Failed {
		return "", refused(strings.TrimRight(r.Output, "\n"))
	}
	return r.Output, nil
}
