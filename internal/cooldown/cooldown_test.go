package cooldown

import (
	"reflect"
	"testing"
	"time"
)

func TestParseAge(t *testing.T) {
	for text, want := range map[string]Age{
		"0": 0, "0d": 0, "12h": Age(12 * time.Hour), "24h": Age(day), "7d": Age(7 * day), "2w": Age(14 * day), "3650d": maxAge,
	} {
		if got, err := ParseAge(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "7", "d", "-7d", "+7d", "7 d", "7days", "1.5d", "P7D", "3651d", "99999999999999999999d", "4294967295w", "2026-01-01"} {
		if got, err := ParseAge(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzParseAge(f *testing.F) {
	for _, s := range []string{"0", "7d", "12h", "2w", "24h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAge(text)
		if err != nil {
			return
		}
		if again, err := ParseAge(a.String()); again != a || err != nil || a < 0 || a > maxAge {
			t.Errorf("%q is %v, and that is %v, %v", text, a, again, err)
		}
	})
}

func TestAmend(t *testing.T) {
	base := Policy{Default: Age(7 * day), Packages: map[string]Age{"django": 0}, Indexes: map[string]Age{"internal": 0}}
	for _, c := range []struct {
		say  []string
		want Policy
	}{
		{nil, base},
		{[]string{"2w"}, Policy{Default: Age(14 * day), Packages: base.Packages, Indexes: base.Indexes}},
		{[]string{"My_Lib=1d"}, Policy{Default: base.Default, Packages: map[string]Age{"django": 0, "my-lib": Age(day)}, Indexes: base.Indexes}},
		{[]string{"0"}, Policy{}},
		{[]string{"0", "a=1d", "3d"}, Policy{Default: Age(3 * day), Packages: map[string]Age{"a": Age(day)}}},
	} {
		if got, err := base.Amend(c.say); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v", c.say, got, err)
		}
	}
	if len(base.Packages) != 1 {
		t.Error("the policy itself was changed")
	}
	for _, bad := range []string{"soon", "a=", "=1d", "a b=1d", "a=b=1d"} {
		if got, err := base.Amend([]string{bad}); err == nil {
			t.Errorf("%q is taken: %+v", bad, got)
		}
	}
}

func TestFor(t *testing.T) {
	p := Policy{Default: 3, Packages: map[string]Age{"a": 0}, Indexes: map[string]Age{"in": 2}}
	for _, c := range []struct {
		pkg, index string
		want       Age
	}{{"a", "in", 0}, {"b", "in", 2}, {"b", "", 3}} {
		if got := p.For(c.pkg, c.index); got != c.want {
			t.Errorf("%s from %q: %d, want %d", c.pkg, c.index, got, c.want)
		}
	}
}
