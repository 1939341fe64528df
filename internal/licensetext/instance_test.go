package licensetext

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

var (
	lreComment = regexp.MustCompile(`(?s)//\*\*.*?\*\*//`)
	lreGap     = regexp.MustCompile(`__\d+__`)
)

// instance is a text that a template describes: of alternatives the first, of what may be there all, and
// none of the words that are free.
func instance(lre string) string {
	lre = lreGap.ReplaceAllString(lreComment.ReplaceAllString(lre, " "), " ")
	lre = strings.NewReplacer("((", " (( ", "))??", " ))?? ", "))", " )) ", "||", " || ").Replace(lre)
	lre = strings.ReplaceAll(lre, " )) ??", " ))??")
	text, _ := sequence(strings.Fields(lre))
	return strings.Join(text, " ")
}

// sequence eats tokens up to the end of its group.
func sequence(tokens []string) (text, rest []string) {
	skip := false
	for len(tokens) > 0 {
		token := tokens[0]
		tokens = tokens[1:]
		switch token {
		case "((":
			var inner []string
			inner, tokens = sequence(tokens)
			if !skip {
				text = append(text, inner...)
			}
		case "))", "))??":
			return text, tokens
		case "||":
			skip = true
		default:
			if !skip {
				text = append(text, token)
			}
		}
	}
	return text, nil
}

// template is the text of the licence with this name.
func template(t *testing.T, id string) string {
	t.Helper()
	all := append(licensecheck.BuiltinLicenses(), templates()...)
	i := slices.IndexFunc(all, func(l licensecheck.License) bool { return l.ID == id && l.LRE != "" })
	if i < 0 {
		t.Fatalf("there is no template %s", id)
	}
	return instance(all[i].LRE)
}

// Every template is reached: a text of it is told as one, whether its scanner is the common one or not.
func TestEveryTemplateIsReached(t *testing.T) {
	n, missed := 0, []string{}
	for _, l := range append(licensecheck.BuiltinLicenses(), templates()...) {
		if l.LRE == "" {
			continue
		}
		n++
		if got := Classify([]byte(instance(l.LRE))); len(got.IDs) == 0 || got.Coverage < sure {
			missed = append(missed, l.ID)
		}
	}
	if n < 400 || len(missed) > 0 {
		t.Errorf("of %d templates, not recognised: %q", n, missed)
	}
}
