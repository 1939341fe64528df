package manifest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"snug/internal/cooldown"
	"snug/internal/fault"
)

// loadText reads a project of one pyproject.toml.
func loadText(t *testing.T, text string) (*Project, error) {
	t.Helper()
	return Load(write(t, "-- pyproject.toml --\n"+text), env)
}

// refusedTables: each must be an error of the user's that says want.
func refusedTables(t *testing.T, head string, cases map[string]string) {
	t.Helper()
	for text, want := range cases {
		_, err := loadText(t, head+text)
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%s\n got %v\nwant %s, with a hint", text, err, want)
		}
		if code := fault.CodeOf(err); err != nil && code != fault.Input && code != fault.Unsupported {
			t.Errorf("%s: code %v", text, code)
		}
	}
}

const standard = "[project]\nname = 'p'\nversion = '1'\ndependencies = ['a>=1', 'b[x]', 'c']\n"

func TestUvRefuses(t *testing.T) {
	refusedTables(t, standard+"[tool.uv]\n", map[string]string{
		"prerelease = 'disallow'":                                                  "[tool.uv] snug does not do what prerelease asks for",
		"resolution = 'oldest'":                                                    "pyproject.toml:6: [tool.uv] snug does not do what resolution",
		"no-binary = 'a'":                                                          "no-binary must be true or false",
		"no-binary-package = ['a b']":                                              `no-binary-package: "a b" names no package`,
		"no-binary = true\nno-build = true":                                        ":all: is neither to be built nor taken as a wheel",
		"index-strategy = 'unsafe-best-match'":                                     "index-strategy",
		"find-links = ['./wheels']":                                                "find-links",
		"keyring-provider = 'subprocess'":                                          "keyring-provider",
		"dependency-metadata = [{ name = 'a' }]":                                   "dependency-metadata",
		"exclude-newer = '8 months'":                                               `"8 months" is no span of time`,
		"exclude-newer = '2026-13-01'":                                             `"2026-13-01" is no span of time`,
		"exclude-newer = '90 minutes'":                                             "more than whole hours",
		"exclude-newer-package = { a = '2026-01-01' }":                             "[tool.uv.exclude-newer-package] a: snug has one date for every package",
		"exclude-newer-package = { a = true }":                                     "a must be a string",
		"exclude-newer-package = { A_b = false, a-b = '1 day' }":                   "names no package, or one that is there already",
		"exclude-newer-package = ['a']":                                            "exclude-newer-package must be a table",
		"exclude-newer = '2026-01-01'\nexclude-newer-package.a = false":            "exclude-newer-package beside a date",
		"index = [{ url = 'https://index.example/', exclude-newer = '3 days' }]":   "what exclude-newer asks for",
		"torch-backend = 'cpu'":                                                    "torch-backend",
		"frobnicate = 1":                                                           `unknown key "frobnicate"`,
		"index = [{ url = 'https://index.example/', format = 'flat' }]":            "[tool.uv.index] snug does not do what format",
		"index = [{ url = 'https://index.example/', flavour = 'x' }]":              `unknown key "flavour"`,
		"index = 'https://index.example/'":                                         "index must be an array of tables",
		"environments = ['os_nam']":                                                "environments",
		"default-groups = ['lint']":                                                `unknown dependency group "lint"`,
		"constraint-dependencies = ['a @ https://index.example/a.whl']":            "constraint-dependencies: a bounds no versions",
		"override-dependencies = ['a<1', 'a>2']":                                   "override-dependencies: a is overridden twice",
		"override-dependencies = [{ dependency = 'a' }]":                           "element 1 must be a string",
		"exclude-dependencies = ['a<1']":                                           "exclude-dependencies: a<1 is more than a name",
		"dev-dependencies = ['a b']":                                               "dev-dependencies",
		"sources.a = { git = 'https://code.example/a', branch = 'm', rev = 'x'}":   "[tool.uv.sources.a] two revisions are named",
		"sources.a = { git = 'https://code.example/a', lfs = true }":               "[tool.uv.sources.a] snug does not do what lfs asks for",
		"sources.a = { url = 'https://index.example/a.zip', subdirectory = '/x' }": `the subdirectory "/x" leads out of the source`,
		"sources.a = { index = 'x', url = 'https://index.example/a' }":             "it must name one place",
		"sources.a = { marker = \"os_name == 'nt'\" }":                             "it must name one place",
		"sources.a = { index = 'x', marker = 'os_nam' }":                           "marker",
		"sources.a = { index = 'x', extra = 'y' }":                                 "what extra asks for",
		"sources.a = { index = 'x', group = 'y' }":                                 "what group asks for",
		"sources.a = { workspace = true }":                                         "a is no member of [tool.uv.workspace]",
		"sources.a = { workspace = false }":                                        "names no place",
		"sources.a = { path = 'libs/a' }":                                          "no file or folder libs/a",
		"sources.a = 'x'":                                                          "a must be a table",
		"sources.a = ['x']":                                                        "element 1 must be a table",
		"workspace = { members = ['../x'] }":                                       "leaves the workspace",
		"workspace = { members = ['x/**'] }":                                       "** is not followed",
		"workspace = { members = ['['] }":                                          "is no glob",
		"workspace = { membres = [] }":                                             `unknown key "membres"`,
	})
}

