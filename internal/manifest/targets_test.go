package manifest

import (
	"slices"
	"strings"
	"testing"

	"snug/internal/pep508"
)

func places(names ...string) []Place {
	var out []Place
	for _, name := range names {
		out = append(out, Place{name, pep508.Environment{SysPlatform: name, PythonVersion: "3.14", PythonFullVersion: "3.14.1"}})
	}
	return out
}

func TestForTargets(t *testing.T) {
	const mac, linux = ", marker = 'sys_platform == \"darwin\"' }", ", marker = 'sys_platform == \"linux\"' }"
	for _, c := range []struct{ uv, targets, want string }{
		{"", "linux darwin", "a>=1 b[x] c"},
		{"sources.a = [{ index = 'm'" + mac + ", { index = 'l'" + linux + "]", "linux", "a>=1 b[x] c | a=l"},
		{"sources.a = [{ index = 'm'" + mac + ", { index = 'l'" + linux + "]", "win32", "a>=1 b[x] c"},
		{"sources.a = [{ index = 'm'" + mac + ", { index = 'l'" + linux + "]", "linux darwin", "linux and darwin take a from different places"},
		{"sources.a = { index = 'm'" + mac, "linux darwin", "linux and darwin take a from different places"},
		{"sources.a = { url = 'https://index.example/a.whl'" + mac, "darwin", "a @ https://index.example/a.whl b[x] c | limit a>=1"},
		{"sources.a = { url = 'https://index.example/a.whl'" + mac, "linux", "a>=1 b[x] c"},
		{"sources.a = { path = 'libs/a'" + mac, "darwin", "a folder is taken everywhere or nowhere"},
		{"sources.a = { path = 'libs/a'" + mac, "linux", "a>=1 b[x] c"},
		{"sources.a = { git = 'https://code.example/a'" + linux, "darwin linux", "darwin and linux take a from different places"},
		{"sources.a = { git = 'https://code.example/a'" + linux, "linux", "a @ git+https://code.example/a b[x] c | limit a>=1"},
		{"environments = 'sys_platform == \"linux\"'", "linux", "a>=1 b[x] c"},
		{"environments = 'sys_platform == \"linux\"'", "linux darwin", "none of the environments is darwin"},
	} {
		p, err := loadText(t, standard+"[tool.uv]\n"+c.uv+"\n")
		if err == nil {
			p, err = p.For(places(strings.Fields(c.targets)...))
		}
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(texts(p.Runtimes[0].Requirements), " ")
			if ix := p.PackageIndex["a"]; ix != "" {
				got += " | a=" + ix
			}
			if len(p.Constraints) > 0 {
				got += " | limit " + p.Constraints[0].String()
			}
		}
		if err == nil && got != c.want || err != nil && !strings.Contains(got, c.want) {
			t.Errorf("%s on %s\n got %s\nwant %s", c.uv, c.targets, got, c.want)
		}
	}
}

// An address and an index for one name, told apart by markers.
func TestForOneAddress(t *testing.T) {
	p, err := loadText(t, "[project]\nname = 'p'\nversion = '1'\ndependencies = ['a @ https://index.example/a.whl ; sys_platform == \"linux\"', 'a>=2 ; sys_platform != \"linux\"']\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.For(places("linux", "darwin")); err == nil || !strings.Contains(err.Error(), "take a from different places") {
		t.Errorf("got %v", err)
	}
	for target, n := range map[string]int{"linux": 2, "darwin": 1} { // what holds nowhere does no harm
		one, err := p.For(places(target))
		if err != nil || len(one.Runtimes[0].Requirements) != n {
			t.Errorf("%s: %v %v", target, one, err)
		}
	}
	if len(p.Runtimes[0].Requirements) != 2 {
		t.Error("the project itself was changed")
	}
}

func TestInstead(t *testing.T) {
	p, err := loadText(t, standard+"[tool.snug]\noverrides = ['o>=2', \"m>1; os_name == 'nt'\", \"m<1; os_name != 'nt'\", 'both']\nexclude = ['x', 'both']\n[tool.pdm.resolution.overrides]\nv = '1.5'\n")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"other<1":                            "as it is",
		"O[e]<1; os_name == 'x'":             "o>=2",
		"o; extra == 'e' and os_name == 'x'": `o>=2; extra == "e"`,
		"m":                                  `m>1; os_name == "nt", m<1; os_name != "nt"`,
		"m; extra == 'e'":                    `m>1; (extra == "e") and (os_name == "nt"), m<1; (extra == "e") and (os_name != "nt")`,
		"x>1":                                "",
		"both":                               "",
		"v[e]<1; os_name == 'x'":             `v[e]==1.5; os_name == "x"`,
	} {
		q, err := pep508.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		with, ok, err := p.Instead(q)
		got := strings.Join(texts(with), ", ")
		if !ok {
			got = "as it is"
		}
		want = strings.NewReplacer("(", "", ")", "").Replace(want)
		if err != nil || strings.NewReplacer("(", "", ")", "").Replace(got) != want {
			t.Errorf("%s: got %s %v, want %s", text, got, err, want)
		}
	}
	if names := texts(p.Excludes); !slices.Equal(names, []string{"x", "both"}) {
		t.Errorf("excludes %v", names)
	}
}
