package emulator

import "pixfw/runtime"

// clampMSS lowers the segment size that a SYN offers to what `sysopt connection tcpmss` allows (semantics.md 1.2), or raises it to
// the minimum.
func (e *Engine) clampMSS(f *flight) {
	s := &e.plan.Sysopt
	if out, was, is := runtime.ClampMSS(f.pkt.TCPOptions, s.TCPMSS, s.TCPMSSMin); was != is {
		f.v.Out.TCPOptions = out
		f.pass("TCP-NORMALIZER", "segment size "+itoa(uint64(was))+" becomes "+itoa(uint64(is)))
	}
}
