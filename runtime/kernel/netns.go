package kernel

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// space is a network namespace, held open.
type space struct{ fd int }

// openSpace opens the namespace at path, or that of the calling thread.
func openSpace(path string) (*space, error) {
	if path == "" {
		path = fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", path, err)
	}
	return &space{fd}, nil
}

func (s *space) handle() netns.NsHandle { return netns.NsHandle(s.fd) }

// do runs fn inside the namespace. Sockets that fn opens stay there. The thread ends with fn, because a thread in the
// wrong namespace must not serve other goroutines.
func (s *space) do(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(s.fd, unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter network namespace: %w", err)
			return
		}
		done <- fn()
	}()
	return <-done
}

func (s *space) close() error { return unix.Close(s.fd) }

// Within runs fn inside the network namespace at path, so that sockets which it opens are the firewall's; empty: where the
// calling thread is.
func Within(path string, fn func() error) error {
	if path == "" {
		return fn()
	}
	s, err := openSpace(path)
	if err != nil {
		return err
	}
	return errors.Join(s.do(fn), s.close())
}
