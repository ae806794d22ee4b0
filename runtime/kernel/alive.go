package kernel

import (
	"errors"
	"fmt"

	"pixfw/compiler/nft"
)

// live makes the table that says that the process lives, unless it is there or the kernel cannot have it. The kernel removes it when the process
// ends, however it ends. The lock is held.
func (e *Engine) live() error {
	if e.alive != nil || !e.opt.Daemon || e.opt.Lacks[nft.Owners] {
		return nil
	}
	b, err := nft.Alive()
	if err != nil {
		return err
	}
	c, err := e.ns.openBatches(1<<16, 1<<20)
	if err != nil {
		return err
	}
	if err := c.transact(b, b.Datagram()); err != nil {
		return errors.Join(fmt.Errorf("say that the process lives: %w", err), c.close())
	}
	e.alive = c
	return nil
}

// die takes the table away.
func (e *Engine) die() error {
	if e.alive == nil {
		return nil
	}
	return e.alive.close()
}
