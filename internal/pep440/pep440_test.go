package pep440

import (
	"slices"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) Version {
	t.Helper()
	v, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOrder(t *testing.T) {
	// PEP 440's own example, with versions that do and do not fit a key.
	order := strings.Fields(`0.9 1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2
		1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0+5.0 1.0.post456.dev34
		1.0.post456 1.0.15 1.1.dev1 1.1 1.255 1.256 1.256.1 2.0.0.0.1 65535 65536 20240101 1!0.1`)
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := parse(t, a).Compare(parse(t, b)); got != want {
				t.Errorf("%s and %s compare %d", a, b, got)
			}
		}
	}
	if !parse(t, "1.0").Equal(parse(t, "1")) || !parse(t, "1.0.0.0.0.0").Equal(parse(t, "1")) {
		t.Error("trailing zeros count")
	}
}

func TestZeroVersion(t *testing.T) {
	var zero Version
	if zero.String() != "" || !zero.IsZero() || zero.Compare(parse(t, "0.dev0")) >= 0 {
		t.Error("the zero value does not come first")
	}
	s, err := ParseSpecifiers(">=0")
	if err != nil || s.Contains(zero) {
		t.Errorf("the zero value satisfies >=0 (%v)", err)
	}
}

func TestText(t *testing.T) {
	var v Version
	if err := v.UnmarshalText([]byte("V1.0-Alpha.01+UBUNTU_007")); err != nil {
		t.Fatal(err)
	}
	if b, _ := v.MarshalText(); string(b) != "1.0a1+ubuntu.7" {
		t.Errorf("got %s", b)
	}
	if err := v.UnmarshalText([]byte("one")); err == nil || v.IsZero() {
		t.Errorf("a bad text: %v, version %q", err, v)
	}
}

func TestSpecifiersPrintSortedOnce(t *testing.T) {
	s, err := ParseSpecifiers(" >= 1.0 ,<2, != 1.5.*,>=1.0")
	if err != nil || s.String() != "!=1.5.*,<2,>=1.0" {
		t.Errorf("got %s, %v", s, err)
	}
}

func TestLenient(t *testing.T) {
	for _, c := range []struct{ text, want, said string }{
		{">=1,<2", "<2,>=1", ""},
		{">=7.2.0<8.0.0", "<8.0.0,>=7.2.0", "missing comma"},
		{"!=~5.0", "!=5.0.*", "!=~"},
		{">=1.9.*", ">=1.9", "ordering operator"},
		{">=2.7,!=3.0*,!=3.1*,!=3.2*", "!=3.0.*,!=3.1.*,!=3.2.*,>=2.7", "missing dot"},
		{">= '2.7'", ">=2.7", "quotes"},
		{">dev", ">0.0.0.dev0", ">dev"},
		{"~=1.0b1.*", "~=1.0b1", "after a suffix"},
		{`>='2.7',!=3.0*`, "!=3.0.*,>=2.7", "quotes"},
	} {
		s, said, err := ParseSpecifiersLenient(c.text)
		if err != nil || s.String() != c.want {
			t.Errorf("%s is read as %s, %v", c.text, s, err)
		}
		if all := strings.Join(said, "; "); c.said == "" != (all == "") || !strings.Contains(all, c.said) {
			t.Errorf("%s: said %q", c.text, all)
		}
	}
	for _, hopeless := range []string{"latest", ">=", ">=x.y", "1.0", "'"} {
		if s, _, err := ParseSpecifiersLenient(hopeless); err == nil {
			t.Errorf("%q is read as %q", hopeless, s)
		}
	}
}

func TestBounds(t *testing.T) {
	if _, err := Parse("1" + strings.Repeat(".1", MaxVersion)); err == nil {
		t.Error("a version without end is read")
	}
	if _, err := ParseSpecifiers(strings.Repeat(">=1,", MaxSpecifiers)); err == nil {
		t.Error("a set without end is read")
	}
	if _, _, err := ParseSpecifiersLenient(strings.Repeat(">=1<", MaxSpecifiers)); err == nil {
		t.Error("a broken set without end is read")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.0", "1!2.0a1.post2.dev3+x.4", "v1-1", "1.0a-", "65536.256.1", "1.0c.R", "1+0a.00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(v.String())
		if err != nil || again.String() != v.String() || again.Compare(v) != 0 || again.compareParts(v) != 0 {
			t.Errorf("%q prints as %q, that reads as %q, %v", s, v, again, err)
		}
		if v.Base().Compare(v.Public().Base()) != 0 || v.Public().Compare(v) > 0 {
			t.Errorf("%q: base or public is off", s)
		}
	})
}

func FuzzParseSpecifiers(f *testing.F) {
	for _, s := range []string{">=1,<2", "~=1.0.post1", "===x", "!=1.*", ">=7.2.0<8", "!=~5.0", ">= '2.7'"} {
		f.Add(s, "1.0")
	}
	f.Fuzz(func(t *testing.T, s, version string) {
		set, _, err := ParseSpecifiersLenient(s)
		if err != nil {
			return
		}
		again, err := ParseSpecifiers(set.String())
		if err != nil || again.String() != set.String() {
			t.Fatalf("%q prints as %q, that reads as %q, %v", s, set, again, err)
		}
		v, err := Parse(version)
		if err != nil {
			return
		}
		if again.Contains(v) != set.Contains(v) {
			t.Errorf("%q and %q differ on %s", s, set, v)
		}
		for _, c := range set {
			if opposite := (map[Operator]Operator{Equal: NotEqual, NotEqual: Equal})[c.Op]; opposite != "" {
				not, err := ParseSpecifier(string(opposite) + c.Raw)
				if err != nil || not.Contains(v) == c.Contains(v) {
					t.Errorf("%s and %s agree on %s (%v)", c, not, v, err)
				}
			}
			if !c.Contains(v) && set.Contains(v) {
				t.Errorf("%s is in %s, and not in its part %s", v, set, c)
			}
		}
	})
}

// FuzzCompare holds the packed key to the comparison part by part.
func FuzzCompare(f *testing.F) {
	f.Add("1.0", "1.0.dev1")
	f.Add("65535.255.255.255.post2097151", "65535.255.255.255.1")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := Parse(a)
		w, werr := Parse(b)
		if err != nil || werr != nil {
			return
		}
		if v.Compare(w) != v.compareParts(w) || v.Compare(w) != -w.Compare(v) {
			t.Errorf("%s and %s: %d by key, %d by parts", v, w, v.Compare(w), v.compareParts(w))
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	v, _ := Parse("1.26.4")
	w, _ := Parse("1.26.5rc1")
	for b.Loop() {
		if v.Compare(w) >= 0 {
			b.Fatal("order")
		}
	}
}

func BenchmarkSort(b *testing.B) {
	var all []Version
	for _, s := range strings.Fields(strings.Repeat("1.0 2.3.4 1.0rc1 3.0.post1 2024.1.2 0.1.dev3 ", 100)) {
		v, _ := Parse(s)
		all = append(all, v)
	}
	for b.Loop() {
		slices.SortFunc(slices.Clone(all), Version.Compare)
	}
}
