package equivalence

import (
	"encoding/binary"
	"fmt"

	"pixfw/ast"
	"pixfw/shell/scenario"
)

const question = "www.example.com"

// query asks for an address.
func query(id uint16) []byte {
	b, err := scenario.DNSMessage(question, nil, id)
	if err != nil {
		panic(err) // the name is a constant
	}
	return b
}

// replied answers a query, if it is one.
func replied(asked []byte, address ast.IP) []byte {
	if len(asked) < 12 {
		return nil
	}
	b, err := scenario.DNSMessage(question, &address, binary.BigEndian.Uint16(asked))
	if err != nil {
		panic(err)
	}
	return b
}

// dnsWords is a query or an answer as scenario files write it.
func dnsWords(b []byte) string {
	switch {
	case len(b) < 12:
		return ""
	case b[2]&0x80 == 0:
		return fmt.Sprintf(" dns query %s id %d", question, binary.BigEndian.Uint16(b))
	}
	return fmt.Sprintf(" dns answer %s %v id %d", question, ast.IP(binary.BigEndian.Uint32(b[len(b)-4:])), binary.BigEndian.Uint16(b))
}
