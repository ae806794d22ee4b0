package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/compiler/nft"
)

// Features says which of nft.Features a kernel has.
type Features struct {
	Lacks map[nft.Feature]bool
}

// Probe asks the kernel, in a network namespace made for it, which is gone afterwards. Needs root.
func Probe() (Features, error) {
	s, err := ownNamespace()
	if err != nil {
		return Features{}, err
	}
	f, err := s.features()
	f.Lacks[nft.KernelESP] = !s.hasESP()
	return f, errors.Join(err, s.close())
}

// probe asks the kernel for what an engine needs to know of it.
func (s *space) probe() (Features, error) {
	f, err := s.features()
	if err != nil {
		return f, err
	}
	// An association of ESP would be there for a moment, so that it is tried where nobody else is. Without such a place nobody knows.
	if own, err := ownNamespace(); err == nil {
		f.Lacks[nft.KernelESP] = !own.hasESP()
		if err := own.close(); err != nil {
			return f, err
		}
	}
	return f, f.required()
}

// ownNamespace is a network namespace that nobody else is in. It ends when it is closed.
func ownNamespace() (*space, error) {
	var s *space
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends, and with it its hold on the namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			s, err = openSpace("")
		}
		done <- err
	}()
	if err := <-done; err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	return s, nil
}

// features asks what the kernel has, of what can be asked without a trace in the namespace.
func (s *space) features() (Features, error) {
	f := Features{Lacks: map[nft.Feature]bool{}}
	b, needs, err := nft.ProbeFeatures()
	if err != nil {
		return f, err
	}
	refused, err := s.refused(b)
	if err != nil {
		return f, fmt.Errorf("ask the kernel for its features: %w", err)
	}
	for k := range refused {
		if needs[k] != "" {
			f.Lacks[needs[k]] = true
		}
	}
	err = s.do(func() error {
		// The setting is there when anything of a connection tracking is.
		_, err := os.Stat(sysctlPath("net.netfilter.nf_conntrack_timestamp"))
		f.Lacks[nft.Timestamps] = errors.Is(err, os.ErrNotExist)
		return nil
	})
	return f, err
}

// refused are the messages of a transaction that the kernel would refuse. It is not carried out: its end is missing.
func (s *space) refused(b *nft.Batch) (map[int]error, error) {
	c, err := s.openSocket(0, 8<<20)
	if err != nil {
		return nil, err
	}
	datagram := b.Datagram()
	const frame = unix.NLMSG_HDRLEN + 4
	out := map[int]error{}
	err = errors.Join(c.option(unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1), c.send(datagram[:len(datagram)-frame]), c.f.SetReadDeadline(time.Now().Add(dumpWait)))
	buf := make([]byte, 64<<10)
	for done := false; !done && err == nil; {
		var n int
		if n, err = c.receive(buf, true); err != nil {
			break
		}
		messages(buf[:n], func(typ uint16, data []byte) {
			if typ != unix.NLMSG_ERROR || len(data) < 20 {
				return
			}
			k, code := int(binary.NativeEndian.Uint32(data[12:]))-1, int32(binary.NativeEndian.Uint32(data))
			switch {
			case k < 0 || k >= len(b.Messages):
				err = fmt.Errorf("netlink: %w", unix.Errno(-code)) // of the transaction as a whole
			case code < 0:
				out[k] = unix.Errno(-code)
			}
			done = done || k == len(b.Messages)-1
		})
	}
	return out, errors.Join(err, c.close())
}

// hasESP reports whether the kernel could do ESP.
func (s *space) hasESP() bool {
	h, err := netlink.NewHandleAt(s.handle(), unix.NETLINK_XFRM)
	if err != nil {
		return false
	}
	defer h.Close()
	sa := &netlink.XfrmState{Src: net.IPv4(127, 0, 0, 1), Dst: net.IPv4(127, 0, 0, 1), Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TUNNEL, Spi: 0x7fffff01,
		Auth: &netlink.XfrmStateAlgo{Name: "hmac(sha256)", Key: make([]byte, 32)}, Crypt: &netlink.XfrmStateAlgo{Name: "cbc(aes)", Key: make([]byte, 16)}}
	if h.XfrmStateAdd(sa) != nil {
		return false
	}
	return h.XfrmStateDel(sa) == nil
}

// Missing are the features that the kernel lacks, with what that means.
func (f Features) Missing() (out []nft.FeatureRow) {
	noQueue := f.Lacks[nft.NativeQueue] && f.Lacks[nft.XTQueue]
	for _, row := range nft.Features {
		switch {
		case !f.Lacks[row.Feature], row.Feature == nft.XTQueue && !noQueue: // the other kind is the better one
			continue
		case noQueue && (row.Feature == nft.NativeQueue || row.Feature == nft.XTQueue):
			row.Without = "pools are approximated by rules (W501, W503), DNS answers are not rewritten (W504), and the limits of fragments are the kernel's"
		}
		out = append(out, row)
	}
	return out
}

// required is an error where the kernel cannot be a firewall.
func (f Features) required() error {
	var list []string
	for _, row := range f.Missing() {
		if row.Required {
			list = append(list, fmt.Sprintf("%s (%s)", row.Feature, row.Config))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return fmt.Errorf("this kernel cannot be a firewall: it has no %s", strings.Join(list, ", no "))
}

// Options are those of lowering a plan for the kernel.
func (f Features) Options() nft.Options {
	o := nft.Options{Live: true, Lacks: f.Lacks}
	if !f.Lacks[nft.NativeQueue] || !f.Lacks[nft.XTQueue] {
		o.Daemon, o.CompatQueue, o.Synproxy = true, f.Lacks[nft.NativeQueue], !f.Lacks[nft.Synproxies]
	}
	return o
}
