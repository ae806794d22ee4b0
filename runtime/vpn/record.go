package vpn

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/esp"
)

// recordLimit is how many octets a recording may have, keys included. Then it stops.
const recordLimit = 256 << 20

// recording writes down what peers and the firewall send each other, and the keys of it. Its methods may be called from several
// goroutines.
//
// The packets are a pcap file of raw IPv4. Beside it is a directory that Wireshark takes as its configuration: with the tables of
// keys (ikev1_decryption_table, esp_sa), and the settings that make it use them.
type recording struct {
	clock runtime.Clock
	note  func(string)

	mu      sync.Mutex
	packets *os.File // nil: it has stopped
	ike     *os.File
	esp     *os.File
	left    int
	count   int
	known   map[uint64]bool // pairs whose keys are written
}

// The files beside a recording.
const (
	keysSuffix = ".keys"
	keysIKE    = "ikev1_decryption_table"
	keysESP    = "esp_sa"
	settings   = "preferences"
)

// wiresharkSettings make Wireshark decrypt, and take packets of port 4500 apart as ESP and IKE.
const wiresharkSettings = "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n"

// startRecording makes the files, which must not be there: nothing is written over, and nobody else has one of them open.
func startRecording(path string, clock runtime.Clock, note func(string)) (r *recording, err error) {
	r = &recording{clock: clock, note: note, left: recordLimit, known: map[uint64]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("recording: %w", err), r.close())
			r = nil
		}
	}()
	keys := path + keysSuffix
	if err = os.Mkdir(keys, 0o700); err != nil {
		return r, err
	}
	if r.packets, err = create(path); err != nil {
		return r, errors.Join(err, os.Remove(keys))
	}
	if r.ike, err = create(filepath.Join(keys, keysIKE)); err != nil {
		return r, err
	}
	if r.esp, err = create(filepath.Join(keys, keysESP)); err != nil {
		return r, err
	}
	p, err := create(filepath.Join(keys, settings))
	if err != nil {
		return r, err
	}
	_, err = p.WriteString(wiresharkSettings)
	if err = errors.Join(err, p.Close()); err != nil {
		return r, err
	}
	if _, err = r.packets.Write(pcapHeader()); err != nil {
		return r, err
	}
	if note != nil {
		note(fmt.Sprintf("WARNING: every packet of IKE and ESP is written to %s, and the keys of every tunnel to %s: who has both reads all "+
			"that goes through tunnels, logins and passwords included", path, keys))
	}
	return r, nil
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// close ends it. What went wrong meanwhile has been said.
func (r *recording) close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = 0
	var errs []error
	for _, f := range []**os.File{&r.packets, &r.ike, &r.esp} {
		if *f != nil {
			errs = append(errs, (*f).Close())
			*f = nil
		}
	}
	return errors.Join(errs...)
}

// write adds to one of the files, or stops the recording.
func (r *recording) write(f *os.File, b []byte) bool {
	if r.left == 0 {
		return false
	}
	why := error(nil)
	if len(b) > r.left {
		why = fmt.Errorf("it has come to its limit of %d MB", recordLimit>>20)
	} else if _, err := f.Write(b); err != nil {
		why = err
	}
	if why == nil {
		r.left -= len(b)
		return true
	}
	r.left = 0
	if r.note != nil {
		r.note(fmt.Sprintf("the recording stops after %d packets: %v", r.count, why))
	}
	return false
}

// pcapHeader is that of a file of raw IPv4 packets with times in microseconds (draft-ietf-opsawg-pcap).
func pcapHeader() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 65535)
	return binary.LittleEndian.AppendUint32(b, 228) // LINKTYPE_IPV4
}

// packet writes down a packet, in the parts head and body.
func (r *recording) packet(head, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	n := len(head) + len(body)
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 16+n), uint32(now.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(now.Nanosecond()/1000))
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	if r.write(r.packets, append(append(b, head...), body...)) {
		r.count++
	}
}

