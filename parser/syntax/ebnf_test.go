package syntax

import (
	"reflect"
	"testing"

	"github.com/alecthomas/participle/v2/ebnf"
)

var ebnfTexts = []string{
	`A = "a"? "b"* ("c" | <d>+ | ~E!)! .`, "A = \"a\" .\nB = (?! \"x\" | y) (?= z) A .", ``, `A = .`, `A = "a`, `A = ("a" .`, `A "a" .`,
	`A = "\"" .`, `A = ~ .`, `A = "a" | .`, `A = ((("a"))) . B = <x .`, `A = <x> <y>? .`, "A = `raw` .", `A = 'c' .`, `A = "a" // c`,
	`A = a1_b . _ = B.`, `A = é .`, `A = (?"x") .`, `A = "é" .`, `1 = "a" .`,
}

// TestEBNFByHand: what is read by hand is what the library reads.
func TestEBNFByHand(t *testing.T) {
	taken := 0
	for _, text := range ebnfTexts {
		if sameEBNF(t, text) {
			taken++
		}
	}
	if taken < 5 {
		t.Errorf("only %d texts were read by hand", taken)
	}
}

func sameEBNF(t *testing.T, text string) bool {
	t.Helper()
	r := ebnfReader{text: text}
	got, ok := r.all()
	if !ok {
		return false
	}
	want, err := ebnf.ParseString(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: by hand %v, want %v, %v", text, got, want, err)
	}
	return true
}

func FuzzEBNF(f *testing.F) {
	for _, text := range ebnfTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 1<<12 {
			sameEBNF(t, text)
		}
	})
}
