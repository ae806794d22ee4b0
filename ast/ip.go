package ast

import (
	"math/bits"
	"strconv"
	"strings"
)

// IP is an IPv4 address or netmask in host order, so that ranges are arithmetic. PIX 6.3 knows no other addresses.
type IP uint32

// ParseIP reads a dotted quad, or the PIX's short form 0 for 0.0.0.0. Octets with leading zeros are refused: half the
// world reads them as octal.
func ParseIP(s string) (IP, bool) {
	if s == "0" {
		return 0, true
	}
	var ip, octet uint32
	digits, dots := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits > 0 && octet == 0 {
				return 0, false
			}
			octet = octet*10 + uint32(c-'0')
			digits++
			if octet > 255 {
				return 0, false
			}
		case c == '.' && digits > 0 && dots < 3:
			ip = ip<<8 | octet
			octet, digits = 0, 0
			dots++
		default:
			return 0, false
		}
	}
	if dots != 3 || digits == 0 {
		return 0, false
	}
	return IP(ip<<8 | octet), true
}

// MustIP is ParseIP for constants in code and tests.
func MustIP(s string) IP {
	ip, ok := ParseIP(s)
	if !ok {
		panic("ast.MustIP: " + s)
	}
	return ip
}

// Append appends the dotted quad.
func (ip IP) Append(dst []byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		dst = strconv.AppendUint(dst, uint64(ip>>shift&0xff), 10)
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

func (ip IP) String() string { return string(ip.Append(nil)) }

// MarshalText makes the JSON form a dotted quad.
func (ip IP) MarshalText() ([]byte, error) { return ip.Append(nil), nil }

// AllOnes is the host mask, and the limited broadcast address.
const AllOnes IP = 0xffffffff

// Contiguous reports whether ip, as a netmask, is ones followed by zeros.
func (ip IP) Contiguous() bool { return bits.OnesCount32(^uint32(ip)+1) <= 1 }

// Bits is the length of a contiguous netmask.
func (ip IP) Bits() int { return bits.OnesCount32(uint32(ip)) }

// MaskOf is the netmask of n leading ones.
func MaskOf(n int) IP {
	if n <= 0 {
		return 0
	}
	return IP(^uint32(0) << (32 - min(n, 32)))
}

// A Net is an address with a netmask. The mask is compared bit by bit, so it need not be contiguous.
type Net struct {
	IP   IP `json:"ip"`
	Mask IP `json:"mask"`
}

// Contains reports whether the net covers ip.
func (n Net) Contains(ip IP) bool { return (ip^n.IP)&n.Mask == 0 }

// Range is the first and last address of the net; exact only for a contiguous mask.
func (n Net) Range() (first, last IP) { return n.IP & n.Mask, n.IP | ^n.Mask }

// Overlaps reports whether the two nets share an address.
func (n Net) Overlaps(m Net) bool { return (n.IP^m.IP)&n.Mask&m.Mask == 0 }

// String is the prefix notation where there is one, else address and mask.
func (n Net) String() string {
	if n.Mask.Contiguous() {
		return n.IP.String() + "/" + strconv.Itoa(n.Mask.Bits())
	}
	return n.IP.String() + " " + n.Mask.String()
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
