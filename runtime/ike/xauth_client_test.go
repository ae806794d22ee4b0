package ike

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// vpnClient plays a Cisco VPN Client against a box: 4.x in aggressive mode, which pulls its address, or 1.1 in main mode with a
// plain pre-shared key, which is asked to log in at its first quick mode and has its address pushed.
type vpnClient struct {
	t      testing.TB
	w      *world
	m      *Machine // lends its arithmetic
	s      *sa
	at     netip.AddrPort
	pix    netip.AddrPort
	main   bool
	auth   uint16 // offered
	group  string
	key    string
	ident  *identity // stated in phase 1; nil: the group, or the address
	ivs    map[uint32][]byte
	proxy  identity // IDcr of its quick mode
	claim  string   // IDci of its quick mode, an address or a network; empty: its address
	nextID uint32

	user, password string
	deaf           func(c *config) bool // true: the message is let go unanswered
	refuseAddr     bool
	noContact      bool        // no INITIAL_CONTACT
	idle           bool        // stops after phase 1
	request        []uint16    // attributes asked for
	transforms     []transform // offered in phase 1; nil: one
	proposals      []proposal  // offered in quick mode; nil: one
	vendors        []payload   // of message 3 in main mode
	second         *identity   // IDcr of a second pair, wanted before the first is done
	stubborn       bool        // goes on though the box's hash is wrong
	natt           natt        // dialect of NAT traversal in aggressive mode, behind a NAT

	got      []string // what the box has said, in short
	addr     netip.Addr
	reply    *config
	pairs    int
	quick    map[uint32]*sideQuick
	seen     map[uint32]seenMessage
	lastID   uint32 // of the box's last transaction
	deleted  bool   // an ISAKMP DELETE has come
	messages []string
}

type sideQuick struct{ ni, nr []byte }

// seenMessage is the last of an exchange, to know a repetition by.
type seenMessage struct {
	msg string
	iv  []byte
}

func newClient(w *world, from string) *vpnClient {
	at := netip.AddrPortFrom(addr(from), 500)
	c := &vpnClient{t: w.t, w: w, at: at, pix: netip.MustParseAddrPort("192.168.1.1:500"), user: "cisco_customer", password: "cisco",
		m: New(w.boxes[addr("192.168.1.1")].plan, Options{Clock: w.clock, Rand: chacha(byte(at.Addr().As4()[3]))}), ivs: map[uint32][]byte{},
		quick: map[uint32]*sideQuick{}, seen: map[uint32]seenMessage{}, auth: authXauthPSK, group: "vpn3000", key: "grouppw",
		request: []uint16{1, 2, 3, 4, 5, 7, 28672, 28673, 28674, 28676, 28679, 28680, 28677}}
	w.others[at.Addr()] = c.receive
	return c
}

func (c *vpnClient) send(msg []byte) {
	c.w.wire = append(c.w.wire, Datagram{Local: c.pix, Remote: c.at, Payload: msg})
}

// connect sends message 1.
func (c *vpnClient) connect() {
	c.s = &sa{initiator: true, aggressive: !c.main, local: c.at, remote: c.pix, hand: &handshake{},
		suite: suite{enc: encDES, keyBits: 64, hash: hashMD5, group: 2, auth: c.auth}}
	if c.main {
		c.s.suite.group = 1
	}
	c.m.random(c.s.ci[:])
	hs := c.s.hand
	t := transform{number: 1, id: 1, attrs: []attr{basicAttr(aEncryption, 1), basicAttr(aHash, 1), basicAttr(aGroup, uint16(c.s.suite.group)), basicAttr(aAuth, c.auth)}}
	if c.transforms == nil {
		c.transforms = []transform{t}
	}
	hs.saBody = appendSA(nil, []proposal{{number: 1, proto: protoISAKMP, transforms: c.transforms}})
	hs.dh, hs.ni = c.m.newDHKey(c.s.suite.group), c.m.nonce()
	hs.gxi, hs.psk = hs.dh.public, []byte(c.key)
	list := []payload{{pSA, hs.saBody}}
	kind := xMain
	id := identity{Type: idIPv4, Proto: 17, Port: 500, Data: c.at.Addr().AsSlice()}
	if !c.main {
		kind = xAggressive
		id = identity{Type: idKeyID, Proto: 17, Port: 500, Data: []byte(c.group)}
	}
	if c.ident != nil {
		id = *c.ident
	}
	if !c.main {
		list = append(list, payload{pKE, hs.gxi}, payload{pNonce, hs.ni}, payload{pID, id.append(nil)})
		list = append(list, ownVendors()...)
		if c.natt != nattNone {
			list = append(list, payload{pVendor, nattVendors[c.natt]})
		}
	}
	hs.idi = id.append(nil)
	c.plain(kind, list)
}

