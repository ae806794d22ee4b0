package kernel

import (
	"pixfw/ast"
)

// What conntrack says of each side of a TCP connection.
const (
	sideScales   = 0x01 // its SYN had the option to scale windows
	sideSACK     = 0x02 // that of selective acknowledgements
	sideFinished = 0x04 // it has sent the first FIN
)

// domain is the port whose UDP is inspected as DNS.
const domain = 53

// connFlags are those of show conn (commands-vpn-aaa-show.md section 4.5), as far as conntrack knows. A FIN counts as acknowledged when
// anybody has sent something after it, and one that is repeated before as both sides'.
func connFlags(f *flow, inbound bool) string {
	if f.orig.proto == ast.ProtoUDP && f.reply.sport == domain {
		return "D"
	}
	if f.orig.proto != ast.ProtoTCP {
		return ""
	}
	hi := 0 // what the side of the higher level sends
	if inbound {
		hi = 1
	}
	lo := 1 - hi
	var out []byte
	add := func(on bool, flag byte) {
		if on {
			out = append(out, flag)
		}
	}
	answered := f.state != tcpSynSent && f.state != tcpSynSent2
	up := answered && f.state != tcpSynRecv
	add(up, 'U')
	if !up {
		add(inbound && !answered, 'S')
		add(!inbound && !answered, 's')
		add(inbound || !answered, 'a')
		add(!inbound || !answered, 'A')
	}
	fin, acked := f.fins()
	sent := f.sent()
	add(fin[hi], 'f')
	add(fin[lo], 'F')
	add(acked[lo], 'r')
	add(acked[hi], 'R')
	add(sent[lo], 'I')
	add(sent[hi], 'O')
	add(inbound, 'B')
	return string(out)
}

// fins are which sides have sent a FIN, and whose was acknowledged.
func (f *flow) fins() (sent, acked [2]bool) {
	for way := range sent {
		first := f.sides[way]&sideFinished != 0
		switch f.state {
		case tcpFinWait:
			sent[way] = first
		case tcpCloseWait:
			sent[way], acked[way] = first, first
		case tcpLastAck:
			sent[way], acked[way] = true, first
		case tcpTimeWait:
			sent[way], acked[way] = true, true
		}
	}
	return sent, acked
}

// Octets of TCP's options as hosts send them.
const (
	optionMSS   = 4
	optionSACK  = 4
	optionScale = 4
	optionStamp = 12 // in every segment, if in one
)

// sent is which sides of a TCP connection have sent data. Conntrack counts headers with their options, which are taken to be the usual
// ones: of timestamps, which it does not tell of, those connections have none in which a side has sent less than they take.
func (f *flow) sent() (data [2]bool) {
	stamps := true
	for way, n := range f.packets {
		stamps = stamps && (n == 0 || f.carried(way) >= optionMSS+n*optionStamp)
	}
	for way, n := range f.packets {
		options := uint64(optionMSS)
		if f.sides[way]&sideSACK != 0 {
			options += optionSACK
		}
		if f.sides[way]&sideScales != 0 {
			options += optionScale
		}
		if stamps {
			options += n * optionStamp
		}
		data[way] = f.carried(way) > options
	}
	return data
}
