package osv_test

import (
	"strings"
	"testing"

	"snug/internal/osv"
)

// affectedBy reads one range in a notation: "i:1.0 f:2.0 l:3.0 m:4.0 v:1.5" are
// introduced, fixed, last_affected, limit and a listed version; "|" begins another
// range, "git" and "semver" make it one of that type.
func affectedBy(ecosystem, notation string) *osv.Affected {
	a := &osv.Affected{Package: osv.Package{Ecosystem: ecosystem, Name: "x"}}
	for _, text := range strings.Split(notation, "|") {
		g := osv.Range{Type: osv.TypeEcosystem}
		for _, word := range strings.Fields(text) {
			kind, v, _ := strings.Cut(word, ":")
			switch kind {
			case "git":
				g.Type = osv.TypeGit
			case "semver":
				g.Type = osv.TypeSemver
			case "i":
				g.Events = append(g.Events, osv.Event{Introduced: v})
			case "f":
				g.Events = append(g.Events, osv.Event{Fixed: v})
			case "l":
				g.Events = append(g.Events, osv.Event{LastAffected: v})
			case "m":
				g.Events = append(g.Events, osv.Event{Limit: v})
			case "v":
				a.Versions = append(a.Versions, v)
			}
		}
		if g.Events != nil {
			a.Ranges = append(a.Ranges, g)
		}
	}
	return a
}

func TestMatch(t *testing.T) {
	cases := []struct{ why, affected, in, out string }{
		{"an interval", "i:1.0 f:2.0", "1.0 1.5 1.0.0 v1.9 1.0.post1 2.0rc1", "0.9 2.0 2.0.0 2.0.post1 1.0rc1 3"},
		{"from the start", "i:0 f:2.0", "0.dev0 0a1 0 1 2.0.dev1", "2.0 2!0"},
		{"open", "i:3.2", "3.2 99 1!0", "3.1 3.2a1"},
		{"last_affected", "i:1 l:2.0", "1 2.0 2.0+cpu 2", "2.0.post1 2.0.1 0.9"},
		{"limit", "i:1 m:2.0", "1 1.9", "2.0 3 0.9"},
		{"several limits", "i:0 m:1.0 m:2.0", "1.5", "2.0"},
		{"no limit", "i:0 m:1.0 m:*", "1.5 7", ""},
		{"several pairs", "i:1 f:1.5 i:2 f:2.5", "1 1.4 2 2.4", "0.1 1.5 1.9 2.5"},
		{"events in no order", "f:2.5 i:2 f:1.5 i:1", "1 1.4 2 2.4", "0.1 1.5 1.9 2.5"},
		{"fixed before introduced at equal versions", "i:2.0 f:2.0.0", "2.0 3", "1"},
		{"the same the other way round", "f:2.0 i:2.0.0 f:3.0", "2.0 2.5", "1 3"},
		{"a GIT range does not end it", "git i:0 f:abcdef | i:1 f:2", "1.5", "0.5 2"},
		{"two of them", "git i:0 f:abcdef | git i:0 | i:1 f:2", "1.5", "0.5 2"},
		{"only GIT", "git i:0", "", "1.5 0"},
		{"SEMVER of a Python package", "semver i:1.0 f:2.0", "1.0.post1 1.5", "2.0"},
		{"listed besides ranges", "i:3.2 f:3.3 v:3.2a1", "3.2a1 3.2.1", "3.2a2 3.3"},
		{"listed spelled otherwise", "v:1.0", "1.0 1.0.0 v1.0 1.0+cpu 1", "1.0.1 1.0.post1 1.0rc1"},
		{"listed with a label", "v:1.0+cpu", "1.0+cpu 1.0.0+CPU", "1.0 1.0+cuda"},
		{"a label in a bound", "i:0 f:1.0+patched1", "1.0 0.9", "1.0+patched1 1.0+patched2"},
		{"a label does not hide", "i:1.0 f:1.2", "1.1+cpu 1.0+cpu", "1.2+cpu 0.9+cpu"},
		{"a bound that is no version: only what is listed", "i:0 f:0.2.0-n653 v:0.1", "0.1 0.1.0", "0.0.1 0.3"},
		{"but other ranges count", "i:0 f:2019-09-12 | i:5 f:6", "5.5", "4"},
		{"an installed version that is none", "i:0 v:1.0-custom-x", "1.0-custom-x", "1.0-custom-y"},
		{"an epoch", "i:0 f:1!1.0", "5 1!0.9", "1!1.0"},
		{"a type of a later schema", "", "", "1"},
	}
	for _, c := range cases {
		a := affectedBy(osv.PyPI, c.affected)
		reduced := *a
		reduced.Versions = a.Beyond()
		for word, want := range map[string]bool{c.in: true, c.out: false} {
			for _, v := range strings.Fields(word) {
				e, got := a.Match(v)
				if got != want {
					t.Errorf("%s: %s of %s: %v (%s), want %v", c.why, v, c.affected, got, e, want)
				}
				if _, again := reduced.Match(v); again != got {
					t.Errorf("%s: %s: without what ranges cover it is %v, with it %v", c.why, v, again, got)
				}
			}
		}
	}
}

// What cannot be read is said.
func TestMatchSays(t *testing.T) {
	for _, c := range []struct{ affected, version, want string }{
		{"i:0 f:0.2.0-n653", "0.1", "0.2.0-n653"},
		{"i:0 f:2", "1.0-custom-x", "1.0-custom-x"},
	} {
		e, in := affectedBy(osv.PyPI, c.affected).Match(c.version)
		if in || len(e.Notes) != 1 || !strings.Contains(e.Notes[0], c.want) {
			t.Errorf("%s of %s: %v %+v", c.version, c.affected, in, e)
		}
	}
}

