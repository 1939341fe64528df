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

// Every template is reached: a text of it is told as the scanner of all licences tells it, also by the one
// that knows the common ones only.
func TestEveryTemplateIsReached(t *testing.T) {
	n, common := 0, 0
	for _, l := range append(licensecheck.BuiltinLicenses(), templates()...) {
		if l.LRE == "" {
			continue
		}
		n++
		if isCommon(l) {
			common++
		}
		text := []byte(instance(l.LRE))
		got, want := scan(text), resultOf(all().Scan(text))
		if len(got.ids) == 0 || got.coverage < sure || !slices.Equal(got.ids, want.ids) {
			t.Errorf("%s: %q, %.2f; by all templates %q", l.ID, got.ids, got.coverage, want.ids)
		}
	}
	if n < 400 || common < 200 || common == n {
		t.Errorf("%d templates, %d common", n, common)
	}
}
