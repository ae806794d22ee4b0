package ike

import "errors"

var errNoCert = errors.New("no certificate")

// certRequest asks the peer for its certificate.
func (m *Machine) certRequest() []payload { return nil }

func (m *Machine) proveRSA(s *sa, list []payload, id identity, want []byte) error { return errNoCert }

func (m *Machine) proofRSA(s *sa, hash []byte) ([]payload, error) { return nil, errNoCert }
