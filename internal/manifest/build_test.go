package manifest

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestBuildSettings(t *testing.T) {
	p, err := loadText(t, standard+`[tool.snug]
sandbox = "hermetic"
python = { version = "3.13", build = "source", profile = "full", optimize = "pgo" }
[tool.snug.build]
from-source = ["Mark_upSafe", "yaml", "yaml"]
never = [":all:"]
toolchain = "zig"
glibc = "2.28"
[tool.uv]
no-binary-package = ["other", "numpy"]
no-build-package = ["yaml"]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := BuildSettings{FromSource: []string{"mark-upsafe", "yaml"}, Never: []string{":all:"}, Toolchain: "zig", Glibc: "2.28"}
	if !reflect.DeepEqual(p.Build, want) { // [tool.snug] has the last word
		t.Errorf("got %+v, want %+v", p.Build, want)
	}
	if p.Sandbox != "hermetic" || p.Python != "3.13" || p.PythonBuild == nil || *p.PythonBuild != (PythonBuild{"full", "pgo"}) {
		t.Errorf("got %q %q %+v", p.Sandbox, p.Python, p.PythonBuild)
	}
	if !p.Build.Forced("yaml") || p.Build.Barred("yaml") || !p.Build.Barred("numpy") || p.Build.Forced("numpy") {
		t.Error("a name must speak before all")
	}
}

func TestBuildSettingsRefused(t *testing.T) {
	refusedTables(t, standard+"[tool.snug]\n", map[string]string{
		"sandbox = 'strong'":                                 `unknown sandbox "strong"`,
		"sandbox = 1":                                        "sandbox must be a string",
		"python = 3.13":                                      "python must be a string",
		"python = { versoin = '3' }":                         "versoin",
		"python = { build = 'gcc' }":                         `unknown build "gcc"`,
		"python = { build = 'source', profile = 'x' }":       `unknown profile "x"`,
		"python = { optimize = 'pgo' }":                      "profile and optimize are about a Python that is built",
		"build = 'source'":                                   "build must be a table",
		"build.form-source = []":                             "form-source",
		"build.from-source = 'a'":                            "from-source must be an array",
		"build.from-source = ['a>1']":                        `"a>1" names no package`,
		"build = { from-source = ['A.b'], never = ['a-b'] }": "a-b is both in from-source and in never",
		"build.toolchain = 'clang'":                          `unknown toolchain "clang"`,
		"build.glibc = '2.28'":                               "glibc is for another toolchain",
		"build = { toolchain = 'zig', glibc = '3.0' }":       `glibc: "3.0" is no version of it`,
	})
}

// What is built is asked, and so are the Python and the sandbox.
func TestBuildSettingsAreAsked(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{"", "sandbox = 'netless'", "sandbox = 'hermetic'", "python = { build = 'source' }", "python = { build = 'source', profile = 'full' }",
		"build.from-source = ['a']", "build.never = ['a']", "build.from-source = [':all:']", "build.toolchain = 'zig'", "build = { toolchain = 'zig', glibc = '2.17' }"} {
		p, err := loadText(t, standard+"[tool.snug]\n"+text)
		if err != nil {
			t.Fatal(err)
		}
		sum := p.Digest().String()
		if before, twice := seen[sum]; twice {
			t.Errorf("%q and %q have one digest", text, before)
		}
		seen[sum] = text
	}
}

// pip's last word on a name counts, over all files.
func TestRequirementsSayWhatIsBuilt(t *testing.T) {
	for text, want := range map[string]BuildSettings{
		"--no-binary a,B_c\n--only-binary=a\na": {FromSource: []string{"b-c"}, Never: []string{"a"}},
		"--no-binary a\n--only-binary :all:\na": {Never: []string{":all:"}},
		"--no-binary :all:\n--only-binary a\na": {FromSource: []string{":all:"}, Never: []string{"a"}},
		"--no-binary a\n--no-binary :none:\na":  {},
		"--only-binary :all:\n--no-binary a\na": {FromSource: []string{"a"}, Never: []string{":all:"}},
	} {
		p, err := Load(write(t, "-- requirements.txt --\n"+text+"\n"), env)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Build.FromSource, want.FromSource) || !slices.Equal(p.Build.Never, want.Never) {
			t.Errorf("%q: got %+v, want %+v", text, p.Build, want)
		}
	}
	_, err := Load(write(t, "-- requirements.txt --\na\n--no-binary a>1\n"), env)
	if err == nil || !strings.Contains(err.Error(), `requirements.txt:2: --no-binary: "a>1" names no package`) {
		t.Errorf("got %v", err)
	}
}

// A uv.toml that decides what is built is not passed over.
func TestUvFileSaysWhatIsBuilt(t *testing.T) {
	_, err := Load(write(t, "-- pyproject.toml --\n"+standard+"-- uv.toml --\nno-build = true\n"), env)
	if err == nil || !strings.Contains(err.Error(), "no-build is not read here") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(write(t, "-- pyproject.toml --\n"+standard+"-- uv.toml --\nno-build = false\n"), env); err != nil {
		t.Error(err)
	}
}