func TestEvidence(t *testing.T) {
	for _, c := range []struct{ affected, version, want string }{
		{"i:0 f:2", "1", "<2"},
		{"i:1 f:1.5 i:2 f:2.5", "2.1", ">=2, <2.5"},
		{"i:1 f:1.5 i:2 f:2.5", "1.1", ">=1, <1.5"},
		{"i:1 l:2", "2", ">=1, <=2 (no fix stated)"},
		{"i:1", "2", ">=1 (no fix stated)"},
		{"i:0", "2", "every version (no fix stated)"},
		{"v:1.0", "1", "listed as 1.0"},
	} {
		e, in := affectedBy(osv.PyPI, c.affected).Match(c.version)
		if !in || e.String() != c.want {
			t.Errorf("%s of %s: %v %q, want %q", c.version, c.affected, in, e, c.want)
		}
	}
}

// Other things than Python packages are compared by their numbers and letters.
func TestMatchLoose(t *testing.T) {
	cases := []struct{ affected, in, out string }{
		{"i:1.1.1 f:1.1.1k", "1.1.1 1.1.1a 1.1.1j", "1.1.1k 1.1.1l 1.1.0 1.1.2"},
		{"i:3.0.0 f:3.0.8", "3.0.0 3.0.7", "3.0.8 3.0.0-alpha3 3.1.0 1.1.1"},
		{"semver i:3.0.0 f:3.0.8", "3.0.7", "3.0.8 3.0.0-alpha3"},
		{"git i:0 f:abc v:v3.11.4 v:v3.12.0rc1", "3.11.4 3.12.0rc1", "3.11.3 3.12.0 3.11.40"},
		{"v:openssl-3.0.8 v:OpenSSL_1_1_1k", "3.0.8 1.1.1k", "3.0.9 1.1.1"},
		{"v:version-3.45.1", "3.45.1 3.45.1.0", "3.45.2"},
		{"v:R_2_5_0 v:bzip2-1.0.8 v:v5.4.1", "2.5.0 1.0.8 5.4.1", "2.5.1 1.0.6"},
	}
	for _, c := range cases {
		a := affectedBy("", c.affected)
		for word, want := range map[string]bool{c.in: true, c.out: false} {
			for _, v := range strings.Fields(word) {
				if e, got := a.Match(v); got != want {
					t.Errorf("%s of %s: %v (%s), want %v", v, c.affected, got, e, want)
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	good := []string{
		`{"id":"X-1","modified":"2024-01-01T00:00:00Z"}`,
		`{"id":"X-1","modified":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Echo","name":"a"}}],"new_field":[1]}`,
		`{"id":"X-1","modified":"0001-01-01T00:00:00Z","aliases":["CVE-1 ,"]}`,
	}
	for _, text := range good {
		if _, err := osv.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	bad := []string{
		``, `[]`, `{}`, `{"id":"X-1"}`, `{"id":"../x","modified":"2024-01-01T00:00:00Z"}`, `{"id":"X-1","modified":"yesterday"}`,
		`{"id":"X-1","modified":"2024-01-01T00:00:00Z","aliases":[""]}`, `{"id":"X-1","modified":"2024-01-01T00:00:00Z","affected":{}}`,
		`{"id":"X-1","modified":"2024-01-01T00:00:00Z","aliases":["A\u001b[2J"]}`,
		`{"id":"X-1","modified":"2024-01-01T00:00:00Z","affected":[{"versions":["` + strings.Repeat("1", 2000) + `"]}]}`,
	}
	for _, text := range bad {
		if r, err := osv.Parse([]byte(text)); err == nil {
			t.Errorf("%.60s: %+v", text, r)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte(`{"id":"X-1","modified":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1"},{"fixed":"2"}]}],"versions":["1.0","x"]}]}`), "1.5+cpu")
	f.Add([]byte(`{"id":"X-1","modified":"2024-01-01T00:00:00Z","affected":[{"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"last_affected":"1.1.1k"}]}],"versions":["v3.1"]}]}`), "3.1")
	f.Fuzz(func(t *testing.T, data []byte, version string) {
		r, err := osv.Parse(data)
		if err != nil {
			return
		}
		for i := range r.Affected {
			a := &r.Affected[i]
			_, in := a.Match(version)
			reduced := *a
			reduced.Versions = a.Beyond()
			if _, again := reduced.Match(version); again != in {
				t.Errorf("%q: %v, without what ranges cover %v", version, in, again)
			}
		}
	})
}

// What is prepared answers as what is not.
func TestPrepare(t *testing.T) {
	a := osv.Affected{Package: osv.Package{Ecosystem: "PyPI", Name: "web"}, Versions: []string{"0.5"}, Ranges: []osv.Range{
		{Type: "GIT", Events: []osv.Event{{Introduced: "abc"}}},
		{Type: "ECOSYSTEM", Events: []osv.Event{{Introduced: "1.0"}, {Fixed: "no-version"}}},
		{Type: "ECOSYSTEM", Events: []osv.Event{{Introduced: "2.0"}, {Fixed: "2.2"}}},
	}}
	b := a
	b.Prepare()
	for _, v := range []string{"0.5", "1.0", "1.5", "2.0", "2.1+cpu", "2.2", "3"} {
		e, in := a.Match(v)
		f, also := b.Match(v)
		if in != also || e.String() != f.String() || strings.Join(e.Notes, "|") != strings.Join(f.Notes, "|") || len(e.Notes) != 1 && v != "2.1+cpu" && v != "2.0" {
			t.Errorf("%s: %+v %v, prepared %+v %v", v, e, in, f, also)
		}
	}
}
