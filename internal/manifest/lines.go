package manifest

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"snug/internal/fault"
)

// logical is one logical line of a requirements file: physical lines joined at
// their backslashes, without comments. src[start:end] is all of it, line ends
// included.
type logical struct {
	text       string
	line       int // of its first physical line
	start, end int
}

var (
	comment  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|\s+)#.*$`) })
	variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{[A-Z0-9_]+\}`) })
)

// logicalLines cuts src as pip does: join, then strip comments; a comment line
// ends a joined line.
func logicalLines(src []byte) []logical {
	var out []logical
	var cur *logical
	var joined strings.Builder
	text := string(src)
	for at, n := 0, 1; at < len(text); n++ {
		next := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		raw := strings.TrimRight(text[at:next], "\r\n")
		if at == 0 {
			raw = strings.TrimPrefix(raw, "\uFEFF")
		}
		if cur == nil {
			cur = &logical{line: n, start: at}
		}
		isComment := strings.HasPrefix(strings.TrimSpace(raw), "#")
		joins := strings.HasSuffix(raw, `\`) && !isComment
		if isComment {
			raw = " " + raw
		}
		joined.WriteString(strings.TrimRight(raw, `\`))
		at, cur.end = next, next
		if joins && at < len(text) {
			continue
		}
		cur.text = strings.TrimSpace(comment().ReplaceAllString(joined.String(), ""))
		joined.Reset()
		out = append(out, *cur)
		cur = nil
	}
	return out
}

// checkText refuses what is not UTF-8 before anything is read from it.
func checkText(name string, src []byte) error {
	if utf8.Valid(src) && !strings.ContainsRune(string(src), 0) {
		return nil
	}
	return fault.New(fault.Input, "save it as UTF-8", "%s: not a UTF-8 text file", name)
}

// expand replaces ${NAME}; only upper case names, as pip does. An unset one is
// an error: a URL with a hole in it would be asked for otherwise.
func expand(text string, env func(string) string) (out, missing string) {
	out = variable().ReplaceAllStringFunc(text, func(m string) string {
		v := env(m[2 : len(m)-1])
		if v == "" && missing == "" {
			missing = m
		}
		return v
	})
	return out, missing
}

// words splits a line at blanks, keeping 'quoted' and "quoted" parts whole.
func words(text string) []string {
	var out []string
	var b strings.Builder
	quote, open := rune(0), false
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			b.WriteRune(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ' || r == '\t':
			if open || b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
			open = false
		default:
			b.WriteRune(r)
		}
	}
	if open || b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}
