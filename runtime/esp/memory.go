package esp

import (
	"os"
	"slices"
	"sync"
)

// Memory is a Device, Receiver and Sender without a host, for tests: what is Put is read from it, what is written or sent to it can
// be taken with Get.
type Memory struct {
	in   chan []byte
	out  chan []byte
	stop chan struct{}
	once sync.Once
}

// NewMemory holds up to room packets each way. What is written beyond is lost, as it is on a network.
func NewMemory(room int) *Memory {
	return &Memory{in: make(chan []byte, room), out: make(chan []byte, room), stop: make(chan struct{})}
}

// Put gives packets to the reader.
func (m *Memory) Put(packets ...[]byte) {
	for _, p := range packets {
		m.in <- slices.Clone(p)
	}
}

// Get is the next packet that was written; nil: closed.
func (m *Memory) Get() []byte {
	select {
	case p := <-m.out:
		return p
	case <-m.stop:
		return nil
	}
}

// Pending is how many packets Get would give at once.
func (m *Memory) Pending() int { return len(m.out) }

func (m *Memory) next(wait bool) ([]byte, bool) {
	select {
	case p := <-m.in:
		return p, true
	default:
	}
	if !wait {
		return nil, false
	}
	select {
	case p := <-m.in:
		return p, true
	case <-m.stop:
		return nil, false
	}
}

// Read is that of a Device.
func (m *Memory) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	for i := range bufs {
		p, ok := m.next(i == 0)
		if !ok && i == 0 {
			return 0, os.ErrClosed
		}
		if !ok {
			return i, nil
		}
		sizes[i] = copy(bufs[i][offset:], p)
	}
	return len(bufs), nil
}

func (m *Memory) put(p []byte) {
	select {
	case m.out <- slices.Clone(p):
	default:
	}
}

// Write is that of a Device.
func (m *Memory) Write(bufs [][]byte, offset int) (int, error) {
	for _, b := range bufs {
		m.put(b[offset:])
	}
	return len(bufs), nil
}

// BatchSize is that of a Device.
func (m *Memory) BatchSize() int { return 32 }

// Receive is that of a Receiver.
func (m *Memory) Receive(ms []Message) (int, error) {
	for i := range ms {
		p, ok := m.next(i == 0)
		if !ok && i == 0 {
			return 0, os.ErrClosed
		}
		if !ok {
			return i, nil
		}
		ms[i].N = copy(ms[i].Buf, p)
	}
	return len(ms), nil
}

// Send is that of a Sender.
func (m *Memory) Send(packets [][]byte) (int, error) {
	for _, p := range packets {
		m.put(p)
	}
	return len(packets), nil
}

// Close ends reading.
func (m *Memory) Close() error {
	m.once.Do(func() { close(m.stop) })
	return nil
}
