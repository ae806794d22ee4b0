package emulator

import "slices"

// clampMSS lowers the segment size that a SYN offers to what `sysopt connection tcpmss` allows (semantics.md 1.2), or raises it to
// the minimum.
func (e *Engine) clampMSS(f *flight) {
	o, s := f.pkt.TCPOptions, &e.plan.Sysopt
	for i := 0; i+1 < len(o) && o[i] != 0; {
		if o[i] == 1 {
			i++
			continue
		}
		if o[i] == 2 && o[i+1] == 4 && i+4 <= len(o) {
			mss := int(o[i+2])<<8 | int(o[i+3])
			to := mss
			if s.TCPMSS > 0 {
				to = min(to, s.TCPMSS)
			}
			to = max(to, s.TCPMSSMin)
			if to != mss {
				o = slices.Clone(o)
				o[i+2], o[i+3] = byte(to>>8), byte(to)
				f.v.Out.TCPOptions = o
				f.pass("TCP-NORMALIZER", "segment size "+itoa(uint64(mss))+" becomes "+itoa(uint64(to)))
			}
			return
		}
		if o[i+1] < 2 {
			return
		}
		i += int(o[i+1])
	}
}
