package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
)

// listText is a configuration whose outside list has n entries; the last one alone matches the packet that probe makes. Mixed
// lists have the protocols and addresses that are usual, ports lists name nothing but ports.
func listText(n int, ports bool) string {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	b.WriteString("nameif ethernet0 outside security0\nnameif ethernet1 inside security100\n" +
		"ip address outside 203.0.113.1 255.255.255.0\nip address inside 10.0.0.1 255.255.255.0\n")
	host := func() string { return ast.IP(20<<24 | rnd.Uint32()>>8&0x3fffff).String() }
	src := func() string {
		switch k := rnd.IntN(100); {
		case k < 35:
			return "any"
		case k < 75:
			return "host " + host()
		}
		m := ast.MaskOf(16 + rnd.IntN(13))
		return (ast.MustIP(host()) & m).String() + " " + m.String()
	}
	dst := func() string {
		if rnd.IntN(100) < 73 {
			return "host " + ast.IP(203<<24|rnd.Uint32()>>8&0x3fffff).String()
		}
		m := ast.MaskOf(20 + rnd.IntN(9))
		return (ast.IP(203<<24|rnd.Uint32()>>8&0x3fffff) & m).String() + " " + m.String()
	}
	for i := range n - 1 {
		verb := "permit"
		if rnd.IntN(100) < 18 {
			verb = "deny"
		}
		p := 1 + rnd.IntN(60000)
		if ports {
			// Pairs of ports, so that a hundred thousand differ.
			fmt.Fprintf(&b, "access-list out %s %s any eq %d any eq %d\n", verb, []string{"tcp", "udp"}[i%2], 1+rnd.IntN(60000), p)
			continue
		}
		switch k := rnd.IntN(100); {
		case k < 65:
			fmt.Fprintf(&b, "access-list out %s tcp %s %s eq %d\n", verb, src(), dst(), p)
		case k < 77:
			fmt.Fprintf(&b, "access-list out %s udp %s %s range %d %d\n", verb, src(), dst(), p, min(p+rnd.IntN(2000), 65535))
		case k < 87:
			fmt.Fprintf(&b, "access-list out %s udp %s %s\n", verb, src(), dst())
		case k < 93:
			fmt.Fprintf(&b, "access-list out %s icmp %s %s\n", verb, src(), dst())
		case k < 96:
			fmt.Fprintf(&b, "access-list out %s tcp %s any eq %d\n", verb, src(), p)
		default:
			fmt.Fprintf(&b, "access-list out %s ip host %s %s\n", verb, host(), dst())
		}
	}
	b.WriteString("access-list out permit tcp any any eq 61000\naccess-group out in interface outside\n")
	return b.String()
}

// onlyList keeps of a ruleset what judges packets by the access list, hooked to a device, before connection tracking. Nothing
// passes. Without entry the hook is there alone.
func onlyList(rs *nft.Ruleset, entry, dev string) *nft.Ruleset {
	out := &nft.Ruleset{}
	hook := nft.Chain{Name: "hook", Type: "filter", Hook: "prerouting", Priority: -300}
	dropped := []nft.Stmt{nft.Counter{}, nft.Drop{}}
	if entry != "" {
		for i := range rs.Sets {
			if strings.HasPrefix(rs.Sets[i].Name, "acl_") {
				out.Sets = append(out.Sets, rs.Sets[i])
			}
		}
		for i := range rs.Chains {
			if c := rs.Chains[i]; strings.HasPrefix(c.Name, "acl_") {
				out.Chains = append(out.Chains, c)
			}
		}
		// What is permitted ends here too.
		hook.Rules = append(hook.Rules, nft.Rule{Match: []nft.Match{{Field: nft.Iif, Name: dev}}, Do: []nft.Stmt{nft.Goto{Chain: entry}}})
		drop := nft.Chain{Name: "drop", Type: "filter", Hook: "prerouting", Priority: -299,
			Rules: []nft.Rule{{Match: []nft.Match{{Field: nft.Iif, Name: dev}}, Do: dropped}}}
		out.Chains = append(out.Chains, drop)
	} else {
		hook.Rules = append(hook.Rules, nft.Rule{Match: []nft.Match{{Field: nft.Iif, Name: dev}}, Do: dropped})
	}
	out.Chains = append(out.Chains, hook)
	return out
}

// A pipe is a pair of devices in a namespace; what is sent into one arrives at the other.
type pipe struct {
	fd    int
	index int
	mac   [6]byte
}

const pipeEnd = "acl1"