func (c *vpnClient) plain(kind exchangeType, list []payload) {
	h := header{ci: c.s.ci, cr: c.s.cr, next: list[0].kind, exchange: kind}
	msg := appendPayloads(h.append(nil), list)
	setLength(msg)
	c.send(msg)
}

func (c *vpnClient) last(kind exchangeType, list []payload) {
	h := header{ci: c.s.ci, cr: c.s.cr, next: list[0].kind, exchange: kind, flags: flagEncrypt}
	msg, next := encrypt(c.s.keys.block, c.s.iv, appendPayloads(h.append(nil), list))
	c.s.iv = next
	c.send(msg)
}

func (c *vpnClient) iv(id uint32) []byte {
	if v := c.ivs[id]; v != nil {
		return v
	}
	return c.s.suite.phase2IV(c.s.iv, id, c.s.keys.block)
}

// hashed sends a message of phase 2 and returns it.
func (c *vpnClient) hashed(kind exchangeType, id uint32, list []payload) []byte {
	list = c.s.hashed(id, nil, list)
	return c.sealed(kind, id, list)
}

func (c *vpnClient) sealed(kind exchangeType, id uint32, list []payload) []byte {
	h := header{ci: c.s.ci, cr: c.s.cr, next: list[0].kind, exchange: kind, flags: flagEncrypt, id: id}
	msg, next := encrypt(c.s.keys.block, c.iv(id), appendPayloads(h.append(nil), list))
	c.ivs[id] = next
	c.send(msg)
	return msg
}

func (c *vpnClient) id() uint32 {
	c.nextID++
	return 1<<31 | uint32(c.at.Addr().As4()[3])<<16 | c.nextID
}

func (c *vpnClient) receive(d Datagram) {
	h, body, err := parseHeader(d.Payload)
	if err != nil {
		c.t.Fatal(err)
	}
	if h.flags&flagEncrypt == 0 {
		list, _, err := parsePayloads(h.next, body)
		if err != nil {
			c.t.Fatal(err)
		}
		c.phase1(&h, list)
		return
	}
	iv := c.s.iv
	if h.id != 0 {
		iv = c.iv(h.id)
		if was := c.seen[h.id]; was.msg == string(d.Payload) {
			iv = was.iv
		}
		c.seen[h.id] = seenMessage{string(d.Payload), iv}
	}
	plain, next, err := decrypt(c.s.keys.block, iv, body)
	if err != nil {
		c.t.Fatal(err)
	}
	list, used, err := parsePayloads(h.next, plain)
	if err != nil {
		c.t.Fatal(err)
	}
	if h.id == 0 { // message 6
		c.s.iv = next
		c.s.hand.idr = find(list, pID)
		if !equal(find(list, pHash), c.s.hashR()) {
			c.t.Fatal("HASH_R is wrong")
		}
		c.done()
		return
	}
	c.ivs[h.id] = next
	hash := find(list, pHash)
	mid := binary.BigEndian.AppendUint32(nil, h.id)
	rest := plain[genericSize+len(hash) : used]
	want := c.s.suite.prf(c.s.keys.a, mid, rest)
	if h.exchange == xQuick {
		want = c.s.suite.prf(c.s.keys.a, mid, c.quick[h.id].ni, rest)
	}
	if !equal(hash, want) {
		c.t.Fatalf("hash of exchange %d is wrong", h.exchange)
	}
	switch h.exchange {
	case xConfig:
		cfg, err := parseConfig(find(list, pConfig))
		if err != nil {
			c.t.Fatal(err)
		}
		c.config(h.id, &cfg)
	case xQuick:
		q := c.quick[h.id]
		q.nr = find(list, pNonce)
		if c.second != nil {
			c.proxy, c.second = *c.second, nil
			c.wantPair()
		}
		hash3 := c.s.suite.prf(c.s.keys.a, []byte{0}, mid, q.ni, q.nr)
		c.sealed(xQuick, h.id, []payload{{pHash, hash3}})
		c.pairs++
		c.note("quick")
	case xInfo:
		for _, p := range list {
			if p.kind == pDelete && p.body[4] == protoISAKMP {
				c.deleted = true
				c.note("delete")
			}
		}
	}
}

