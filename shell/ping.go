package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// pingTimes and pingWait are how often and how long `ping` calls.
const (
	pingTimes = 3
	pingWait  = time.Second
)

// ping calls a host, three times. Other consoles go on meanwhile. The layout is that of the command reference as it is remembered
// (unconfirmed).
func (s *Session) ping(c *ast.Ping) (string, error) {
	engine, ok := s.engine.(runtime.Pinger)
	if !ok {
		return "", refused(textNoPing)
	}
	from := compiler.None
	if c.If != "" {
		if from = s.engine.Plan().IfByName(c.If); from == compiler.None {
			return "", refusef("interface name \"%s\" not found", c.If)
		}
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	var b strings.Builder
	for range pingTimes {
		ctx, cancel := context.WithTimeout(context.Background(), pingWait)
		took, err := engine.Ping(ctx, from, c.Host)
		cancel()
		switch {
		case errors.Is(err, runtime.ErrNoAnswer):
			fmt.Fprintf(&b, "\t%v NO response received -- %dms\n", c.Host, pingWait/time.Millisecond)
		case err != nil:
			return b.String(), refused("ERROR: " + err.Error())
		default:
			fmt.Fprintf(&b, "\t%v response received -- %dms\n", c.Host, took/time.Millisecond)
		}
	}
	return b.String(), nil
}
