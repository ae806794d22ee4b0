package ike

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"pixfw/compiler"
	"pixfw/runtime"
)

// The attributes of IPsec transforms (RFC 2407 4.5) and their values.
const (
	iLifeType  = 1
	iLife      = 2
	iGroup     = 3
	iEncap     = 4
	iAuth      = 5
	iKeyLength = 6

	encapTunnel         = 1
	encapTransport      = 2
	encapUDPTunnel      = 3
	encapUDPTunnelDraft = 61443

	ahMD5   = 2
	ahSHA   = 3
	espDES  = 2
	esp3DES = 3
	espNULL = 11
	espAES  = 12

	macMD5 = 1
	macSHA = 2
)

// ipsecTransform is one transform of IPsec as both sides talk of it.
type ipsecTransform struct {
	proto   uint8
	id      uint8
	auth    uint32 // authentication attribute; 0: none
	keyBits uint32 // AES
	encap   uint32
	group   uint32
}

// readIPsec reads the attributes of a transform of quick mode.
func readIPsec(proto uint8, t transform) ipsecTransform {
	out := ipsecTransform{proto: proto, id: t.id, encap: encapTunnel}
	for _, a := range t.attrs {
		switch a.Type {
		case iGroup:
			out.group = a.Value
		case iEncap:
			out.encap = a.Value
		case iAuth:
			out.auth = a.Value
		case iKeyLength:
			out.keyBits = a.Value
		}
	}
	if proto == protoESP && t.id == espAES && out.keyBits == 0 {
		out.keyBits = 128
	}
	if proto == protoAH && out.auth == 0 { // the attribute repeats what the transform says
		out.auth = uint32(t.id) - 1
	}
	return out
}

// setTransforms is what a transform set asks for: at most one AH and one ESP.
type setTransforms struct {
	ah, esp   ipsecTransform // proto 0: none
	names     [2]string      // cipher, authentication of ESP
	ahName    string
	transport bool
}

// parts are the names of a transform set's transforms.
var ipsecNames = map[string]ipsecTransform{
	"ah-md5-hmac": {proto: protoAH, id: ahMD5, auth: macMD5},
	"ah-sha-hmac": {proto: protoAH, id: ahSHA, auth: macSHA},
	"esp-des":     {proto: protoESP, id: espDES},
	"esp-3des":    {proto: protoESP, id: esp3DES},
	"esp-aes":     {proto: protoESP, id: espAES, keyBits: 128},
	"esp-aes-192": {proto: protoESP, id: espAES, keyBits: 192},
	"esp-aes-256": {proto: protoESP, id: espAES, keyBits: 256},
	"esp-null":    {proto: protoESP, id: espNULL},
}

func readSet(t *compiler.TransformSet) setTransforms {
	out := setTransforms{transport: t.Transport}
	for _, name := range t.Transforms {
		switch x := ipsecNames[name]; {
		case x.proto == protoAH:
			out.ah, out.ahName = x, name
		case x.proto == protoESP:
			out.esp.proto, out.esp.id, out.esp.keyBits, out.names[0] = protoESP, x.id, x.keyBits, name
		case name == "esp-md5-hmac":
			out.esp.auth, out.names[1] = macMD5, name
		case name == "esp-sha-hmac":
			out.esp.auth, out.names[1] = macSHA, name
		}
	}
	if out.names[1] != "" && out.esp.proto == 0 { // authentication alone: the cipher is NULL
		out.esp.proto, out.esp.id, out.names[0] = protoESP, espNULL, "esp-null"
	}
	return out
}

// keyLen is how many bytes of key a transform of a set needs.
func keyLen(name string) int {
	switch name {
	case "esp-des":
		return 8
	case "esp-3des", "esp-aes-192":
		return 24
	case "esp-aes", "esp-md5-hmac", "ah-md5-hmac":
		return 16
	case "esp-aes-256":
		return 32
	case "esp-sha-hmac", "ah-sha-hmac":
		return 20
	}
	return 0
}

