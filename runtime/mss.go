package runtime

import "slices"

// ClampMSS lowers the segment size in the options of a SYN to most, where that is not 0, then raises it to least (sysopt connection tcpmss,
// semantics.md 1.2): was is what it was, is what it becomes. The options are other ones where it changes. Without a size nothing does.
func ClampMSS(options []byte, most, least int) (out []byte, was, is int) {
	const end, nop, mss = 0, 1, 2
	for i := 0; i+1 < len(options) && options[i] != end; {
		if options[i] == nop {
			i++
			continue
		}
		n := int(options[i+1])
		if options[i] == mss && n == 4 && i+n <= len(options) {
			was = int(options[i+2])<<8 | int(options[i+3])
			is = was
			if most > 0 {
				is = min(is, most)
			}
			if is = max(is, least); is != was {
				options = slices.Clone(options)
				options[i+2], options[i+3] = byte(is>>8), byte(is)
			}
			return options, was, is
		}
		if n < 2 {
			break
		}
		i += n
	}
	return options, 0, 0
}
