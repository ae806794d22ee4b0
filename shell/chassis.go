package shell

import (
	"io"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// A chassis is what all consoles of one box share: the engine, and the configuration that it enforces. Who reads or changes
// it holds mu; the exported methods of Session do.
type chassis struct {
	mu      sync.Mutex
	engine  runtime.Engine
	clock   runtime.Clock
	secrets *Secrets
	save    func(string) error
	log     func(runtime.Message) // nil: nobody
	book    *logbook
	perf    *perfmeter
	syslog  Syslog // nil: no servers
	health  Health // nil: nobody knows
	users   Users  // nil: no servers are asked

	running *ast.Config
	known   map[string]bool // errors that the running configuration has already
	served  map[string]bool // what the engine has said of it
	startup string
	saved   time.Time // when startup was written; zero: as loaded
	changed time.Time // when running was last changed; zero: as loaded
	booted  time.Time

	changedBy, savedBy string          // users, with changed and saved
	visits             []*Session      // consoles of visitors
	idle               time.Time       // since when busy processors have not been told of; of Watch alone
	up                 map[string]bool // whether the line protocol of each hardware interface is
}

// Another is a further console of the same box, which stands in mode start. What is typed on one console is in force on all.
// Consoles of one box may be used concurrently, each by one caller.
func (s *Session) Another(start Mode, record io.Writer) *Session {
	o := &Session{chassis: s.chassis, lang: s.lang, record: record}
	o.enter(start)
	return o
}
