package nft

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
)

// Calls are the connections that the firewall has answered for their hosts, one by one: the process has said so of the first packet of
// each (MarkAnswered). When the client has answered the cookie, the kernel calls the host as if it were the client; that packet is its own,
// and no rule for those that come from outside sees it. So the process leaves here what they would have decided. All have the same keys.
const (
	Calls       = "calls"        // to the ct mark of the connection
	CallTargets = "call_targets" // to the address and the port of the host
	// WaitingCalls are those of clients who have no translation yet, with the mark of their request: the process gives it to them when they have
	// answered.
	WaitingCalls = "calls_waiting"
)

// A Call is from a client to what he has called.
type Call struct {
	Src, Dst     ast.IP
	Sport, Dport uint16
	CallTo
	For time.Duration
}

// CallTo is what becomes of a call.
type CallTo struct {
	Mark uint32
	Host ast.IP
	Port uint16
}

// CallMark is the ct mark of a connection of a class from one interface to another, by their numbers, to a host with a limit.
func CallMark(class, in, out uint32) uint32 {
	return class | in<<markIn | out<<markOut | MarkHalf
}

func (c *Call) key() []byte {
	b := append(be32(uint32(c.Src)), be32(uint32(c.Dst))...)
	b = append(append(b, be16(c.Sport)...), 0, 0)
	return append(append(b, be16(c.Dport)...), 0, 0)
}

// value is what a call is mapped to, by the kind of the map.
func (c *Call) value(kind SetKind) []byte {
	if kind == CallMarks {
		return binary.NativeEndian.AppendUint32(nil, c.Mark)
	}
	return append(append(be32(uint32(c.Host)), be16(c.Port)...), 0, 0)
}

const callKey = "ip saddr . ip daddr . tcp sport . tcp dport"

// callMap gives a map its types.
func callMap(kind SetKind, set *nftables.Set) (err error) {
	addr, port := nftables.TypeIPAddr, nftables.TypeInetService
	if set.KeyType, err = nftables.ConcatSetType(addr, addr, port, port); err != nil {
		return err
	}
	set.IsMap, set.HasTimeout, set.Size, set.Concatenation = true, true, dynamicSize, true
	if set.DataType = nftables.TypeMark; kind == CallEnds {
		set.DataType, err = nftables.ConcatSetType(addr, port)
	}
	return err
}

// ChangeCalls is the messages that add calls to their maps, or delete them: to those of calls that wait, or the others. One that is there
// already, and the same, gets its new time.
func ChangeCalls(del, waits bool, calls []Call) []netlink.Message {
	var out []netlink.Message
	for len(calls) > 0 {
		n := min(len(calls), chunk/2)
		if waits {
			out = append(out, changeCalls(del, WaitingCalls, CallMarks, calls[:n]))
		} else {
			out = append(out, changeCalls(del, Calls, CallMarks, calls[:n]), changeCalls(del, CallTargets, CallEnds, calls[:n]))
		}
		calls = calls[n:]
	}
	return out
}

func changeCalls(del bool, name string, kind SetKind, calls []Call) netlink.Message {
	return changeElements(del, name, len(calls), func(b []byte, k int) []byte {
		c := &calls[k]
		if b = data(b, unix.NFTA_SET_ELEM_KEY, c.key()); del {
			return b
		}
		return lasting(data(b, unix.NFTA_SET_ELEM_DATA, c.value(kind)), c.For)
	})
}

// callOf loads the key of a packet and looks it up.
func (e *encoder) callOf(name string, look func(*nftables.Set) expr.Any) ([]expr.Any, error) {
	set, err := e.known(name)
	if err != nil {
		return nil, err
	}
	src, dst := payload(expr.PayloadBaseNetworkHeader, 12, 4), payload(expr.PayloadBaseNetworkHeader, 16, 4)
	sport, dport := payload(expr.PayloadBaseTransportHeader, 0, 2), payload(expr.PayloadBaseTransportHeader, 2, 2)
	dst.DestRegister, sport.DestRegister, dport.DestRegister = unix.NFT_REG32_01, unix.NFT_REG32_02, unix.NFT_REG32_03
	return []expr.Any{src, dst, sport, dport, look(set)}, nil
}

// call makes a packet of the firewall a call: its mark, and its destination.
func (e *encoder) call() ([]expr.Any, error) {
	mark, err := e.callOf(Calls, mapped)
	if err != nil {
		return nil, err
	}
	to, err := e.callOf(CallTargets, mapped)
	if err != nil {
		return nil, err
	}
	out := append(mark, &expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true})
	return append(append(out, to...), toHost()), nil
}

