package ike

import (
	"container/list"

	"pixfw/compiler"
)

type natt uint8

const nattNone natt = 0

type handshake struct {
	first   firstKey
	element *list.Element
}

type quick struct{ spis []uint32 }

func (m *Machine) refuse(d Datagram, err error)                     {}
func (m *Machine) phase1(s *sa, d Datagram, h *header, body []byte) {}
func (m *Machine) phase2(s *sa, d Datagram, h *header, body []byte) {}
func (m *Machine) phase1Timer(s *sa)                                {}
func (m *Machine) dpdTimer(s *sa)                                   {}
func (m *Machine) keepaliveTimer(s *sa)                             {}
func (m *Machine) rekeyPair(p *pair)                                {}
func (m *Machine) quickFailed(x *exchange)                          {}
func (m *Machine) sendDelete(s *sa, proto uint8, spis [][]byte)     {}
func (m *Machine) apply(plan *compiler.Plan)                        { m.plan = plan }
func (m *Machine) acquire(iface, mapIdx, entry int, flow Flow)      {}
func (m *Machine) malformed(s *sa, err error)                       {}