func (c *vpnClient) note(format string, args ...any) {
	c.got = append(c.got, fmt.Sprintf(format, args...))
}

// phase1 is a message of phase 1 in clear text.
func (c *vpnClient) phase1(h *header, list []payload) {
	hs := c.s.hand
	c.s.cr = h.cr
	switch {
	case h.exchange == xInfo:
		c.note("refused")
	case !c.main:
		hs.gxr, hs.nr, hs.idr = find(list, pKE), find(list, pNonce), find(list, pID)
		if err := c.m.makeKeys(c.s); err != nil {
			c.t.Fatal(err)
		}
		if !equal(find(list, pHash), c.s.hashR()) {
			c.note("wrong group password")
			if !c.stubborn {
				return
			}
		}
		answer := list
		list := []payload{{pHash, c.s.hashI()}}
		if !c.noContact {
			list = append(list, c.contact())
		}
		if c.natt != nattNone {
			list = append(list, c.behindNAT(answer)...)
		}
		c.last(xAggressive, list)
		c.done()
	case hs.gxr == nil && find(list, pKE) == nil:
		c.plain(xMain, append([]payload{{pKE, hs.gxi}, {pNonce, hs.ni}}, c.vendors...))
	default:
		hs.gxr, hs.nr = find(list, pKE), find(list, pNonce)
		if err := c.m.makeKeys(c.s); err != nil {
			c.t.Fatal(err)
		}
		c.last(xMain, []payload{{pID, hs.idi}, {pHash, c.s.hashI()}, c.contact()})
	}
}

// behindNAT goes over to port 4500 from behind a NAT, if the box speaks the dialect, and is what the client says of the two ends.
func (c *vpnClient) behindNAT(answer []payload) []payload {
	spoken, ends := false, 0
	for _, p := range answer {
		spoken = spoken || p.kind == pVendor && bytes.Equal(p.body, nattVendors[c.natt])
		if p.kind == c.natt.payload() {
			ends++
		}
	}
	c.note("natt %v %d", spoken, ends)
	out := []payload{{c.natt.payload(), c.s.natHash(c.pix)}, {c.natt.payload(), c.s.natHash(netip.MustParseAddrPort("10.1.1.1:500"))}}
	c.pix, c.at = netip.AddrPortFrom(c.pix.Addr(), portNATT), netip.AddrPortFrom(c.at.Addr(), 44500)
	return out
}

func (c *vpnClient) contact() payload {
	n := notification{proto: protoISAKMP, kind: notifyInitial}
	return payload{pNotify, n.append(nil)}
}

// done is the end of phase 1. Client 1.1, and one that is not asked to log in, goes on by itself.
func (c *vpnClient) done() {
	c.note("phase1")
	if c.main && c.auth == authPSK && !c.idle {
		c.wantPair()
	}
}

