package scenario

import (
	"encoding/binary"
	"fmt"
	"strings"

	"pixfw/ast"
)

// DNSMessage is a query for the A record of name, or with addr the answer to it.
func DNSMessage(name string, addr *ast.IP, id uint16) ([]byte, error) {
	b := binary.BigEndian.AppendUint16(nil, id)
	if addr == nil {
		b = append(b, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0)
	} else {
		b = append(b, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0)
	}
	if len(name) > 253 {
		return nil, fmt.Errorf("dns name of %d octets", len(name))
	}
	for _, label := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 {
			return nil, fmt.Errorf("bad dns name %q", name)
		}
		b = append(append(b, byte(len(label))), label...)
	}
	b = append(b, 0, 0, 1, 0, 1)
	if addr != nil {
		b = append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(*addr))
	}
	return b, nil
}

// dnsAnswer reads name and address back out of an answer as DNSMessage writes it.
func dnsAnswer(b []byte) (name string, addr ast.IP, ok bool) {
	if len(b) < 13 || b[2]&0x80 == 0 {
		return "", 0, false
	}
	i := 12
	var labels []string
	for i < len(b) && b[i] != 0 {
		n := int(b[i])
		if n > 63 || i+1+n > len(b) {
			return "", 0, false
		}
		labels = append(labels, string(b[i+1:i+1+n]))
		i += 1 + n
	}
	if i += 5 + 12; i+4 > len(b) {
		return "", 0, false
	}
	return strings.Join(labels, "."), ast.IP(binary.BigEndian.Uint32(b[i:])), true
}
