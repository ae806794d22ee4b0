package lab

import (
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"sync"
	"sync/atomic"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

type space struct {
	name string
	mu   sync.RWMutex // held while threads enter, so that ns is not closed under them
	ns   netns.NsHandle
}

// do runs fn on a thread inside the namespace. The thread ends with it.
func (s *space) do(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		goruntime.LockOSThread()
		s.mu.RLock()
		err := netns.Set(s.ns)
		s.mu.RUnlock()
		if err != nil {
			done <- err
			return
		}
		done <- fn()
	}()
	return <-done
}

// made counts the labs of this process, so that names are unique.
var made atomic.Int64

func newSpace(name string) (*space, error) {
	type result struct {
		ns  netns.NsHandle
		err error
	}
	done := make(chan result, 1)
	go func() {
		goruntime.LockOSThread() // the thread stays in the new namespace and ends
		ns, err := newNamed(name)
		done <- result{ns, err}
	}()
	r := <-done
	if r.err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", name, r.err)
	}
	return &space{name: name, ns: r.ns}, nil
}

func (s *space) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.ns.Close(), netns.DeleteNamed(s.name))
}

// namesDir is where `ip netns` keeps names.
const namesDir = "/run/netns"

// newNamed makes a namespace that `ip netns` knows as well, and moves the thread there.
func newNamed(name string) (netns.NsHandle, error) {
	if err := shareNames(); err != nil {
		return netns.None(), err
	}
	return netns.NewNamed(name)
}

// shareNames makes the directory a shared mount, as the first `ip netns add` on a machine does: if that came later, it would mount the
// directory over itself, and a name that was there already could be neither reached nor removed any more.
func shareNames() (err error) {
	if err := os.MkdirAll(namesDir, 0o755); err != nil {
		return err
	}
	d, err := os.Open(namesDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }() // and with it the lock, which ip takes, too
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", namesDir, err)
	}
	share := func() error { return unix.Mount("", namesDir, "none", unix.MS_SHARED|unix.MS_REC, "") }
	if err := share(); !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := unix.Mount(namesDir, namesDir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", namesDir, err)
	}
	return share()
}
