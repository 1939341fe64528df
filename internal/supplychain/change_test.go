package supplychain

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/inventory"
)

func TestOfChange(t *testing.T) {
	natives := func(paths ...string) *inventory.Facts {
		f := facts(nil)
		for _, p := range paths {
			f.Natives = append(f.Natives, inventory.Native{Path: p})
		}
		return f
	}
	top := func(names ...string) *inventory.Facts { f := facts(nil); f.TopLevel = names; return f }
	points := func(group string) *inventory.Facts {
		f := facts(nil)
		f.EntryPoints = []inventory.EntryPoint{{Group: group, Name: "x", Value: "acme:x"}}
		return f
	}
	for name, c := range map[string]struct {
		before, now *inventory.Facts
		want        string
	}{
		"the same":                     {facts(code("import a"), "sitecustomize.py"), facts(code("import a"), "sitecustomize.py"), ""},
		"for another interpreter":      {natives("lib/python3.13/site-packages/a/_x.cpython-313-x86_64-linux-gnu.so"), natives("lib/python3.14/site-packages/a/_x.cpython-314-x86_64-linux-gnu.so"), ""},
		"another build of a library":   {natives("site-packages/a.libs/libz-1a2b3c4d.so.1.2.13"), natives("site-packages/a.libs/libz-ffffffff.so.1.3.1"), ""},
		"machine code":                 {natives(), natives("site-packages/a/_x.abi3.so"), "new-native"},
		"machine code of another name": {natives("site-packages/a/_x.abi3.so"), natives("site-packages/a/_x.abi3.so", "site-packages/a/_y.abi3.so"), "new-native"},
		"a name to import":             {top("acme"), top("acme", "acme_extra"), "new-top-level"},
		"a name less":                  {top("acme", "acme_extra"), top("acme"), ""},
		"a .pth file":                  {facts(nil), facts(code("import a")), "new-install-hook"},
		"a plugin of pytest":           {facts(nil), points("pytest11"), "new-install-hook"},
		"another entry point":          {facts(nil), points("acme.plugins"), ""},
	} {
		if got := ids(OfChange(c.before, c.now)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"requests", "reqests", true}, {"requests", "requestss", true}, {"requests", "requezts", true}, {"requests", "reqeusts", true},
		{"python-dateutil", "pythondateutil", true}, {"python-dateutil", "dateutil-python", true}, {"python-dateutil", "python-dateutils", true},
		{"requests", "request", true}, {"boto3", "boto4", false}, {"psycopg", "psycopg2", false}, {"py3-acme", "py2-acme", false},
		{"yarl", "yarn", false}, {"requests", "httpx", false}, {"django", "django-filter", false}, {"flask", "flask-cors", false},
		{"requests", "rqeeusts", false}, {"abcde", "abcde", true}, {"ab-cde", "cde-ab", true}, {"numpyx", "xnumpy", false},
	} {
		if near(c.a, c.b) != c.want || near(c.b, c.a) != c.want {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.want)
		}
	}
	known := slices.Values([]string{"requests", "requestz", "flask", "requests"})
	if got := Near("reqests", known); !slices.Equal(got, []string{"requests"}) {
		t.Errorf("%q", got)
	}
	if got := Near("requestz", known); got != nil {
		t.Errorf("a known name is near %q", got)
	}
}

func TestOfName(t *testing.T) {
	now := day0.Add(20 * 24 * time.Hour)
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "1.%d ", i)
		}
		return b.String()
	}
	project := func(name, versions string, age time.Duration) *fakeProject { return &fakeProject{name, versions, age} }
	year := 365 * 24 * time.Hour
	for what, c := range map[string]struct {
		own, other *fakeProject
		want       string
	}{
		"new, beside one of long standing": {project("acmee", "0.1", time.Hour), project("acme", many(40), 5*year), "first-release typosquat"},
		"half a year old":                  {project("acmee", "0.1", year/2), project("acme", many(40), 5*year), "typosquat"},
		"two years old":                    {project("acmee", "0.1", 2*year), project("acme", many(40), 5*year), ""},
		"with a history of its own":        {project("acmee", many(12), year/2), project("acme", many(90), 5*year), ""},
		"beside one that is hardly more":   {project("acmee", "0.1 0.2", year/2), project("acme", many(6), 5*year), ""},
		"beside one as young":              {project("acmee", "0.1", year/2), project("acme", many(40), year), ""},
		"new, alone":                       {project("acmee", "0.1", time.Hour), nil, "first-release"},
		"the other has no files":           {project("acmee", "0.1", year/2), project("acme", "", year), ""},
	} {
		var others []*fakeProject
		if c.other != nil {
			others = append(others, c.other)
		}
		got, err := OfName(c.own.listing(t, now), listings(t, others, now), now)
		if err != nil || ids(got) != c.want {
			t.Errorf("%s: %q, want %q (%v)", what, ids(got), c.want, err)
		}
	}
}
