package shell

import (
	"regexp"
	"strings"
)

// An output filter: `show ... | include|exclude|begin RE`, `| grep [-v] RE` (commands-vpn-aaa-show.md section 4.18).
type outputFilter struct {
	how string // include, exclude, begin
	re  *regexp.Regexp
}

// splitFilter cuts the filter off a line. Only show and write print enough to be filtered; elsewhere a bar is text.
func splitFilter(line string) (command string, f *outputFilter, err error) {
	command, tail, ok := strings.Cut(line, "|")
	if !ok {
		return line, nil, nil
	}
	first := strings.ToLower(strings.TrimSpace(command))
	first, _, _ = strings.Cut(first, " ")
	if !strings.HasPrefix("show", first) && !strings.HasPrefix("write", first) || len(first) < 2 {
		return line, nil, nil
	}
	word, pattern, _ := strings.Cut(strings.TrimSpace(tail), " ")
	pattern = strings.TrimSpace(pattern)
	f = &outputFilter{}
	for _, how := range []string{"include", "exclude", "begin", "grep"} {
		if word != "" && strings.HasPrefix(how, strings.ToLower(word)) {
			f.how = how
		}
	}
	switch f.how {
	case "":
		return "", nil, refused("ERROR: a filter is one of begin|include|exclude|grep [-v] <regular_exp>")
	case "grep":
		f.how = "include"
		if rest, ok := strings.CutPrefix(pattern, "-v"); ok {
			f.how, pattern = "exclude", strings.TrimSpace(rest)
		}
	}
	if pattern == "" {
		return "", nil, refused(textNotEnough + "\nUsage:\tshow <command> | begin|include|exclude|grep [-v] <regular_exp>")
	}
	if f.re, err = regexp.Compile(pattern); err != nil {
		// Many patterns are addresses and names with marks in them: take them for what they are.
		f.re = regexp.MustCompile(regexp.QuoteMeta(pattern))
	}
	return strings.TrimSpace(command), f, nil
}

func (f *outputFilter) apply(text string) string {
	if f == nil {
		return text
	}
	var b strings.Builder
	begun := false
	for line := range strings.Lines(text) {
		hit := f.re.MatchString(strings.TrimSuffix(line, "\n"))
		begun = begun || hit
		switch {
		case f.how == "include" && !hit, f.how == "exclude" && hit, f.how == "begin" && !begun:
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