// original writes the destination that the first packet of the connection had on the wire.
func original() []expr.Any {
	return []expr.Any{&expr.Ct{Key: ctDaddr, Register: 1},
		&expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4,
			CsumType: expr.CsumTypeInet, CsumOffset: 10, CsumFlags: 1},
		&expr.Ct{Key: expr.CtKeyPROTODST, Register: 1},
		&expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2,
			CsumType: expr.CsumTypeInet, CsumOffset: 16}}
}

// callMaps makes the maps, where the firewall answers for hosts.
func (l *lowerer) callMaps() {
	half := func(x limitedLine) bool { return x.half > 0 }
	if l.rs.Answers = l.opts.Daemon && l.opts.Synproxy && (l.opts.KeptLimits.Half || slices.ContainsFunc(l.limitedLines(), half)); l.rs.Answers {
		l.rs.Sets = append(l.rs.Sets, Set{Name: Calls, Kind: CallMarks, Note: "connections that the firewall has answered"},
			Set{Name: CallTargets, Kind: CallEnds, Note: "the hosts that are called when their clients have answered"},
			Set{Name: WaitingCalls, Kind: CallMarks, Note: "connections that the firewall has answered, of clients who have no translation yet"})
	}
}

// cookie are the answers of clients to a cookie, which find no connection.
func (l *lowerer) cookie(calls string) []Match {
	return []Match{proto(ast.ProtoTCP), {Field: CallOf, Set: calls}, {Field: CtState, Mask: StateInvalid}, bareACK}
}

// cookieAccepted lets them in.
func (l *lowerer) cookieAccepted() (rules []Rule) {
	if l.rs.Answers {
		for _, calls := range [2]string{Calls, WaitingCalls} {
			rules = append(rules, Rule{Match: l.cookie(calls), Do: []Stmt{Accept{}}, Note: "may answer a cookie"})
		}
	}
	return rules
}

// cookieTaken looks at them. A client who has no translation yet gets it first, and his packet comes once more.
func (l *lowerer) cookieTaken() []Rule {
	return []Rule{{Match: l.cookie(WaitingCalls), Do: []Stmt{WaitingMark{}, ToQueue{Num: Queue, Compat: l.opts.CompatQueue}}, Note: "has no translation yet"},
		{Match: l.cookie(Calls), Do: []Stmt{SynProxy{}}}}
}

// answerFor answers a first packet in the place of its host, as the process has said.
func (l *lowerer) answerFor() Rule {
	return Rule{Match: []Match{{Field: PacketMark, Mask: MarkMask | MarkAnswered, Values: one(MarkLimit | MarkAnswered)}, proto(ast.ProtoTCP)},
		Do: []Stmt{Original{}, SynProxy{}}, Note: "TCP intercept"}
}

// calling are the chains of calls. The first packet has got as far as any other before it is answered, but for the translation of its source:
// what the client answers comes to the destination that he has called, and so has to be the cookie.
func (l *lowerer) calling() {
	if !l.rs.Answers {
		return
	}
	l.chain(Chain{Name: "answered", Type: "filter", Hook: "forward", Priority: -10, Note: "TCP intercept: clients that have answered, of hosts that have their own address",
		Rules: l.cookieTaken()})
	l.chain(Chain{Name: "called", Type: "filter", Hook: "output", Priority: -150, Note: "TCP intercept: servers have answered",
		Rules: append(l.firstACK(), Rule{Match: []Match{half, {Field: CtState, Mask: StateEstablished}, {Field: CtReply, Not: true}, proto(ast.ProtoTCP), bareACK},
			Do: []Stmt{ClearMark{MarkHalf}, Log{Opened}}, Note: "the handshake is over"})})
}

// firstACK takes the timestamps off the packet with which the kernel ends the handshake with a server: it moves the one that it echoes by the
// difference between the two clocks, as it does with those that the client echoes, and servers that look at it take no such answer
// (Linux since 6.15). They would wait until they have sent theirs once more.
func (l *lowerer) firstACK() (rules []Rule) {
	if !l.opts.Lacks[NoTimestamps] {
		rules = append(rules, Rule{Match: []Match{own, {Field: CtState, Mask: StateEstablished}, {Field: CtReply, Not: true}, proto(ast.ProtoTCP), bareACK}, Do: []Stmt{NoTimestamp{}}})
	}
	return rules
}

// noTimestamp is the only expression of its kind: it has no register. It puts padding in the place of an option.
func noTimestamp() *expr.Exthdr { return &expr.Exthdr{Type: 8, Op: expr.ExthdrOpTcpopt} }
