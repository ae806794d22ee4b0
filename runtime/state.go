package runtime

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"pixfw/ast"
)

// What only some engines know. Callers ask by a type assertion, and say so where the answer is no.

// HostClearer is an engine that can end all that one host has.
type HostClearer interface {
	// ClearHost deletes the dynamic translations of the host with the real address ip, and its connections through whatever
	// translation they go.
	ClearHost(ip ast.IP) error
}

// FlowLogger is an engine that counts the flows of entries with `log` (semantics.md 2.3).
type FlowLogger interface {
	LogFlows() (total, denied int)
}

// A Port is what is under an interface.
type Port struct {
	MAC     net.HardwareAddr
	Carrier bool // the cable is in, and there is somebody at its other end

	Faults PortFaults
}

// A Neighbour is an address on the wire of an interface, with where it is.
type Neighbour struct {
	If    int
	IP    ast.IP
	MAC   net.HardwareAddr
	Alias bool // this box answers for it
}

// ErrNoAnswer is Pinger's error for a host that has not answered in time.
var ErrNoAnswer = errors.New("no answer")

// Pinger is an engine that can call hosts.
type Pinger interface {
	// Ping sends one echo to a host, by an interface or, with compiler.None, by the routes, and tells how long the answer took. It waits
	// until ctx is done.
	Ping(ctx context.Context, ifIndex int, to ast.IP) (time.Duration, error)
}

// Certified is an engine that has certificates.
type Certified interface {
	// Certificates are the box's own, and those of the authority; nil: there are none.
	Certificates() (own *x509.Certificate, authority []*x509.Certificate)
}

// PortFaults is what has gone wrong at a port, and what was not for one host, in packets since it is there.
type PortFaults struct {
	Multicasts                                        uint64 // received
	InErrors, CRC, Frame, Overrun, NoBuffer           uint64
	OutErrors, Underruns, Collisions, Late, NoCarrier uint64
}

// Wired is an engine with real ports.
type Wired interface {
	Port(ifIndex int) (port Port, ok bool) // ok: the interface has one
	Neighbours() ([]Neighbour, error)      // by interface, then address
}
