package supplychain

import (
	"strings"
	"testing"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/inventory"
)

func facts(pth []inventory.Pth, hooks ...string) *inventory.Facts {
	return &inventory.Facts{Package: component.Component{Class: component.Package, Name: "acme", Version: "1.0"}, Pth: pth, Hooks: hooks}
}

func code(lines ...string) []inventory.Pth {
	return []inventory.Pth{{Path: "acme.pth", SHA256: "a", Code: lines}}
}

const finderLine = "import __editable___acme_1_0_finder; __editable___acme_1_0_finder.install()"

func TestOfFacts(t *testing.T) {
	for name, c := range map[string]struct {
		facts           *inventory.Facts
		want, installed string
	}{
		"nothing":                     {facts(nil), "", ""},
		"paths only":                  {facts([]inventory.Pth{{Path: "acme.pth", SHA256: "a", Paths: []string{"src"}}}), "", ""},
		"code":                        {facts(code("import acme_boot")), "pth-code", "pth-code"},
		"a .start file":               {facts([]inventory.Pth{{Path: "acme.start", SHA256: "a", Code: []string{"acme:main"}}}), "pth-code", "pth-code"},
		"one that was not read":       {facts([]inventory.Pth{{Path: "acme.pth"}}), "pth-code", "pth-code"},
		"a developer's tree":          {facts(code(finderLine)), "pth-code", ""},
		"what only looks like one":    {facts(code(finderLine + "; import os")), "pth-code", "pth-code"},
		"of two names":                {facts(code("import __editable___a_finder; __editable___b_finder.install()")), "pth-code", "pth-code"},
		"sitecustomize":               {facts(nil, "sitecustomize.py"), "sitecustomize", "sitecustomize"},
		"code and sitecustomize":      {facts(code("import x"), "sitecustomize/__init__.py"), "pth-code sitecustomize", "pth-code sitecustomize"},
		"the beginning of a template": {facts(code("import sys, types, os;has_mfs = 1; import acme_boot")), "pth-code", "pth-code"},
	} {
		if got := ids(OfFacts(c.facts)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := ids(OfInstalled(c.facts)); got != c.installed {
			t.Errorf("%s, installed: %q, want %q", name, got, c.installed)
		}
	}
	virtualenv := &inventory.Facts{Package: component.Component{Name: "_virtualenv.pth"}, Pth: []inventory.Pth{{Path: "_virtualenv.pth", SHA256: "a", Code: []string{"import _virtualenv"}}}}
	if got := ids(OfInstalled(virtualenv)); got != "" {
		t.Errorf("what virtualenv puts into an environment: %q", got)
	}
	virtualenv.Package.Name = "other.pth"
	if got := OfInstalled(virtualenv); ids(got) != "pth-code" || got[0].PURL != "" || !strings.HasPrefix(got[0].Summary, "no package has it") {
		t.Errorf("a file of no package: %+v", got)
	}
	f := OfFacts(facts(code("import a", strings.Repeat("import \x1b[2J", 1000))))
	if len(f) != 1 || len(f[0].Evidence) != 2 || f[0].Evidence[0] != "acme.pth: import a" || strings.Contains(f[0].Evidence[1], "\x1b") || len(f[0].Evidence[1]) > 400 {
		t.Errorf("%+v", f)
	}
}

// A template is the whole line, of any namespace where it names one, and of the package
// that it is known of.
func TestTemplates(t *testing.T) {
	line := func(name string, tuple string, parent, last string) string {
		return "import os;p = join(*(" + tuple + "));m = make('" + name + "');m and set('" + parent + "', '" + last + "', m)"
	}
	all := []template{
		{"", digest.Of([]byte(plain(line("a.b", "'a', 'b'", "a", "b")))).String()},
		{"acme", digest.Of([]byte("import own")).String()},
	}
	for _, c := range []struct {
		pkg, line string
		want      bool
	}{
		{"x", line("a.b", "'a', 'b'", "a", "b"), true},
		{"x", line("zope.app", "'zope', 'app'", "zope", "app") + " \t", true},
		{"x", line("zope.app", "'zope', 'app'", "zope", "app") + ";import evil", false},
		{"x", line("zope.app", "'zope', 'app'", "zope", "evil"), false},
		{"x", line("zope.evil", "'zope', 'app'", "zope", "app"), false},
		{"x", strings.Replace(line("a.b", "'a', 'b'", "a", "b"), "'b'))", "__import__('evil')))", 1), false},
		{"acme", "import own", true},
		{"acme", "import  own", false},
		{"other", "import own", false},
	} {
		if got := known(all, c.pkg, c.line); got != c.want {
			t.Errorf("%s: %q known: %v, want %v", c.pkg, c.line, got, c.want)
		}
	}
}
