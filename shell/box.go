package shell

import (
	"time"

	"pixfw/runtime"
	"pixfw/runtime/emulator"
)

// A Box is a console in configuration mode, on an emulator whose clock stands until it is moved: what scenario files run on.
type Box struct {
	session *Session
	clock   *runtime.VirtualClock
	engine  *emulator.Engine
}

// boxStart is when every box boots. Scenarios state durations only.
var boxStart = time.Date(2004, time.March, 1, 12, 0, 0, 0, time.UTC)

// NewBox boots a box. Unlike a session it does not take a configuration with errors: a scenario about it would not say what
// its author meant.
func NewBox(name string, config []byte, secrets *Secrets) (*Box, error) {
	return NewLimitedBox(name, config, secrets, emulator.DefaultLimits)
}

// NewLimitedBox is NewBox with other table sizes.
func NewLimitedBox(name string, config []byte, secrets *Secrets, limits emulator.Limits) (*Box, error) {
	clock := runtime.NewVirtualClock(boxStart)
	engine := emulator.NewLimited(clock, limits)
	s, diags, err := New(Options{Engine: engine, Clock: clock, Name: name, Text: config, Secrets: secrets, Start: Config})
	if err != nil {
		return nil, err
	}
	if err := diags.Err(); err != nil {
		return nil, err
	}
	return &Box{session: s, clock: clock, engine: engine}, nil
}

// Engine is what packets are given to.
func (b *Box) Engine() runtime.Injector { return b.engine }

// Advance lets time pass, and returns what it caused.
func (b *Box) Advance(d time.Duration) []runtime.Message {
	b.clock.Advance(d)
	return b.engine.Expire()
}

// Do types a command in configuration mode; the error is the box's refusal.
func (b *Box) Do(command string) (string, error) {
	return typed(b.session, command)
}
