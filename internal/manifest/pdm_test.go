package manifest

import (
	"testing"
)

func TestPdmRefuses(t *testing.T) {
	refusedTables(t, standard, map[string]string{
		"[tool.pdm]\nfrobnicate = 1":      `[tool.pdm] unknown key "frobnicate"`,
		"[[tool.pdm.source]]\nname = 'x'": "an index needs a name and a url",
		"[[tool.pdm.source]]\nname = 'x'\nurl = 'https://index.example/'\ntype = 'find_links'":            "what type asks for",
		"[[tool.pdm.source]]\nname = 'x'\nurl = 'https://index.example/'\nverify_ssl = false":             "what verify_ssl asks for",
		"[[tool.pdm.source]]\nname = 'x'\nurl = 'https://${USER}@index.example/'":                         "variables are not followed",
		"[[tool.pdm.source]]\nname = 'x'\nurl = 'https://index.example/'\ninclude_packages = ['a-*']":     `"a-*" is no name of a package`,
		"[tool.pdm.resolution]\nstrategy = 'x'":                                                           `unknown key "strategy"`,
		"[tool.pdm.resolution.overrides]\na = 1":                                                          "a must be a string",
		"[tool.pdm.resolution.overrides]\na = 'x y'":                                                      "[tool.pdm.resolution.overrides] a:",
		"[tool.pdm.resolution]\nexcludes = ['a>1']":                                                       "a>1 is more than a name",
		"[tool.pdm.dev-dependencies]\ndev = ['-e git+https://u:s3cret@code.example/a#egg=a']":             "is no folder of the project",
		"[tool.pdm.dev-dependencies]\ndev = ['a b']":                                                      "dev",
		"[tool.pdm.dev-dependencies]\ndev = 'a'":                                                          "dev must be an array",
		"[tool.pdm.dev-dependencies]\ndev = ['-e file:///${PROJECT_ROOT}/part#egg=part']":                 "no file or folder part",
		"[tool.pdm]\ndistribution = false\n[tool.uv]\nresolution = 'lowest'":                              "what resolution asks for",
		"[tool.pdm.resolution]\nallow-prereleases = 'yes'":                                                "allow-prereleases must be true or false",
		"[tool.pdm.dev-dependencies]\ntest = ['t']\n[tool.snug.runtimes]\nprod = { groups = ['lint'] }\n": `unknown dependency group "lint"`,
	})
}

func TestPdmObeys(t *testing.T) {
	p, err := loadText(t, standard+`[tool.pdm]
distribution = false
[tool.pdm.dev-dependencies]
test = ["t>1"]
lint = ["l"]
doc = ["d @ https://index.example/d-1-py3-none-any.whl"]
[tool.pdm.resolution]
excludes = ["x"]
allow-prereleases = true
[tool.pdm.resolution.overrides]
a = "1.2"
b = ">=3"
c = "https://index.example/c-1-py3-none-any.whl"
[[tool.pdm.source]]
name = "pypi"
url = "https://main.example/"
[[tool.pdm.source]]
name = "own"
url = "https://own.example/"
include_packages = ["L"]
`)
	if err != nil {
		t.Fatal(err)
	}
	if p.Local != nil || p.IndexURL != "https://main.example/" || len(p.Indexes) != 2 || !p.Indexes[1].Last || p.PackageIndex["l"] != "own" || !p.Strategy.Prereleases {
		t.Errorf("got %+v", p)
	}
	expect(t, "test", texts(p.Runtimes[1].Requirements), []string{"t>1"})
	expect(t, "dev", texts(p.Runtimes[2].Requirements), []string{"d @ https://index.example/d-1-py3-none-any.whl", "l"})
	expect(t, "overrides", texts(p.Overrides), []string{"a==1.2", "b>=3", "c @ https://index.example/c-1-py3-none-any.whl"})
	expect(t, "excludes", texts(p.Excludes), []string{"x"})
}