// ipsecName is what debug output calls a transform.
func ipsecName(proto, id uint8) string {
	switch {
	case proto == protoAH && id == ahMD5:
		return "AH_MD5"
	case proto == protoAH && id == ahSHA:
		return "AH_SHA"
	case proto == protoESP && id == espDES:
		return "ESP_DES"
	case proto == protoESP && id == esp3DES:
		return "ESP_3DES"
	case proto == protoESP && id == espNULL:
		return "ESP_NULL"
	case proto == protoESP && id == espAES:
		return "ESP_AES"
	case proto == protoIPCOMP:
		return "IPCOMP"
	}
	return fmt.Sprintf("UNKNOWN (%d)", id)
}

func macName(v uint32) string {
	switch v {
	case macMD5:
		return "HMAC-MD5"
	case macSHA:
		return "HMAC-SHA"
	}
	return fmt.Sprintf("UNKNOWN (%d)", v)
}

// showIPsec shows the attributes of a transform of quick mode.
func (m *Machine) showIPsec(proto uint8, t transform) {
	if m.debug[ISAKMP] == 0 {
		return
	}
	m.event(EvTransform, t.number, ipsecName(proto, t.id))
	m.event(EvTransformAttrs)
	for _, a := range t.attrs {
		switch a.Type {
		case iAuth:
			m.event(EvAuthenticator, macName(a.Value))
		case iEncap:
			m.event(EvEncaps, a.Value)
		case iKeyLength:
			m.event(EvKeyLen2, a.Value)
		case iLifeType:
			m.event(EvSALifeType, lifeTypeName(a.Value))
		case iLife:
			if a.Basic {
				m.event(EvSALifeBasic, a.Value)
			} else {
				m.event(EvSALifeVPI, vpi(a.Raw))
			}
		case iGroup:
			m.event(EvSAGroup, a.Value)
		default:
			m.event(EvUnknownAttr, a.Type)
		}
	}
}

// proxyOf reads an ID payload of quick mode: an address, a subnet, or a range that is one.
func proxyOf(id identity) (p runtime.ProxyID, ok bool) {
	p.Proto, p.Port = id.Proto, id.Port
	switch id.Type {
	case idIPv4:
		p.Addr, p.Mask = netip.AddrFrom4([4]byte(id.Data)), addrOf(^astIP(netip.IPv4Unspecified()))
		return p, true
	case idSubnet:
		p.Mask = netip.AddrFrom4([4]byte(id.Data[4:]))
		mask := astIP(p.Mask)
		p.Addr = addrOf(astIP(netip.AddrFrom4([4]byte(id.Data[:4]))) & mask)
		return p, mask.Contiguous()
	case idRange:
		first, last := astIP(netip.AddrFrom4([4]byte(id.Data[:4]))), astIP(netip.AddrFrom4([4]byte(id.Data[4:])))
		mask := ^(first ^ last)
		p.Addr, p.Mask = addrOf(first), addrOf(mask)
		return p, mask.Contiguous() && first&^mask == 0
	}
	return p, false
}

// identityOf is the ID payload of a proxy identity: a host is an address, all else a subnet.
func identityOf(p runtime.ProxyID) identity {
	addr, mask := p.Addr.As4(), p.Mask.As4()
	id := identity{Type: idSubnet, Proto: p.Proto, Port: p.Port, Data: append(addr[:], mask[:]...)}
	if mask == [4]byte{255, 255, 255, 255} {
		id.Type, id.Data = idIPv4, addr[:]
	}
	return id
}

// hostProxy is the proxy identity of one address.
func hostProxy(a netip.Addr) runtime.ProxyID {
	return runtime.ProxyID{Addr: a, Mask: netip.AddrFrom4([4]byte{255, 255, 255, 255})}
}

// proxyType is 1 for an address and 4 for a subnet, as texts print it.
func proxyType(p runtime.ProxyID) int {
	if p.Mask == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return idIPv4
	}
	return idSubnet
}

func word(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
