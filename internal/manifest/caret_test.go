package manifest

import (
	"slices"
	"testing"
)

func TestPoetryConstraint(t *testing.T) {
	for text, want := range map[string][]string{
		"*":                    {""},
		"":                     {""},
		"^1.2.3":               {"<2,>=1.2.3"},
		"^1.2":                 {"<2,>=1.2"},
		"^1":                   {"<2,>=1"},
		"^0.2.3":               {"<0.3,>=0.2.3"},
		"^0.0.3":               {"<0.0.4,>=0.0.3"},
		"^0.0":                 {"<0.1,>=0.0"},
		"^0":                   {"<1,>=0"},
		"^1.0b2":               {"<2,>=1.0b2"},
		"~1.2.3":               {"<1.3,>=1.2.3"},
		"~1.2":                 {"<1.3,>=1.2"},
		"~1":                   {"<2,>=1"},
		"~=1.2.3":              {"~=1.2.3"},
		"1.2.*":                {"<1.3,>=1.2"},
		"1.x":                  {"<2,>=1"},
		"==1.2.*":              {"<1.3,>=1.2"},
		"!=1.2.*":              {"!=1.2.*"},
		">=3.6.*":              {">=3.6"},
		"1.2.3":                {"==1.2.3"},
		"=1.2.3":               {"==1.2.3"},
		"== 1.2.3":             {"==1.2.3"},
		">1,<=2":               {"<=2,>1"},
		">= 1.2, < 2.0, !=1.5": {"!=1.5,<2.0,>=1.2"},
		">=1.2 <2.0":           {"<2.0,>=1.2"},
		">=1 ^1.2":             {"<2,>=1,>=1.2"},
		"^1 || ^2":             {"<3,>=1"},
		"^2 | ^1":              {"<3,>=1"},
		"^1.0 || ^3.0":         {"!=2.*,<4,>=1.0"},
		"<1.2 || >=1.4":        {"!=1.2.*,!=1.3.*"},
		"~2.7 || ^3.6":         {"<2.8,>=2.7", "<4,>=3.6"},
		"1.0 || 2.0":           {"==1.0", "==2.0"},
		"^1 || *":              {""},
	} {
		got, err := PoetryConstraint(text)
		var texts []string
		for _, s := range got {
			texts = append(texts, s.String())
		}
		slices.Sort(texts)
		slices.Sort(want)
		if err != nil || !slices.Equal(texts, want) {
			t.Errorf("%q: got %q %v, want %q", text, texts, err, want)
		}
	}
	for _, text := range []string{"^", "one", "^1.2.beta.x", ">=1,,<2", "~=1.2.*", "^1 ||| x", "latest"} {
		if got, err := PoetryConstraint(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

// FuzzPoetryConstraint: what is understood is PEP 440, and says itself again.
func FuzzPoetryConstraint(f *testing.F) {
	for _, text := range []string{"^1.2", "~1.2 || ^3", ">=1,<2 !=1.5", "1.*", "<1.2 || >=1.4", "^0.0", "*"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := PoetryConstraint(text)
		for _, s := range all {
			if again, err := PoetryConstraint(s.String()); err != nil || len(again) != 1 {
				t.Errorf("%q gives %q, which gives %v %v", text, s, again, err)
			}
		}
		if err == nil && len(all) == 0 {
			t.Errorf("%q gives no alternative", text)
		}
	})
}