// wantPair sends message 1 of quick mode, with a new message ID.
func (c *vpnClient) wantPair() {
	id := c.id()
	c.quick[id] = &sideQuick{ni: c.m.nonce()}
	ident := func(a netip.Addr) []byte {
		v := identity{Type: idIPv4, Data: a.AsSlice()}
		return v.append(nil)
	}
	own := c.at.Addr()
	if c.addr.IsValid() {
		own = c.addr
	}
	offer := c.offered(c.m.random32() | 1<<31)
	idcr := ident(c.pix.Addr())
	if c.proxy.Type != 0 {
		idcr = c.proxy.append(nil)
	}
	idci := ident(own)
	if n, err := netip.ParsePrefix(c.claim); err == nil {
		m := identity{Type: idSubnet, Data: append(n.Addr().AsSlice(), net.CIDRMask(n.Bits(), 32)...)}
		idci = m.append(nil)
	} else if c.claim != "" {
		idci = ident(addr(c.claim))
	}
	c.hashed(xQuick, id, []payload{{pSA, offer}, {pNonce, c.quick[id].ni}, {pID, idci}, {pID, idcr}})
}

// config is a message of a transaction.
func (c *vpnClient) config(id uint32, cfg *config) {
	c.lastID = id
	var kinds []string
	var status, address *attr
	for i := range cfg.attrs {
		a := &cfg.attrs[i]
		kinds = append(kinds, fmt.Sprint(a.Type))
		switch a.Type {
		case xauthStatus:
			status = a
		case cfgAddress:
			address = a
		case xauthMessage:
			c.messages = append(c.messages, string(a.Raw))
		}
	}
	c.note("%s %s", cfg.kind, strings.Join(kinds, ","))
	if c.deaf != nil && c.deaf(cfg) {
		return
	}
	answer := config{id: cfg.id}
	switch cfg.kind {
	case cfgRequest:
		answer.kind = cfgReply
		if c.main {
			answer.id = 0 // as charon does
		}
		answer.attrs = []attr{basicAttr(xauthType, 0)}
		for _, a := range cfg.attrs {
			switch a.Type {
			case xauthUser:
				answer.attrs = append(answer.attrs, rawAttr(xauthUser, []byte(c.user)))
			case xauthPassword, xauthPasscode:
				answer.attrs = append(answer.attrs, rawAttr(a.Type, []byte(c.password)))
			}
		}
		c.hashed(xConfig, id, []payload{{pConfig, answer.append(nil)}})
	case cfgSet:
		answer.kind = cfgAck
		switch {
		case status != nil:
			answer.attrs = []attr{basicAttr(xauthStatus, 0)}
			c.note("status %d", status.Value)
		case address != nil && !c.refuseAddr:
			c.addr = netip.AddrFrom4([4]byte(address.Raw))
			answer.attrs = []attr{rawAttr(cfgAddress, nil)}
		}
		c.hashed(xConfig, id, []payload{{pConfig, answer.append(nil)}})
		switch {
		case status != nil && status.Value == 1 && !c.main:
			c.pull()
		case address != nil && !c.refuseAddr:
			c.wantPair()
		}
	case cfgReply:
		c.reply = cfg
		if address != nil && len(address.Raw) == 4 {
			c.addr = netip.AddrFrom4([4]byte(address.Raw))
			c.wantPair()
		}
	}
}

// pull asks for the configuration.
func (c *vpnClient) pull() {
	cfg := config{kind: cfgRequest, id: uint16(c.nextID + 7)}
	for _, a := range c.request {
		cfg.attrs = append(cfg.attrs, rawAttr(a, nil))
	}
	c.hashed(xConfig, c.id(), []payload{{pConfig, cfg.append(nil)}})
}

// leave says good-bye to the IKE SA.
func (c *vpnClient) leave() { c.leaveAs(c.id()) }

// leaveAs says it with a message ID.
func (c *vpnClient) leaveAs(id uint32) {
	body := binary.BigEndian.AppendUint32(nil, doiIPsec)
	body = append(body, protoISAKMP, 16, 0, 1)
	body = append(append(body, c.s.ci[:]...), c.s.cr[:]...)
	c.hashed(xInfo, id, []payload{{pDelete, body}})
}