func TestUvObeys(t *testing.T) {
	p, err := loadText(t, standard+`[dependency-groups]
lint = ["l"]
[tool.uv]
prerelease = "allow"
package = false
offline = true
exclude-newer = "2026-05-01"
dev-dependencies = ["d"]
default-groups = "all"
constraint-dependencies = ["c<3"]
override-dependencies = ["o>=2"]
exclude-dependencies = ["x"]
no-binary = false
resolution = "highest"
[tool.uv.sources]
a = { url = "https://u:p@index.example/a-1-py3-none-any.whl" }
B = { index = "own" }
[tool.snug]
overrides = ["o<2"]
`)
	if err != nil {
		t.Fatal(err)
	}
	if p.Local != nil || !p.Offline || !p.Strategy.Prereleases || !p.AsOf.Equal(time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", p)
	}
	expect(t, "prod", texts(p.Runtimes[0].Requirements), []string{"a @ https://index.example/a-1-py3-none-any.whl", "b[x]", "c"})
	expect(t, "dev", texts(p.Runtimes[2].Requirements), []string{"d", "l"})
	expect(t, "constraints", texts(p.Constraints), []string{"c<3", "a>=1"})
	expect(t, "overrides", texts(p.Overrides), []string{"o<2"}) // [tool.snug] has the last word
	expect(t, "excludes", texts(p.Excludes), []string{"x"})
	expect(t, "logins", p.Logins, []string{"https://u:p@index.example"})
	if p.PackageIndex["b"] != "own" {
		t.Errorf("mapping %v", p.PackageIndex)
	}
}

// TestUvAges: spans of time are ages, and [tool.snug] has the last word.
func TestUvAges(t *testing.T) {
	const spans = "[tool.uv]\nexclude-newer = 'P7D'\nexclude-newer-package = { A_b = '3 days', c = false }\n"
	for text, want := range map[string]cooldown.Policy{
		spans: {Default: days(7), Packages: map[string]cooldown.Age{"a-b": days(3), "c": 0}},
		spans + "[tool.snug]\nmin-age = '0'\nmin-age-package = { c = '1d' }\n":   {Packages: map[string]cooldown.Age{"a-b": days(3), "c": days(1)}},
		"[tool.uv]\nexclude-newer = '2026-01-01'\n[tool.snug]\nmin-age = '2d'\n": {Default: days(2)},
		"[tool.uv]\nexclude-newer-package = {}\n":                                {},
	} {
		p, err := loadText(t, standard+text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(p.MinAge, want) {
			t.Errorf("%s: %+v", text, p.MinAge)
		}
	}
}

func days(n int) cooldown.Age { return cooldown.Age(n) * cooldown.Age(24*time.Hour) }

// TestUvDigest: whatever uv's table says of what is locked changes the digest.
func TestUvDigest(t *testing.T) {
	plain, err := loadText(t, standard+"[tool.uv]\n")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{plain.Digest().String(): "nothing"}
	for _, text := range []string{
		"prerelease = 'allow'", "constraint-dependencies = ['a<3']", "override-dependencies = ['a<3']", "exclude-dependencies = ['z']", "environments = ['os_name == \"nt\"']",
		"exclude-newer = '2026-01-01'", "exclude-newer = '1 week'", "exclude-newer-package = { a = '1 week' }", "sources.a = { index = 'x' }", "sources.a = { url = 'https://index.example/a.whl' }",
		"sources.a = { index = 'x', marker = 'os_name == \"nt\"' }", "sources.a = { index = 'y', marker = 'os_name == \"nt\"' }", "no-index = true",
	} {
		p, err := loadText(t, standard+"[tool.uv]\n"+text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if before, ok := seen[p.Digest().String()]; ok {
			t.Errorf("%s and %s ask for the same", text, before)
		}
		seen[p.Digest().String()] = text
	}
	harmless, err := loadText(t, standard+"[tool.uv]\ncache-dir = 'x'\nrequired-version = '>1'\n")
	if err != nil || harmless.Digest() != plain.Digest() {
		t.Errorf("what is harmless counts: %v", err)
	}
}

// TestUvFile: what a uv.toml says of what is locked is not passed over.
func TestUvFile(t *testing.T) {
	for text, want := range map[string]string{
		"constraint-dependencies = ['a<2']":         "uv.toml:1: constraint-dependencies is not read here",
		"cache-dir = 'x'\nexclude-newer = '8 days'": "uv.toml:2: exclude-newer is not read here",
		"prerelease = 'allow'":                      "prerelease is not read here",
		"a =":                                       "uv.toml:1",
		"prerelease = 'if-necessary'\nresolution = 'highest'\nindex = []": "",
	} {
		dir := write(t, "-- pyproject.toml --\n"+standard+"-- uv.toml --\n"+text+"\n")
		_, err := Load(dir, env)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || fault.HintOf(err) == "") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		_, err = Load(dir, func(key string) string { return map[string]string{"UV_NO_CONFIG": "1"}[key] })
		if err != nil {
			t.Errorf("%s with UV_NO_CONFIG: %v", text, err)
		}
	}
}
