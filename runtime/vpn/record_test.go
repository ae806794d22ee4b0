package vpn

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pixfw/ast"
)

// readPcap is the packets of a recording.
func readPcap(t *testing.T, path string) (packets [][]byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "d4c3b2a1020004000000000000000000ffff0000e4000000"; len(b) < 24 || hex.EncodeToString(b[:24]) != want {
		t.Fatalf("the file begins with %x", b[:min(24, len(b))])
	}
	for b = b[24:]; len(b) > 0; {
		if len(b) < 16 {
			t.Fatalf("%d octets are left", len(b))
		}
		n := int(binary.LittleEndian.Uint32(b[8:]))
		if len(b) < 16+n || binary.LittleEndian.Uint32(b[12:]) != uint32(n) || n < 20 || int(binary.BigEndian.Uint16(b[18:])) != n {
			t.Fatalf("record %x", b[:min(len(b), 40)])
		}
		packets = append(packets, b[16:16+n])
		b = b[16+n:]
	}
	return packets
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// What is recorded of a tunnel can be read with the keys beside it, and by nobody else.
func TestRecording(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "a.pcap")
	var said []string
	var err error
	if w.record, err = startRecording(path, w.clock, func(s string) { said = append(said, s) }); err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "WARNING: ") || !strings.Contains(said[0], path+".keys") {
		t.Errorf("said: %q", said)
	}
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	carries(w, a, b, "what nobody should read")
	back := packet("192.168.50.9", "10.0.0.5", "nor the answer")
	b.device(twin).Put(back)
	if got := a.device(twin).Get(); !bytes.Equal(got[28:], back[28:]) {
		t.Fatalf("%q", got)
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}

	for name, mode := range map[string]os.FileMode{"": 0o600, ".keys": 0o700 | os.ModeDir, ".keys/ikev1_decryption_table": 0o600, ".keys/esp_sa": 0o600, ".keys/preferences": 0o600} {
		if info, err := os.Stat(path + name); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	var first []byte
	count := map[string]int{}
	ciphered := map[string][]byte{}
	for _, p := range readPcap(t, path) {
		count[fmt.Sprintf("%d from %d", p[9], p[15])]++
		if p[9] == ast.ProtoUDP && first == nil {
			first = p
		}
		if p[9] == ast.ProtoESP {
			ciphered[fmt.Sprintf("%08x", p[20:24])] = p
		}
	}
	// Six messages of main mode, three of quick mode, two DELETEs at the end; what the other side deletes may come too.
	if count["17 from 1"] < 5 || count["17 from 2"] < 4 || count["50 from 1"] == 0 || count["50 from 2"] != 1 {
		t.Errorf("recorded: %v", count)
	}
	if first[15] != 1 || binary.BigEndian.Uint16(first[20:]) != 500 || binary.BigEndian.Uint16(first[22:]) != 500 {
		t.Fatalf("the first message: %x", first[:28])
	}
	ike := lines(t, path+".keys/ikev1_decryption_table")
	if want := hex.EncodeToString(first[28:36]) + ","; len(ike) != 1 || !strings.HasPrefix(ike[0], want) || len(ike[0]) != len(want)+16 {
		t.Errorf("keys of IKE: %q, want %s and a key of DES", ike, want)
	}

	sas := lines(t, path+".keys/esp_sa")
	if len(sas) != 2 {
		t.Fatalf("keys of ESP: %q", sas)
	}
	for i, text := range []string{"nor the answer", "what nobody should read"} {
		f := strings.Split(strings.Trim(sas[i], "\""), "\",\"")
		ends := [][]string{{"203.0.113.2", "203.0.113.1"}, {"203.0.113.1", "203.0.113.2"}}[i]
		if len(f) != 8 || f[0] != "IPv4" || f[1] != ends[0] || f[2] != ends[1] || f[4] != "AES-CBC [RFC3602]" || f[6] != "HMAC-SHA-1-96 [RFC2404]" || len(f[7]) != 42 {
			t.Fatalf("%q", sas[i])
		}
		key, err := hex.DecodeString(f[5][2:])
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		p := ciphered[f[3][2:]]
		if len(p) < 60 {
			t.Fatalf("no packet with SPI %s", f[3])
		}
		plain := make([]byte, len(p)-20-8-16-12)
		cipher.NewCBCDecrypter(block, p[28:44]).CryptBlocks(plain, p[44:len(p)-12])
		if !bytes.Contains(plain, []byte(text)) {
			t.Errorf("decrypted: %q", plain)
		}
	}
}

// A recording writes over nothing, and ends at its limit.
func TestRecordingLimits(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	for _, name := range []string{"a", "b.keys"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := startRecording(filepath.Join(dir, strings.TrimSuffix(name, ".keys")), w.clock, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is there: %v", name, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "mine" {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("left behind: %v %v", list, err)
	}
	var said []string
	path := filepath.Join(dir, "c")
	r, err := startRecording(path, w.clock, func(s string) { said = append(said, s) })
	if err != nil {
		t.Fatal(err)
	}
	r.left = 200
	for range 5 {
		r.packet(packet("10.0.0.1", "10.0.0.2", strings.Repeat("x", 40)), nil)
	}
	r.phase1([8]byte{1}, []byte{2})
	if len(said) != 2 || said[1] != "the recording stops after 2 packets: it has come to its limit of 256 MB" {
		t.Errorf("said: %q", said)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	if n := len(readPcap(t, path)); n != 2 {
		t.Errorf("%d packets", n)
	}
	if b, err := os.ReadFile(path + ".keys/ikev1_decryption_table"); err != nil || len(b) != 0 {
		t.Errorf("keys without packets: %q %v", b, err)
	}
	r.packet(packet("10.0.0.1", "10.0.0.2", ""), nil) // a reader that ends later
}
