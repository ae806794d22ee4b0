package ike

import "net/netip"

// client is what XAUTH and mode config know of a peer.
type client struct{}

// phase1Done is called once when phase 1 is authenticated.
func (m *Machine) phase1Done(s *sa) { _ = s }

// quickGate is called for the first packet of each quick mode that the peer begins: false drops it, and lets the peer repeat it.
func (m *Machine) quickGate(s *sa) bool { return s != nil }

// configIn is called for each message of a transaction.
func (m *Machine) configIn(s *sa, x *exchange, c *config) { _, _, _ = s, x, c }

// transactionFailed is called when the peer has not answered a request or set of ours.
func (m *Machine) transactionFailed(s *sa, x *exchange) { _, _ = s, x }

// clientTimer is called when s.client's timer of kind timerClient runs out.
func (m *Machine) clientTimer(s *sa) { _ = s }

// clientGone is called when an SA ends, for whatever reason: address back, ClientDown.
func (m *Machine) clientGone(s *sa, reason string) { _, _ = s, reason }

// clients is the table of clients and of the addresses they have.
type clients struct{}

func newClients() clients { return clients{} }

// AuthResult is the answer of a server group to an Authenticate.
func (m *Machine) AuthResult(id uint64, r AuthResult) []Effect {
	m.begin()
	_, _ = id, r
	return m.end()
}

// PoolInUse is what addresses of a pool clients have, lowest first.
func (m *Machine) PoolInUse(pool int) []netip.Addr { _ = pool; return nil }

// sameClient reports whether two SAs of one peer are of the same client: what belongs to one may go over to the other.
func (m *Machine) sameClient(a, b *sa) bool { return a.client == nil && b.client == nil }

// userOf is the name with which the client has logged in; empty: none.
func (m *Machine) userOf(s *sa) string { _ = s; return "" }

// clientAddr is the address that the client has been given; invalid: none.
func (m *Machine) clientAddr(s *sa) netip.Addr { _ = s; return netip.Addr{} }
