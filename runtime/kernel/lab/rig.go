package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"strconv"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
	"pixfw/runtime/kernel"
)

// A Rig is a namespace for a firewall, each of whose interfaces ends on a wire: whatever address a packet is sent to is there, and
// answers nothing. Kernel engines may be opened in it one after the other.
type Rig struct {
	hardware []string // in the order of the devices
	firewall *space
	far      *space
	near     map[int]int // link index of a device of the firewall → its number
	to       []unix.SockaddrLinklayer
	frames   [][14]byte // the Ethernet header towards each device
	out      int        // sends on the far ends
	sniff    int        // hears what the firewall sends, and the marks
	marks    uint64
	twins    uint64 // packets that the firewall has sent by devices of tunnels
	serves   bool   // packets for who serves tunnels get to him
	members  []int  // sockets in multicast groups
	jobs     chan func()
	open     bool
	closed   bool
}

const (
	markType   = 0x88b5 // local experiments (IEEE 802)
	sniffBytes = 32 << 20
)

// boxReason is what packets are logged with that the firewall lets in to itself.
const boxReason = "box"

// NewRig makes the namespaces, with a device for each hardware interface. It needs root.
func NewRig(hardware []string) (rig *Rig, err error) {
	if os.Getuid() != 0 {
		return nil, ErrNotRoot
	}
	r := &Rig{hardware: hardware, near: map[int]int{}, out: -1, sniff: -1, jobs: make(chan func())}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
			rig = nil
		}
	}()
	prefix := fmt.Sprintf("pixfw-%d-%d-", os.Getpid(), made.Add(1))
	if r.firewall, err = newSpace(prefix + "firewall"); err != nil {
		return nil, err
	}
	if r.far, err = newSpace(prefix + "wires"); err != nil {
		return nil, err
	}
	for _, s := range []*space{r.firewall, r.far} {
		if err = s.do(func() error {
			err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0)
			if os.IsNotExist(err) {
				return nil // a kernel without IPv6
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	// A fragment's transport checksum is that of the datagram, which whoever sends fragments one by one does not know.
	if err = r.firewall.do(func() error {
		return os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_checksum", []byte("0"), 0)
	}); err != nil {
		return nil, err
	}
	if err = r.connect(); err != nil {
		return nil, err
	}
	if err = r.firewall.do(func() error { return r.boxTable(false) }); err != nil {
		return nil, fmt.Errorf("table for packets to the box: %w", err)
	}
	if err = r.firewall.do(r.join); err != nil {
		return nil, err
	}
	if err = r.sockets(); err != nil {
		return nil, err
	}
	ready := make(chan error)
	go r.serve(ready)
	return r, <-ready
}

func device(i int) string { return "eth" + strconv.Itoa(i) }

// connect makes the wires. Devices without ARP send to every address at once.
func (r *Rig) connect() error {
	fw, err := netlink.NewHandleAt(r.firewall.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer fw.Close()
	far, err := netlink.NewHandleAt(r.far.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer far.Close()
	for i := range r.hardware {
		name := device(i)
		if err := fw.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name, PeerNamespace: netlink.NsFd(r.far.ns)}); err != nil {
			return fmt.Errorf("veth: %w", err)
		}
		a, err := fw.LinkByName(name)
		if err != nil {
			return err
		}
		b, err := far.LinkByName(name)
		if err != nil {
			return err
		}
		if err := errors.Join(fw.LinkSetARPOff(a), far.LinkSetARPOff(b), far.LinkSetUp(b), fw.LinkSetUp(a)); err != nil {
			return fmt.Errorf("veth: %w", err)
		}
		r.near[a.Attrs().Index] = i
		r.to = append(r.to, unix.SockaddrLinklayer{Ifindex: b.Attrs().Index, Protocol: htons(unix.ETH_P_IP)})
		var h [14]byte
		copy(h[:], a.Attrs().HardwareAddr)
		copy(h[6:], b.Attrs().HardwareAddr)
		binary.BigEndian.PutUint16(h[12:], unix.ETH_P_IP)
		r.frames = append(r.frames, h)
	}
	return nil
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// boxTable logs what the firewall has let in to itself, and takes it away: the host's own services must not answer. Only who serves
// tunnels, if there is somebody, gets his packets.
func (r *Rig) boxTable(serves bool) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	t := &nftables.Table{Name: "pixfw_rig", Family: nftables.TableFamilyIPv4}
	c.AddTable(t) // so that it is there to be deleted
	c.DelTable(t)
	c.AddTable(t)
	last := nftables.ChainPriority(1000)
	ch := c.AddChain(&nftables.Chain{Name: "box", Table: t, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookInput, Priority: &last})
	log := &expr.Log{Group: nft.LogGroup, Data: []byte(boxReason), Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX}
	c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: []expr.Any{log}})
	proto := func(n byte) []expr.Any {
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{n}}}
	}
	accept := &expr.Verdict{Kind: expr.VerdictAccept}
	if serves {
		for _, n := range []byte{unix.IPPROTO_ESP, unix.IPPROTO_AH} {
			c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: append(proto(n), accept)})
		}
		for _, port := range []uint16{500, 4500} {
			c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: append(proto(unix.IPPROTO_UDP),
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binary.BigEndian.AppendUint16(nil, port)}, accept)})
		}
	}
	c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}})
	r.serves = serves
	return c.Flush()
}

