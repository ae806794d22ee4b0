package ike

import (
	"encoding/binary"
	"errors"
)

const (
	doiIPsec       = 1
	sitIdentity    = 1
	maxProposals   = 64
	maxTransforms  = 256
	proposalHeader = 4
)

var errSA = errors.New("SA payload does not hold together")

// proposal is one protocol of an offer. Proposals with the same number belong together: all or none.
type proposal struct {
	number, proto uint8
	spi           []byte
	transforms    []transform
}

// transform is one way to do it.
type transform struct {
	number, id uint8
	next       payloadType
	attrs      []attr
}

// parseSA reads the body of an SA payload.
func parseSA(b []byte) ([]proposal, error) {
	if len(b) < 8 || binary.BigEndian.Uint32(b) != doiIPsec || binary.BigEndian.Uint32(b[4:]) != sitIdentity {
		return nil, errSA
	}
	list, used, err := parsePayloads(pProposal, b[8:])
	if err != nil {
		return nil, err
	}
	if used != len(b)-8 {
		return nil, errSA
	}
	out, count := make([]proposal, 0, len(list)), 0
	for _, p := range list {
		if p.kind != pProposal || len(p.body) < proposalHeader || len(out) == maxProposals {
			return nil, errSA
		}
		n := int(p.body[2])
		if len(p.body) < proposalHeader+n {
			return nil, errSA
		}
		prop := proposal{number: p.body[0], proto: p.body[1], spi: p.body[proposalHeader : proposalHeader+n]}
		if prop.transforms, err = parseTransforms(p.body[proposalHeader+n:], maxTransforms-count); err != nil {
			return nil, err
		}
		count += len(prop.transforms)
		out = append(out, prop)
	}
	return out, nil
}

func parseTransforms(b []byte, most int) (out []transform, err error) {
	next := pTransform
	for next != pNone {
		if len(b) < genericSize+4 || next != pTransform || len(out) == most {
			return nil, errSA
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < genericSize+4 || n > len(b) {
			return nil, errSA
		}
		next = payloadType(b[0])
		t := transform{number: b[4], id: b[5], next: next}
		if t.attrs, err = parseAttrs(b[8:n]); err != nil {
			return nil, err
		}
		out, b = append(out, t), b[n:]
	}
	if len(b) > 0 {
		return nil, errSA
	}
	return out, nil
}

// appendSA writes the body of an SA payload.
func appendSA(b []byte, list []proposal) []byte {
	b = binary.BigEndian.AppendUint32(b, doiIPsec)
	b = binary.BigEndian.AppendUint32(b, sitIdentity)
	var props []payload
	for _, p := range list {
		body := append([]byte{p.number, p.proto, byte(len(p.spi)), byte(len(p.transforms))}, p.spi...)
		var ts []payload
		for _, t := range p.transforms {
			ts = append(ts, payload{pTransform, appendAttrs([]byte{t.number, t.id, 0, 0}, t.attrs)})
		}
		props = append(props, payload{pProposal, appendPayloads(body, ts)})
	}
	return appendPayloads(b, props)
}

// life reads the pairs of life type and life duration among attributes; 0: not stated.
func life(attrs []attr, typeAttr, lifeAttr uint16) (seconds, kilobytes uint32) {
	kind := uint32(lifeSeconds)
	for _, a := range attrs {
		switch a.Type {
		case typeAttr:
			kind = a.Value
		case lifeAttr:
			if kind == lifeKilobytes {
				kilobytes = a.Value
			} else {
				seconds = a.Value
			}
		}
	}
	return seconds, kilobytes
}
