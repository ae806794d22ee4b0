package scenario_test

import (
	"errors"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/shell/scenario"
)

// testBox is a console without a shell: configuration commands, clear xlate, clear local-host and clear uauth.
type testBox struct {
	clock  *runtime.VirtualClock
	engine *emulator.Engine
	cfg    *ast.Config
}

func newBox(config []byte) (scenario.Box, error) {
	cfg, _, diags := parser.Load("pix.cfg", config)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	b := &testBox{cfg: cfg}
	b.clock = runtime.NewVirtualClock(time.Date(2004, 3, 1, 12, 0, 0, 0, time.UTC))
	b.engine = emulator.New(b.clock)
	return b, b.apply(cfg)
}

func (b *testBox) apply(cfg *ast.Config) error {
	plan, diags := compiler.Compile(cfg)
	if err := diags.Err(); err != nil {
		return err
	}
	_, err := b.engine.Apply(plan)
	return err
}

func (b *testBox) Engine() runtime.Injector { return b.engine }

func (b *testBox) Advance(d time.Duration) []runtime.Message {
	b.clock.Advance(d)
	return b.engine.Expire()
}

func (b *testBox) Do(command string) (string, error) {
	if rest, ok := strings.CutPrefix(command, "clear xlate"); ok {
		var f runtime.XlateFilter
		if w := strings.Fields(rest); len(w) == 2 && w[0] == "global" {
			f.Mapped = ast.MustIP(w[1])
		} else if len(w) > 0 {
			return "", errors.New("unknown filter" + rest)
		}
		return "", b.engine.ClearXlates(f)
	}
	if user, ok := strings.CutPrefix(command, "clear uauth"); ok {
		return "", b.engine.ClearUsers(strings.TrimSpace(user))
	}
	if host, ok := strings.CutPrefix(command, "clear local-host "); ok {
		return "", b.engine.ClearHost(ast.MustIP(host))
	}
	if strings.HasPrefix(command, "ca generate ") {
		return "", nil // the engine is taken to have a key
	}
	stmt, diags := parser.ParseStatement(command, parser.Scope{})
	if err := diags.Err(); err != nil {
		return "", err
	}
	if c, ok := stmt.Cmd.(*ast.Shun); ok {
		return "", b.engine.Shun(runtime.Shun{Src: c.Src})
	}
	cfg := b.cfg.Clone()
	if err := cfg.Do(stmt); err != nil {
		return "", err
	}
	if err := b.apply(cfg); err != nil {
		return "", err
	}
	b.cfg = cfg
	return "", nil
}