func (r *Rig) sockets() error {
	err := r.far.do(func() (err error) {
		r.out, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return err
	}
	return r.firewall.do(func() (err error) {
		if r.sniff, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			return err
		}
		const protocol, kind = 0xfffff000, 0xfffff004 // ancillary data (SKF_AD_OFF)
		filter := []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: protocol},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: markType, Jt: 3},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.ETH_P_IP, Jf: 3},
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: kind},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.PACKET_OUTGOING, Jf: 1},
			{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},
			{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		}
		if err = unix.SetsockoptSockFprog(r.sniff, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}); err != nil {
			return fmt.Errorf("packet filter: %w", err)
		}
		if err = unix.SetsockoptInt(r.sniff, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, sniffBytes); err != nil {
			return err
		}
		return unix.Bind(r.sniff, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL)})
	})
}

// serve runs jobs on a thread that stays on one processor: there, what is sent is received in the same order.
func (r *Rig) serve(ready chan<- error) {
	goruntime.LockOSThread()
	var all, one unix.CPUSet
	err := unix.SchedGetaffinity(0, &all)
	for i := 0; err == nil && i < len(all)*64; i++ {
		if all.IsSet(i) {
			one.Zero()
			one.Set(i) // the last: others like the first
		}
	}
	if err == nil {
		err = unix.SchedSetaffinity(0, &one)
	}
	ready <- err
	for job := range r.jobs {
		job()
	}
}

// run does a job on the thread of the rig.
func (r *Rig) run(job func() error) error {
	done := make(chan error)
	r.jobs <- func() { done <- job() }
	return <-done
}

// send puts a packet on the wire of a device.
func (r *Rig) send(i int, packet []byte) error {
	return unix.Sendto(r.out, packet, 0, &r.to[i])
}

// hear hands on what the firewall sends, until everything that was sent to it has gone through its rules. Packets that wait for
// the daemon may come later.
func (r *Rig) hear(buf []byte, fn func(device int, packet []byte)) error {
	r.marks++
	frame := append(r.frames[0][:12:12], markType>>8, markType&0xff)
	frame = binary.BigEndian.AppendUint64(frame, r.marks)
	if err := r.send(0, append(frame, make([]byte, 64)...)); err != nil {
		return err
	}
	end := time.Now().Add(5 * time.Second)
	for {
		mark, err := r.drain(buf, fn)
		if err != nil || mark == r.marks {
			return err
		}
		if time.Now().After(end) {
			return errors.New("the firewall's namespace does not receive what is sent to it")
		}
		fds := []unix.PollFd{{Fd: int32(r.sniff), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, 100); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// drain hands on what is there. It stops at a mark, and returns it.
func (r *Rig) drain(buf []byte, fn func(device int, packet []byte)) (mark uint64, err error) {
	for {
		n, from, err := unix.Recvfrom(r.sniff, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("hear the firewall: %w", err)
		}
		ll, ok := from.(*unix.SockaddrLinklayer)
		if !ok {
			continue
		}
		i, known := r.near[ll.Ifindex]
		switch {
		case !known:
			if ll.Hatype == unix.ARPHRD_NONE {
				r.twins++
			}
		case ll.Protocol == htons(markType):
			if ll.Pkttype != unix.PACKET_OUTGOING && n >= 8 {
				return binary.BigEndian.Uint64(buf), nil
			}
		default:
			fn(i, buf[:n])
		}
	}
}

// Open starts a kernel engine on the rig, with tables as large as limits say. Only one may be open at a time.
func (r *Rig) Open(limits kernel.Limits) (*Probe, error) {
	return r.start(limits, false, func(_ *Probe, o kernel.Options) (*kernel.Engine, error) { return kernel.New(o) })
}

// start opens an engine. serves: there is somebody beside it who serves tunnels.
func (r *Rig) start(limits kernel.Limits, serves bool, open func(*Probe, kernel.Options) (*kernel.Engine, error)) (*Probe, error) {
	if r.open || r.closed {
		return nil, errors.New("the rig is in use, or closed")
	}
	if r.serves != serves {
		if err := r.firewall.do(func() error { return r.boxTable(serves) }); err != nil {
			return nil, fmt.Errorf("table for packets to the box: %w", err)
		}
	}
	p := newProbe(r)
	if _, err := r.drain(p.buf, func(int, []byte) {}); err != nil { // what is left of the one before
		return nil, err
	}
	devices := map[string]string{}
	for i, h := range r.hardware {
		devices[h] = device(i)
	}
	var err error
	if p.Engine, err = open(p, kernel.Options{Devices: devices, Netns: "/var/run/netns/" + r.firewall.name, Observe: p.observe, Limits: limits}); err != nil {
		return nil, err
	}
	r.open = true
	return p, nil
}

// Fits reports whether the rig has all of the interfaces.
func (r *Rig) Fits(hardware []string) bool {
	for _, h := range hardware {
		found := false
		for _, have := range r.hardware {
			found = found || h == have
		}
		if !found {
			return false
		}
	}
	return true
}

// reset takes away what packets have left in the kernel.
func (r *Rig) reset() error {
	h, err := netlink.NewHandleAt(r.firewall.ns, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer h.Close()
	return h.ConntrackTableFlush(netlink.ConntrackTable)
}

// Close removes the namespaces.
func (r *Rig) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	close(r.jobs)
	errs := []error{r.leave()}
	for _, fd := range []int{r.out, r.sniff} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	for _, s := range []*space{r.firewall, r.far} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}
