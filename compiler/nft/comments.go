package nft

import (
	"fmt"
	"strings"
)

// An XlateKind says between which interfaces the translations of a map are, and by which access list, by their names. It is the comment of the
// map, for the process that follows one which died.
type XlateKind struct{ Real, Mapped, List string }

const xlateComment = "xlate"

// maxSetComment is what the kernel keeps of a comment: longer ones are left out, and their translations end with the process.
const maxSetComment = 250

func (k XlateKind) String() string {
	text := strings.TrimSpace(strings.Join([]string{xlateComment, k.Real, k.Mapped, k.List}, " "))
	if strings.ContainsAny(text, "\"\\") || len(text) > maxSetComment {
		return ""
	}
	return text
}

// ParseXlateKind reads a comment; false: it is none of an XlateKind.
func ParseXlateKind(comment string) (k XlateKind, ok bool) {
	w := strings.Split(comment, " ")
	if len(w) < 3 || len(w) > 4 || w[0] != xlateComment {
		return k, false
	}
	k.Real, k.Mapped = w[1], w[2]
	if len(w) == 4 {
		k.List = w[3]
	}
	return k, true
}

// XlateTerms are what the line that made a translation says of its host. They are the comment of its element, where they say anything.
type XlateTerms struct {
	Conns, Half int  // limits; 0: none
	DNS         bool // addresses in DNS answers are translated
}

const termsText = "conns %d half-open %d dns %t"

func (t XlateTerms) String() string {
	if t == (XlateTerms{}) {
		return ""
	}
	return fmt.Sprintf(termsText, t.Conns, t.Half, t.DNS)
}

// ParseXlateTerms reads a comment; false: it is none of XlateTerms.
func ParseXlateTerms(comment string) (t XlateTerms, ok bool) {
	if comment == "" {
		return t, true
	}
	n, err := fmt.Sscanf(comment, termsText, &t.Conns, &t.Half, &t.DNS)
	return t, err == nil && n == 3 && t.Conns >= 0 && t.Half >= 0 && t.String() == comment
}
