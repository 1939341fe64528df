package dist

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxMetadata bounds METADATA and WHEEL; the largest seen in the wild is under 2 MB.
const MaxMetadata = 16 << 20

// maxFields bounds the header fields of one file.
const maxFields = 100_000

// header is one field of an RFC 822-like file; the name is in lower case, folded lines stay joined by "\n".
type header struct{ name, value string }

// readHeaders splits data into fields and body as Python's email parser does: the first line that is no field ends them.
// It refuses what that parser would lose in silence: a field that installation depends on behind a malformed line.
func readHeaders(data []byte) (fields []header, body string, err error) {
	if len(data) > MaxMetadata {
		return nil, "", fmt.Errorf("%d bytes, more than %d", len(data), MaxMetadata)
	}
	var folded []string // the lines that continue the last field, joined once: licences have a thousand
	unfold := func() {
		if len(folded) > 0 {
			last := &fields[len(fields)-1]
			last.value = strings.Join(append([]string{last.value}, folded...), "\n")
			folded = folded[:0]
		}
	}
	defer unfold()
	rest := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	for number := 1; rest != ""; number++ {
		line, after, _ := strings.Cut(rest, "\n")
		if line == "" {
			return fields, after, nil
		}
		if len(fields) > maxFields {
			return nil, "", fmt.Errorf("more than %d fields", maxFields)
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(fields) == 0 {
				return nil, "", fmt.Errorf("line %d: continues no field", number)
			}
			folded = append(folded, strings.TrimRight(line, " \t"))
		} else if name, value, ok := cutField(line); ok {
			unfold()
			fields = append(fields, header{name, value})
		} else {
			return fields, rest, lostField(rest, number)
		}
		rest = after
	}
	return fields, "", nil
}

func cutField(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return "", "", false
		}
	}
	return strings.ToLower(name), strings.TrimSpace(value), ok && name != ""
}

// lostField reports an essential field between a malformed line and the first empty one.
func lostField(rest string, number int) error {
	head, _, _ := strings.Cut(rest, "\n\n")
	for i, line := range strings.Split(head, "\n") {
		if name, _, ok := cutField(line); ok && essential(name) {
			return fmt.Errorf("line %d is no field, and %s follows it in line %d", number, name, number+i)
		}
	}
	return nil
}

// essential tells which fields decide what is installed.
func essential(name string) bool {
	switch name {
	case "metadata-version", "name", "version", "requires-python", "requires-dist", "provides-extra", "dynamic",
		"wheel-version", "root-is-purelib":
		return true
	}
	return false
}

// group collects the values of each field in order; fields with bad UTF-8 are named in aside instead.
func group(fields []header) (values map[string][]string, aside map[string]bool) {
	values, aside = map[string][]string{}, map[string]bool{}
	for _, f := range fields {
		values[f.name] = append(values[f.name], f.value)
		if !utf8.ValidString(f.value) {
			aside[f.name] = true
		}
	}
	for name := range aside {
		delete(values, name)
	}
	return values, aside
}
