package scenario

import (
	"errors"
	"strings"
	"testing"
)

// An error is printed with its line and a caret under the place, as those of configurations are.
func TestPrintError(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"  in: tcp 10.0.0.1:1 > 10.0.0.2:x => box # why", "f:5:24: \"x\" is no number from 0 to 65535\n     5 |   in: tcp 10.0.0.1:1 > 10.0.0.2:x => box # why\n       |                        ^^^^^^^^^^\n"},
		{"sa\tü 1.1.1.1  10.0.0.0/99 0/0", "f:5:1: unknown statement \"sa\\tü\"\n     5 | sa ü 1.1.1.1  10.0.0.0/99 0/0\n       | ^^^^\n"},
		{"sa ü 1.1.1.1  10.0.0.0/99 0/0", "f:5:15: \"99\" is no number from 0 to 32\n     5 | sa ü 1.1.1.1  10.0.0.0/99 0/0\n       |               ^^^^^^^^^^^\n"},
		{"in: udp 10.0.0.1:1 >", "f:5:21: \"\" is no address\n     5 | in: udp 10.0.0.1:1 >\n       |                     ^\n"},
		{"wait", "f:5:1: usage: wait DURATION\n     5 | wait\n       | ^^^^\n"},
	} {
		_, err := Parse("f", []byte(frame+test.line+"\n"))
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", test.line, err)
		}
		var b strings.Builder
		if err := e.Print(&b); err != nil {
			t.Fatal(err)
		}
		if b.String() != test.want {
			t.Errorf("got\n%swant\n%s", b.String(), test.want)
		}
	}
	_, err := Parse("f", []byte("-- pix.cfg --\n"))
	var e *Error
	if !errors.As(err, &e) || e.Col != 0 || e.Error() != "f:1: no file scenario in the archive" {
		t.Errorf("%v", err)
	}
}
