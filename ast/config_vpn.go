package ast

import (
	"fmt"
	"slices"
)

// A command may have a replay that no rule can say.
type (
	// setIn does what has to be done besides storing the command; done: it is not to be stored.
	setter interface {
		setIn(c *Config) (done bool, err error)
	}
	// removeFrom is the `no` form; done: nothing is left to do.
	remover interface {
		removeFrom(c *Config) (done bool, err error)
	}
	// group is a name that keeps the lines of its commands together, in order of first appearance, and a number above
	// every rank within it.
	grouped interface {
		group() (name string, size int)
	}
	// list is the access list that the command needs.
	lister interface{ list() string }
)

// removeKey removes the setting with the key of cmd, whatever else was typed.
func (c *Config) removeKey(cmd Command) error {
	r := cmd.rule()
	kept := slices.DeleteFunc(slices.Clone(c.sections[r.section]), func(old Command) bool { return old.rule().key == r.key })
	if len(kept) == len(c.sections[r.section]) {
		return refuseNoSuch(cmd)
	}
	c.keep(r.section, kept)
	return nil
}

func refuseNoURLServer() *Refusal {
	return &Refusal{"E321", "ERROR: a url-server is needed before the filter", BadReference}
}

func refuseUsedServers(tag, by string) *Refusal {
	return &Refusal{"E322", fmt.Sprintf("ERROR: aaa-server group <%s> is in use by %s", tag, by), BadReference}
}
