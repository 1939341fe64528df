package pep440

import (
	"fmt"
	"regexp"
	"strings"
)

// fixUp is one rewrite of a malformed set that real packages publish.
type fixUp struct {
	said    string
	pattern string
	replace string
}

// fixUps are tried in this order, each on what the one before it left; the
// package named is one that needs it.
var fixUps = [...]fixUp{
	{"inserted a missing comma", `(\d)\s*([<>=~^!])`, `$1,$2`},                             // elasticsearch-dsl >=7.2.0<8.0.0
	{"read !=~ as != with .*", `!=~\s*((?:\d\.)*\d)`, `!=$1.*`},                            // jupyter-core !=~5.0
	{"dropped .* after an ordering operator", `(<=|>=|<|>)(\s*\d+(?:\.\d+)*)\.\*`, `$1$2`}, // torch >=1.9.*
	{"inserted a missing dot before *", `(\d\.\d+)\*`, `$1.*`},                             // pyzmq !=3.0*
	{"dropped a trailing comma", `,\s*$`, ``},                                              // edge of a hand-edited list
	{"dropped stray quotes", `['"]`, ``},                                                   // shellingham >= '2.7'
	{"read >dev as >0.0.0.dev0", `>\s*dev\b`, `>0.0.0.dev0`},                               // pytest-relaxed
	{"dropped .* after a suffix", `(\d(?:\.?(?:a|b|rc|post|dev))\d*)\.\*`, `$1`},           // django-modeladmin ~=1.0b1.*
}

// ParseSpecifiersLenient is ParseSpecifiers that also reads the malformed sets
// of published packages. said tells each rewrite that was needed, and is nil
// when the text was well formed; what no rewrite mends is the strict error.
func ParseSpecifiersLenient(text string) (set Specifiers, said []string, err error) {
	set, err = ParseSpecifiers(text)
	if err == nil || len(text) > MaxSpecifiers {
		return set, nil, err
	}
	fixed := text
	for _, f := range fixUps {
		next := regexp.MustCompile(f.pattern).ReplaceAllString(fixed, f.replace)
		if next == fixed {
			continue
		}
		said = append(said, fmt.Sprintf("%s in %q", f.said, strings.TrimSpace(text)))
		fixed = next
		if set, lerr := ParseSpecifiers(fixed); lerr == nil && len(set) > 0 { // never silently "any"
			return set, said, nil
		}
	}
	return nil, nil, err
}
