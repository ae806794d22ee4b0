package esp

import (
	"sync"
	"sync/atomic"
)

// A crew is a number of goroutines that help with large batches: ciphers cost more than the way to another core.
type crew struct {
	helpers int
	work    chan *task
	ended   sync.WaitGroup
	once    sync.Once
}

// A task is a batch, kept by the one who has it done. Its parts are done in any order; run returns when all are.
type task struct {
	do    func(i int)
	share int // how many parts are taken at a time
	n     int
	next  atomic.Int64
	wait  sync.WaitGroup
}

// share is how many packets are taken at a time.
const share = 4

func newCrew(helpers int) *crew {
	c := &crew{helpers: helpers, work: make(chan *task)}
	for range helpers {
		c.ended.Go(func() {
			for t := range c.work {
				t.part()
				t.wait.Done()
			}
		})
	}
	return c
}

func (t *task) part() {
	for {
		end := int(t.next.Add(int64(t.share)))
		for i := end - t.share; i < min(end, t.n); i++ {
			t.do(i)
		}
		if end >= t.n {
			return
		}
	}
}

// run does t.do for 0 to n-1.
func (c *crew) run(t *task, n int) {
	t.n = n
	t.next.Store(0)
	for range min(c.helpers, (n-1)/t.share) {
		t.wait.Add(1)
		select {
		case c.work <- t:
			continue
		default: // all are busy
		}
		t.wait.Done()
		break
	}
	t.part()
	t.wait.Wait()
}

func (c *crew) close() {
	c.once.Do(func() { close(c.work) })
	c.ended.Wait()
}
