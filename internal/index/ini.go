package index

import (
	"fmt"
	"strings"
)

// parseINI reads Python's configparser format as far as pip uses it: sections,
// "key = value" or "key: value", comments on lines of their own, values that go
// on in indented lines (joined with a newline). Keys are lower case with
// dashes, as pip normalises them.
func parseINI(text string) (map[string]map[string]string, error) {
	sections := map[string]map[string]string{}
	var section map[string]string
	last := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		body := strings.TrimLeft(line, " \t")
		switch {
		case body == "" || body[0] == '#' || body[0] == ';':
		case body != line && last != "":
			section[last] = strings.TrimPrefix(section[last]+"\n"+body, "\n")
		case body[0] == '[' && strings.HasSuffix(body, "]"):
			name := body[1 : len(body)-1]
			if sections[name] == nil {
				sections[name] = map[string]string{}
			}
			section, last = sections[name], ""
		default:
			cut := strings.IndexAny(body, "=:")
			if cut <= 0 || section == nil {
				return nil, fmt.Errorf("line %d: neither a [section] nor a key in one", i+1)
			}
			key := strings.ToLower(strings.TrimSpace(body[:cut]))
			last = strings.ReplaceAll(strings.TrimPrefix(key, "--"), "_", "-")
			section[last] = strings.TrimSpace(body[cut+1:])
		}
	}
	return sections, nil
}
