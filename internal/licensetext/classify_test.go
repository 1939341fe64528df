package licensetext

import (
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/license"
)

// goLicense is a licence file that every machine with this test has: Go's own.
func goLicense(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(build.Default.GOROOT, "LICENSE"))
	if err != nil {
		t.Skipf("Go's own licence file: %v", err)
	}
	return data
}

func TestClassify(t *testing.T) {
	mit, apache := template(t, "MIT"), template(t, "Apache-2.0")
	cases := []struct {
		name, text string
		ids        []string
		sure       bool
	}{
		{"one", mit, []string{"MIT"}, true},
		{"several", mit + "\n\nThe parser is of others:\n\n" + apache, []string{"MIT", "Apache-2.0"}, true},
		{"nothing", "All rights reserved. Ask us.", nil, false},
		{"empty", "", nil, false},
		{"an address alone", "http://www.apache.org/licenses/LICENSE-2.0", []string{"Apache-2.0"}, true},
	}
	for _, c := range cases {
		got := Classify([]byte(c.text))
		if !slices.Equal(got.IDs, c.ids) || (got.Coverage >= sure) != c.sure || got.SHA256 != digest.Of([]byte(c.text)).String() {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := Classify(goLicense(t)); !slices.Equal(got.IDs, []string{"BSD-3-Clause"}) || got.Coverage < 0.9 {
		t.Errorf("Go's own: %+v", got)
	}
}

func TestPointersAreFollowed(t *testing.T) {
	fsys := fstest.MapFS{
		"a-1.dist-info/licenses/LICENSE":        {Data: []byte("This software may be used under the terms of *either* of the licenses found in LICENSE.APACHE or LICENSE.BSD, LICENSE.absent.\n")},
		"a-1.dist-info/licenses/LICENSE.APACHE": {Data: []byte(template(t, "Apache-2.0"))},
		"a-1.dist-info/licenses/LICENSE.BSD":    {Data: []byte(template(t, "BSD-3-Clause"))},
	}
	var names []string
	for name := range fsys {
		names = append(names, name)
	}
	slices.Sort(names)
	texts, err := Scan(fsys, names)
	if err != nil || len(texts) != 3 || !slices.Equal(texts[0].Pointer, names[1:]) || !texts[0].Either || len(texts[0].IDs) > 0 {
		t.Fatalf("%+v, %v", texts, err)
	}
	d := Declared(&dist.Metadata{LicenseExpression: "Apache-2.0 OR BSD-3-Clause"})
	if why, bad := Contradiction(d, texts); bad {
		t.Error(why)
	}
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]Kind{
		"a-1.dist-info/LICENSE": Own, "a-1.dist-info/licenses/LICENSE.txt": Own, "a-1.dist-info/licenses/COPYING.LESSER": Own, "a-1.dist-info/licenses/MIT.md": Own,
		"lib/python3.14/site-packages/a-1.dist-info/LICENCE": Own, "a-1.dist-info/license_files/LICENSE": Own, "a-1.dist-info/licenses/LICENSE.apache2": Own,
		"a-1.dist-info/licenses/a/_vendor/LICENSE": Bundled, "a/_vendor/b/LICENSE": Bundled, "a/LICENSE.MIT": Bundled, "a/third_party_licenses.txt": Bundled,
		"share/licenses/openssl.txt": Bundled, "a-1.dist-info/NOTICE": Notice, "a-1.dist-info/licenses/AUTHORS.rst": Authors, "UNLICENSE": Bundled,
		"a/_vendor/b-1.dist-info/LICENSE": Bundled, "shapely-2.dist-info/licenses/LICENSE_GEOS": Bundled, "shapely-2.dist-info/licenses/LICENSE.shapely": Own, "a-1.dist-info/LICENSE-3RD-PARTY.txt": Bundled,
		"a_b-1.dist-info/LICENSE.a-b.txt": Own, "a-1.dist-info/licenses/LICENSES.third-party": Bundled, "a-1.dist-info/LICENSE_BSD3": Own,
		"a/license.py": "", "a-1.dist-info/METADATA": "", "a/licensing/x.txt": "", "a/LICENSE.py": "", "a/copyingmachine": "",
	} {
		if got := KindOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestContradiction(t *testing.T) {
	own := func(name string, ids ...string) Text { return Text{Path: name, Kind: Own, IDs: ids, Coverage: 1} }
	bundled := Text{Path: "a/_vendor/LICENSE", Kind: Bundled, IDs: []string{"GPL-3.0"}, Coverage: 1}
	vague := Text{Path: "LICENSE", Kind: Own, IDs: []string{"GPL-3.0"}, Coverage: 0.3}
	for name, c := range map[string]struct {
		declared string
		texts    []Text
		bad      bool
	}{
		"the same":                        {"MIT", []Text{own("LICENSE", "MIT")}, false},
		"another":                         {"MIT", []Text{own("LICENSE", "Apache-2.0")}, true},
		"a harder one":                    {"MIT", []Text{own("LICENSE", "GPL-3.0")}, true},
		"a harder one beside":             {"MIT", []Text{own("LICENSE", "MIT"), own("COPYING", "GPL-3.0")}, true},
		"a harder one in the same file":   {"MIT", []Text{own("LICENSE", "MIT", "GPL-3.0")}, false},
		"a milder one beside":             {"Apache-2.0", []Text{own("LICENSE", "Apache-2.0"), own("LICENSE.zlib", "Zlib")}, false},
		"said in another file of its own": {"Apache-2.0", []Text{own("a-1.dist-info/LICENSE", "MIT"), {Path: "a-1.dist-info/LICENSE-3RD-PARTY", Kind: Bundled, IDs: []string{"Zlib", "Apache-2.0"}, Coverage: 0.8}}, false},
		"said by what it vendors":         {"Apache-2.0", []Text{own("a-1.dist-info/LICENSE", "MIT"), {Path: "a/_vendor/LICENSE", Kind: Bundled, IDs: []string{"Apache-2.0"}, Coverage: 1}}, true},
		"of what is bundled":              {"MIT", []Text{own("LICENSE", "MIT"), bundled}, false},
		"hardly recognised":               {"MIT", []Text{vague}, false},
		"no text":                         {"MIT", nil, false},
		"nothing declared":                {"", []Text{own("LICENSE", "MIT")}, false},
		"two parts":                       {"MIT OR Apache-2.0", []Text{own("LICENSE-MIT", "MIT"), own("LICENSE-APACHE", "Apache-2.0")}, false},
		"one of two declared is missing":  {"MIT AND Apache-2.0", []Text{own("LICENSE", "MIT")}, false},
		"a GPL beside an LGPL":            {"LGPL-3.0-or-later", []Text{own("COPYING", "GPL-3.0"), own("COPYING.LESSER", "LGPL-3.0")}, false},
		"GPL text, -or-later declared":    {"GPL-2.0-or-later", []Text{own("COPYING", "GPL-2.0")}, false},
		"GPL 3 declared as GPL 2":         {"GPL-2.0-only", []Text{own("COPYING", "GPL-3.0")}, true},
		"one BSD for another":             {"BSD-3-Clause", []Text{own("LICENSE", "BSD-2-Clause")}, false},
		"with an exception":               {"Apache-2.0 WITH LLVM-exception", []Text{own("LICENSE", "Apache-2.0")}, false},
		"a reference may be anything":     {"LicenseRef-Acme", []Text{own("LICENSE", "MIT")}, false},
	} {
		d := license.Declare(license.Fields{Expression: c.declared})
		if why, bad := Contradiction(d, c.texts); bad != c.bad {
			t.Errorf("%s: %v %q", name, bad, why)
		}
	}
}

func TestDeclaredByText(t *testing.T) {
	d := Declared(&dist.Metadata{License: template(t, "MIT") + "\n\n"})
	if d.Expression.String() != "MIT" || d.Source != license.FromLicense {
		t.Errorf("a text in the field: %+v", d)
	}
	d = Declared(&dist.Metadata{Classifiers: []string{"License :: OSI Approved :: BSD License"}})
	if d.Expression.String() != license.BSD || !d.Ambiguous {
		t.Errorf("a classifier: %+v", d)
	}
	if d = With(d, []Text{Classify(goLicense(t))}); d.Expression.String() != license.BSD {
		t.Errorf("a text of nobody's: %+v", d)
	}
	text := Classify(goLicense(t))
	text.Kind = Own
	if d = With(d, []Text{text}); d.Expression.String() != "BSD-3-Clause" || d.Ambiguous || len(d.Notes) != 2 {
		t.Errorf("with its text: %+v", d)
	}
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "MIT License", "see LICENSE.APACHE or LICENSE-BSD", "copyright \xff\x00", "http://www.apache.org/licenses/LICENSE-2.0"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := Classify(text)
		if got.Coverage < 0 || got.Coverage > 1 || got.Size != int64(len(text)) {
			t.Errorf("%+v", got)
		}
		for _, id := range got.IDs {
			if _, err := license.ParseExpression(id); err != nil {
				t.Errorf("%q is no licence", id)
			}
		}
	})
}