// datagram writes down a datagram of UDP. Its headers are made up: the sockets show none.
func (r *recording) datagram(from, to netip.AddrPort, payload []byte) {
	src, dst := from.Addr().Unmap().As4(), to.Addr().Unmap().As4()
	h := make([]byte, 28)
	h[0], h[8], h[9] = 0x45, 64, ast.ProtoUDP
	binary.BigEndian.PutUint16(h[2:], uint16(28+len(payload)))
	copy(h[12:], src[:])
	copy(h[16:], dst[:])
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum&0xffff+sum>>16))
	binary.BigEndian.PutUint16(h[20:], from.Port())
	binary.BigEndian.PutUint16(h[22:], to.Port())
	binary.BigEndian.PutUint16(h[24:], uint16(8+len(payload)))
	r.packet(h, payload)
}

// phase1 writes down the key of an IKE SA.
func (r *recording) phase1(initiator [8]byte, key []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(r.ike, fmt.Appendf(nil, "%x,%x\n", initiator, key))
}

// Names of transforms in Wireshark.
var wiresharkNames = map[string]string{
	"esp-des": "DES-CBC [RFC2405]", "esp-3des": "TripleDES-CBC [RFC2451]", "esp-aes": "AES-CBC [RFC3602]", "esp-aes-192": "AES-CBC [RFC3602]",
	"esp-aes-256": "AES-CBC [RFC3602]", "esp-null": "NULL", "": "NULL", "esp-md5-hmac": "HMAC-MD5-96 [RFC2403]", "esp-sha-hmac": "HMAC-SHA-1-96 [RFC2404]",
}

// pair writes down the keys of a pair, once. AH needs none: it hides nothing.
func (r *recording) pair(p *runtime.SAPair) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[p.ID] {
		return
	}
	for _, d := range []struct {
		src, dst netip.Addr
		k        *runtime.SAKeys
	}{{p.Peer, p.Local, &p.In}, {p.Local, p.Peer, &p.Out}} {
		if d.k.SPI == 0 {
			continue
		}
		if !r.write(r.esp, fmt.Appendf(nil, "\"IPv4\",\"%v\",\"%v\",\"0x%08x\",\"%s\",\"%s\",\"%s\",\"%s\"\n", d.src, d.dst, d.k.SPI,
			wiresharkNames[d.k.Cipher], hexKey(d.k.CipherKey), wiresharkNames[d.k.Auth], hexKey(d.k.AuthKey))) {
			return
		}
		r.known[p.ID] = true
	}
}

func hexKey(k []byte) string {
	if len(k) == 0 {
		return ""
	}
	return "0x" + hex.EncodeToString(k)
}

// recorded is a network that a recording sees.
type recorded struct {
	Network
	r *recording
}

func (n recorded) Raw(proto int, at netip.Addr) (esp.Receiver, error) {
	socket, err := n.Network.Raw(proto, at)
	if err != nil || proto == ast.ProtoICMP {
		return socket, err
	}
	return recordedRaw{socket, n.r}, nil
}

func (n recorded) UDP(at netip.AddrPort, mark uint32) (Datagrams, error) {
	socket, err := n.Network.UDP(at, mark)
	if err != nil {
		return nil, err
	}
	return recordedUDP{socket, n.r, at}, nil
}

func (n recorded) Sender(mark uint32) (Sender, error) {
	s, err := n.Network.Sender(mark)
	if err != nil || mark != nft.MarkTunnel {
		return s, err
	}
	return recordedSender{s, n.r}, nil
}

type recordedRaw struct {
	esp.Receiver
	r *recording
}

func (s recordedRaw) Receive(ms []esp.Message) (int, error) {
	n, err := s.Receiver.Receive(ms)
	for i := range n {
		s.r.packet(ms[i].Buf[:ms[i].N], nil)
	}
	return n, err
}

type recordedUDP struct {
	Datagrams
	r  *recording
	at netip.AddrPort
}

func (s recordedUDP) Receive(ms []esp.Message) (int, error) {
	n, err := s.Datagrams.Receive(ms)
	for i := range n {
		s.r.datagram(ms[i].From, s.at, ms[i].Buf[:ms[i].N])
	}
	return n, err
}

// SendTo writes down first, so that the answer comes after it.
func (s recordedUDP) SendTo(b []byte, to netip.AddrPort) error {
	s.r.datagram(s.at, to, b)
	return s.Datagrams.SendTo(b, to)
}

type recordedSender struct {
	Sender
	r *recording
}

func (s recordedSender) Send(packets [][]byte) (int, error) {
	for _, p := range packets {
		s.r.packet(p, nil)
	}
	return s.Sender.Send(packets)
}
