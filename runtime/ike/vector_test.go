package ike

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"os"
	"regexp"
	"strings"
	"testing"
)

// frames are the UDP datagrams to and from the ports of IKE in a capture.
func frames(t *testing.T, file string) (out []Datagram) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Skip("the captured login is not beside the source")
	}
	for b = b[24:]; len(b) >= 16; {
		n := int(binary.LittleEndian.Uint32(b[8:]))
		f := b[16 : 16+n]
		b = b[16+n:]
		if len(f) < 42 || f[12] != 8 || f[13] != 0 || f[23] != 17 {
			continue
		}
		udp := f[14+int(f[14]&15)*4:]
		out = append(out, Datagram{If: int(binary.BigEndian.Uint16(udp)), Payload: udp[8:binary.BigEndian.Uint16(udp[4:])]})
	}
	return out
}

// Keys, IVs and hashes of a login that two others have made with each other, down to the packets of its tunnel.
func TestCapturedLogin(t *testing.T) {
	const base = "../../../shared/lab/traces/vpnc-charon-desmd5."
	packets := frames(t, base+"pcap")
	log, err := os.ReadFile(base + "vpnc-debug99.txt")
	if err != nil {
		t.Skip("the captured login is not beside the source")
	}
	stated := func(name string) []byte {
		t.Helper()
		m := regexp.MustCompile(`\n +` + name + `:\s*((?:[0-9a-f]{8}\s+)+)`).FindSubmatch(log)
		if m == nil {
			t.Fatalf("no %s in the log", name)
		}
		return unhex(strings.Join(strings.Fields(string(m[1])), ""))
	}
	s := &sa{suite: suite{enc: encDES, keyBits: 64, hash: hashMD5, group: 2, auth: authXauthPSK}, hand: &handshake{}}
	hs := s.hand
	gxy := stated("dh_shared_secret")
	ivs, nonces, pairs := map[uint32][]byte{}, map[uint32][][]byte{}, 0
	var keys [2][]byte // of ESP, by direction
	var spis [2]uint32
	esp := 0
	for i, d := range packets {
		if d.If == portNATT || i > 1 {
			if binary.BigEndian.Uint32(d.Payload) != 0 { // ESP in UDP
				for dir := range spis {
					if binary.BigEndian.Uint32(d.Payload) != spis[dir] {
						continue
					}
					n := len(d.Payload) - 12
					mac := hmac.New(md5.New, keys[dir][8:])
					mac.Write(d.Payload[:n])
					if string(mac.Sum(nil)[:12]) != string(d.Payload[n:]) {
						t.Fatal("KEYMAT: the authenticator of a packet is wrong")
					}
					block, err := des.NewCipher(keys[dir][:8])
					if err != nil {
						t.Fatal(err)
					}
					plain := make([]byte, n-16)
					cipher.NewCBCDecrypter(block, d.Payload[8:16]).CryptBlocks(plain, d.Payload[16:n])
					if plain[0] != 0x45 {
						t.Fatal("KEYMAT: a packet does not decrypt")
					}
					esp++
				}
				continue
			}
			d.Payload = d.Payload[4:]
		}
		h, body, err := parseHeader(d.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if h.flags&flagEncrypt == 0 {
			list, _, err := parsePayloads(h.next, body)
			if err != nil {
				t.Fatal(err)
			}
			s.ci, s.cr = h.ci, h.cr
			if i == 0 {
				hs.saBody, hs.gxi, hs.ni, hs.idi = find(list, pSA), find(list, pKE), find(list, pNonce), find(list, pID)
				continue
			}
			hs.gxr, hs.nr, hs.idr = find(list, pKE), find(list, pNonce), find(list, pID)
			skeyid := s.suite.pskSkeyid([]byte("cisco123"), hs.ni, hs.nr)
			if s.keys, _, err = s.suite.deriveKeys(skeyid, gxy, s.ci, s.cr); err != nil {
				t.Fatal(err)
			}
			s.iv = s.suite.phase1IV(hs.gxi, hs.gxr, s.keys.block)
			for name, got := range map[string][]byte{"skeyid": s.keys.skeyid, "skeyid_d": s.keys.d, "skeyid_a": s.keys.a, "current_iv": s.iv,
				"received hash": s.hashR(), "returned_hash": s.hashI()} {
				if string(got) != string(stated(name)) {
					t.Fatalf("%s is %x, want %x", name, got, stated(name))
				}
			}
			if string(find(list, pHash)) != string(s.hashR()) {
				t.Fatal("HASH_R")
			}
			continue
		}
		iv := s.iv
		if h.id != 0 {
			if iv = ivs[h.id]; iv == nil {
				iv = s.suite.phase2IV(s.iv, h.id, s.keys.block)
			}
		}
		plain, next, err := decrypt(s.keys.block, iv, body)
		if err != nil {
			t.Fatal(err)
		}
		list, used, err := parsePayloads(h.next, plain)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if h.id == 0 {
			if string(find(list, pHash)) != string(s.hashI()) {
				t.Fatal("HASH_I")
			}
			s.iv = next
			continue
		}
		ivs[h.id] = next
		hash := find(list, pHash)
		parts := [][]byte{word(h.id), plain[genericSize+len(hash) : used]}
		if n := nonces[h.id]; h.exchange == xQuick && len(n) == 1 {
			parts = [][]byte{word(h.id), n[0], parts[1]}
		} else if h.exchange == xQuick && len(n) == 2 {
			parts = [][]byte{{0}, word(h.id), n[0], n[1]}
		}
		if string(s.suite.prf(s.keys.a, parts...)) != string(hash) {
			t.Fatalf("packet %d: the hash is wrong", i)
		}
		if n := find(list, pNonce); n != nil {
			nonces[h.id] = append(nonces[h.id], n)
			offer, err := parseSA(find(list, pSA))
			if err != nil {
				t.Fatal(err)
			}
			spis[len(nonces[h.id])-1] = binary.BigEndian.Uint32(offer[len(offer)-1].spi)
		} else if n := nonces[h.id]; h.exchange == xQuick && len(n) == 2 {
			for dir := range keys {
				keys[dir] = s.suite.keymat(s.keys.d, nil, protoESP, spis[dir], n[0], n[1], 24)
			}
			pairs++
		}
	}
	if pairs != 1 || esp < 4 {
		t.Errorf("%d quick modes, %d packets of ESP", pairs, esp)
	}
}
