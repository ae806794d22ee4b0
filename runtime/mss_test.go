package runtime

import "testing"

func TestClampMSS(t *testing.T) {
	for _, c := range []struct {
		options     string
		most, least int
		out         string
	}{
		{"", 1000, 1200, ""},
		{"\x02\x04\x05\xb4", 1000, 0, "\x02\x04\x03\xe8"},
		{"\x02\x04\x05\xb4", 0, 0, "\x02\x04\x05\xb4"},
		{"\x02\x04\x05\xb4", 1000, 1200, "\x02\x04\x04\xb0"},
		{"\x01\x02\x04\x02\x00\x00", 1380, 1200, "\x01\x02\x04\x04\xb0\x00"},
		{"\x04\x02\x03\x03\x07\x02\x04\x05\xb4", 1000, 0, "\x04\x02\x03\x03\x07\x02\x04\x03\xe8"},
		{"\x00\x02\x04\x05\xb4", 1000, 0, "\x00\x02\x04\x05\xb4"},                 // behind the end
		{"\x02\x04\x05", 1000, 0, "\x02\x04\x05"},                                 // cut off
		{"\x02\x03\x05\x02\x04\x05\xb4", 1000, 0, "\x02\x03\x05\x02\x04\x03\xe8"}, // of another length: no size
		{"\x08\x00\x02\x04\x05\xb4", 1000, 0, "\x08\x00\x02\x04\x05\xb4"},         // an option without a length
		{"\xfe\x06\x02\x04\x05\xb4", 1000, 0, "\xfe\x06\x02\x04\x05\xb4"},         // in another option
		{"\x02", 1000, 0, "\x02"},
	} {
		in := []byte(c.options)
		out, was, is := ClampMSS(in, c.most, c.least)
		if string(out) != c.out || (was != is) != (c.out != c.options) || string(in) != c.options {
			t.Errorf("%q, %d to %d: %q, %d, %d; want %q", c.options, c.least, c.most, out, was, is, c.out)
		}
	}
}
