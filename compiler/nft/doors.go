package nft

import (
	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// The key of doors: who calls, and what. doorTypes are the types of its fields, and of what a DoorMap has for it.
const (
	doorText     = "ip saddr . ip daddr . meta l4proto . th dport"
	doorTypes    = "ipv4_addr . ipv4_addr . inet_proto . inet_service"
	doorMapTypes = doorTypes + " : ipv4_addr . inet_service"
)

// doorSet is the type of a set of doors.
func doorSet(set *nftables.Set, kind SetKind) (err error) {
	set.HasTimeout, set.Size, set.Concatenation = true, dynamicSize, true
	if set.KeyType, err = nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr, nftables.TypeInetProto, nftables.TypeInetService); err != nil {
		return err
	}
	if kind == LiveDoors {
		set.Dynamic = true // rules take elements out
		return nil
	}
	set.IsMap = true
	set.DataType, err = nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
	return err
}

// doorKey loads the key of a packet's door.
func doorKey() []expr.Any {
	src, dst, port := payload(expr.PayloadBaseNetworkHeader, 12, 4), payload(expr.PayloadBaseNetworkHeader, 16, 4), payload(expr.PayloadBaseTransportHeader, 2, 2)
	dst.DestRegister, port.DestRegister = unix.NFT_REG32_01, unix.NFT_REG32_03
	return []expr.Any{src, dst, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: unix.NFT_REG32_02}, port}
}

// door asks a set of doors, takes a door out of it, or translates the destination by a map of them.
func (e *encoder) door(name string, use func(*nftables.Set) []expr.Any) ([]expr.Any, error) {
	set, err := e.known(name)
	if err != nil {
		return nil, err
	}
	return append(doorKey(), use(set)...), nil
}

func isDoor(set *nftables.Set) []expr.Any {
	return []expr.Any{asked(set, false)}
}

func shutDoor(set *nftables.Set) []expr.Any {
	return []expr.Any{&expr.Dynset{SrcRegKey: 1, SetID: set.ID, SetName: set.Name, Operation: dynsetDelete}}
}

func behindDoor(set *nftables.Set) []expr.Any {
	return []expr.Any{mapped(set), toHost()}
}
