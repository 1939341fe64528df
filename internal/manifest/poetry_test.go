package manifest

import (
	"slices"
	"strings"
	"testing"
)

const poem = "[tool.poetry]\nname = 'p'\nversion = '1'\n"

func TestPoetryRefuses(t *testing.T) {
	refusedTables(t, poem, map[string]string{
		"frobnicate = 1\ndependencies = {}":   `[tool.poetry] unknown key "frobnicate"`,
		"dependencies = { a = 1 }":            "a must be a string or a table",
		"dependencies = { a = 'one' }":        `"one" is no version constraint`,
		"dependencies = { a = '1.0 || 3.0' }": "is several ranges",
		"dependencies = { 'a b' = '1' }":      "is no name of a package",
		"dependencies = { a = { git = 'https://code.example/a', branch = 'b', tag = 'c' } }":                                    "[tool.poetry.dependencies.a] two revisions are named",
		"dependencies = { a = { url = 'https://index.example/a.zip', subdirectory = '../x' } }":                                 `the subdirectory "../x" leads out of the source`,
		"dependencies = { a = { verson = '1' } }":                                                                               `unknown key "verson"`,
		"dependencies = { a = { version = '1', python = 'three' } }":                                                            "python:",
		"dependencies = { a = { version = '1', platform = '>=linux' } }":                                                        "names no platform",
		"dependencies = { a = { version = '1', markers = 'os_nam' } }":                                                          "markers",
		"dependencies = { a = { version = '1', extras = ['x y'] } }":                                                            "a:",
		"dependencies = { a = { version = '1', source = 'own' } }":                                                              `unknown source "own"`,
		"dependencies = { a = { path = 'libs/a' } }":                                                                            "no file or folder libs/a",
		"dependencies = { python = '>=3.9,<3.10 || >=3.12' }\n[tool.poetry.scripts]\nx = { reference = 'x.sh', type = 'file' }": "the script x is a file",
		"dependencies = { python = '3.9.1 || 3.12.1' }":                                                                         "2 ranges of Python 3",
		"dependencies = { a = '1' }\n[tool.poetry.extras]\nx = ['b']":                                                           "extra x: b is not in [tool.poetry.dependencies]",
		"[tool.poetry.group.x]\ninclude-groups = ['y']\n":                                                                       `unknown group "y"`,
		"[tool.poetry.group.x]\ndependences = {}\n":                                                                             `unknown key "dependences"`,
		"[[tool.poetry.source]]\nname = 'own'\n[tool.poetry.dependencies]":                                                      "an index needs a name and a url",
		"[[tool.poetry.source]]\nname = 'own'\nurl = 'https://index.example/'\npriority = 'first'\n[tool.poetry.dependencies]":  `priority = "first" is unknown`,
		"[[tool.poetry.source]]\nname = 'own'\nuri = 'x'\n[tool.poetry.dependencies]":                                           `unknown key "uri"`,
	})
	refusedTables(t, "", map[string]string{
		"[tool.poetry]\nversion = '1'\n[tool.poetry.dependencies]":                                "[tool.poetry] name is missing",
		"[tool.poetry]\nname = 'x'\n[tool.poetry.dependencies]":                                   "version is missing",
		standard + "[tool.poetry.dependencies]\nz = '1'":                                          "z is none of the requirements of the standard table",
		standard + "[dependency-groups]\ndev = []\n[tool.poetry.group.dev.dependencies]\nz = '1'": "z is none of the requirements of the standard table",
	})
}

func TestPoetryDependencies(t *testing.T) {
	for written, want := range map[string]string{
		`"^1.2"`:              "a<2,>=1.2",
		`"*"`:                 "a",
		`{ version = "1.0" }`: "a==1.0",
		`{ version = "^1", extras = ["X_y", "z"] }`:                                              "a[X_y,z]<2,>=1",
		`{ version = "^1", python = "^3.8" }`:                                                    `a<2,>=1; python_version >= "3.8" and python_version < "4"`,
		`{ version = "^1", python = "~3.8.2" }`:                                                  `a<2,>=1; python_full_version >= "3.8.2" and python_version < "3.9"`,
		`{ version = "^1", python = "<3.8 || >=3.10" }`:                                          `a<2,>=1; python_version != "3.8.*" and python_version != "3.9.*"`,
		`{ version = "^1", python = "~2.7 || ^3.6" }`:                                            `a<2,>=1; (python_version >= "2.7" and python_version < "2.8") or (python_version >= "3.6" and python_version < "4")`,
		`{ version = "^1", python = "*" }`:                                                       "a<2,>=1",
		`{ version = "^1", platform = "linux || darwin" }`:                                       `a<2,>=1; sys_platform == "linux" or sys_platform == "darwin"`,
		`{ version = "^1", platform = "!=win32", markers = "os_name == 'x' or os_name == 'y'" }`: `a<2,>=1; (os_name == "x" or os_name == "y") and sys_platform != "win32"`,
		`{ url = "https://index.example/a-1-py3-none-any.whl" }`:                                 "a @ https://index.example/a-1-py3-none-any.whl",
		`[{ version = "<2", python = "<3.9" }, ">=2"]`:                                           `a<2; python_version < "3.9" a>=2`,
	} {
		p, err := loadText(t, poem+"[tool.poetry.dependencies]\na = "+written+"\n")
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if got := strings.Join(texts(p.Runtimes[0].Requirements), " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", written, got, want)
		}
		if o := p.Runtimes[0].Requirements[0].Origin; o.String() != "pyproject.toml: [tool.poetry.dependencies] a" || o.Line != 5 {
			t.Errorf("%s: origin %v, line %d", written, o, o.Line)
		}
	}
}

func TestPoetryIndexes(t *testing.T) {
	const own, two, pypi = "[[tool.poetry.source]]\nname = 'Own'\nurl = 'https://own.example/'\n", "[[tool.poetry.source]]\nname = 'two'\nurl = 'https://two.example/'\n", "[[tool.poetry.source]]\nname = 'PyPI'\n"
	for written, want := range map[string][]string{
		own:       {"default https://own.example/", "own explicit"},
		own + two: {"default https://two.example/", "own", "two explicit"},
		own + "priority = 'primary'\n" + pypi + "priority = 'primary'": {"default ", "own", "pypi explicit"},
		pypi + own:                            {"default ", "pypi explicit", "own last"},
		own + "priority = 'supplemental'":     {"default ", "own last"},
		own + "secondary = true":              {"default ", "own last"},
		own + "default = true":                {"default https://own.example/", "own explicit"},
		own + "priority = 'explicit'\n" + two: {"default https://two.example/", "own explicit", "two explicit"},
	} {
		p, err := loadText(t, poem+"dependencies = {}\n"+written)
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		got := []string{"default " + p.IndexURL}
		for _, ix := range p.Indexes {
			text := ix.Name
			if ix.Explicit {
				text += " explicit"
			}
			if ix.Last {
				text += " last"
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", written, got, want)
		}
	}
}