func openPipe(s *space) (*pipe, error) {
	h, err := netlink.NewHandleAt(s.handle())
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if err := h.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "acl0"}, PeerName: pipeEnd}); err != nil {
		return nil, err
	}
	p := &pipe{}
	for _, name := range []string{"acl0", pipeEnd} {
		link, err := h.LinkByName(name)
		if err == nil {
			err = h.LinkSetUp(link)
		}
		if err != nil {
			return nil, err
		}
		if name == "acl0" {
			p.index = link.Attrs().Index
		} else {
			copy(p.mac[:], link.Attrs().HardwareAddr)
		}
	}
	err = s.do(func() (err error) {
		p.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	const bypass = 20 // PACKET_QDISC_BYPASS
	return p, unix.SetsockoptInt(p.fd, unix.SOL_PACKET, bypass, 1)
}

func (p *pipe) close() { unix.Close(p.fd) }

// frame is a packet as it is sent: TCP, UDP and ICMP have their ports or their type.
func (p *pipe) frame(src, dst ast.IP, proto uint8, sport, dport uint16, icmp uint8) []byte {
	b := make([]byte, 14+20+20)
	copy(b, p.mac[:])
	b[12] = 8
	ip, l4 := b[14:34], b[34:]
	ip[0], ip[8], ip[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(ip[2:], 40)
	binary.BigEndian.PutUint32(ip[12:], uint32(src))
	binary.BigEndian.PutUint32(ip[16:], uint32(dst))
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum+sum>>16))
	if proto == ast.ProtoICMP {
		l4[0] = icmp
		return b
	}
	binary.BigEndian.PutUint16(l4, sport)
	binary.BigEndian.PutUint16(l4[2:], dport)
	l4[12], l4[13] = 0x50, 2
	return b
}

func (p *pipe) send(frame []byte) error {
	return unix.Sendto(p.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: p.index, Halen: 6})
}

// perPacket is the time that one packet takes, the best of many short rounds, in some of which nothing else has run.
func (p *pipe) perPacket(frame []byte) (time.Duration, error) {
	const n = 500
	best := time.Duration(0)
	for began := time.Now(); time.Since(began) < 700*time.Millisecond; {
		round := time.Now()
		for range n {
			if err := p.send(frame); err != nil {
				return 0, err
			}
		}
		if d := time.Since(round) / n; best == 0 || d < best {
			best = d
		}
	}
	return best, nil
}

// kernelMemory is what the kernel holds for itself, in octets.
func kernelMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	total := int64(0)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 1 && (f[0] == "Slab:" || f[0] == "Percpu:" || f[0] == "VmallocUsed:") {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			total += n << 10
		}
	}
	return total
}

// processorTime is what the process has used, collector and kernel included.
func processorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What a packet costs that the last entry of a list alone matches, and what it costs to load the list: as a tree, and as a chain.
// Skipped where there is no namespace to be had.
//
//	go test ./runtime/kernel -run '^$' -bench AccessList -benchtime 1x
func BenchmarkAccessList(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root to make a network namespace")
	}
	for _, kind := range []string{"mixed", "ports"} {
		for _, n := range []int{0, 64, 100, 1000, 10000, 100000} {
			text := ""
			if n > 0 {
				text = listText(n, kind == "ports")
			}
			for _, linear := range []bool{false, true} {
				name := fmt.Sprintf("%s/%d/tree", kind, n)
				switch {
				case n == 0 && (linear || kind == "ports"):
					continue
				case n == 0:
					name = "empty"
				case linear:
					name = fmt.Sprintf("%s/%d/chain", kind, n)
				}
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						benchList(b, text, linear)
					}
				})
			}
		}
	}
}

func benchList(b *testing.B, text string, linear bool) {
	ownSpace(b, func(s *space) {
		p, err := openPipe(s)
		if err != nil {
			b.Skipf("cannot make devices: %v", err)
		}
		defer p.close()
		began, used := time.Now(), processorTime()
		rs, entry := &nft.Ruleset{}, ""
		if text != "" {
			cfg, _, diags := parser.Load("list.cfg", []byte(text))
			plan, more := compiler.Compile(cfg)
			if err := append(diags, more...).Err(); err != nil {
				b.Fatal(err)
			}
			rs, _ = nft.Lower(plan, map[int]string{0: "eth0", 1: "eth1"}, nft.Options{Daemon: true, CompatQueue: true, Linear: linear})
			entry = "acl_out"
		}
		compiled, compiling := time.Since(began), processorTime()-used
		var batch *nft.Batch
		load := func(rs *nft.Ruleset) {
			var err error
			batch, err = rs.Batch()
			if err == nil {
				err = s.commit(batch)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		before := kernelMemory()
		began, used = time.Now(), processorTime()
		if text != "" {
			load(rs)
		}
		loaded, loading := time.Since(began), processorTime()-used
		if batch != nil {
			if err := s.check(batch, rs); err != nil {
				b.Fatal(err)
			}
		}
		verified := time.Since(began) - loaded
		memory := kernelMemory() - before
		load(onlyList(rs, entry, pipeEnd))
		d, err := p.perPacket(p.frame(ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.80"), ast.ProtoTCP, 62000, 61000, 0))
		if err != nil {
			b.Fatal(err)
		}
		rules := 0
		for i := range rs.Chains {
			rules += len(rs.Chains[i].Rules)
		}
		b.ReportMetric(float64(d.Nanoseconds()), "ns/packet")
		b.ReportMetric(float64(rules), "rules")
		b.ReportMetric(compiled.Seconds()*1000, "compile-ms")
		b.ReportMetric(loaded.Seconds()*1000, "commit-ms")
		b.ReportMetric(compiling.Seconds()*1000, "compile-cpu-ms")
		b.ReportMetric(loading.Seconds()*1000, "commit-cpu-ms")
		b.ReportMetric(verified.Seconds()*1000, "verify-ms")
		b.ReportMetric(float64(memory)/(1<<20), "kernel-MB")
		b.ReportMetric(0, "ns/op")
	})
}
