package sdist

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/index/indextest"
)

// lay unpacks "-- name --" sections into a new folder.
func lay(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, section := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, body, _ := strings.Cut(section, " --")
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.TrimPrefix(body, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, text string) *Source {
	t.Helper()
	s, err := Read(lay(t, text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

const flit = "-- pyproject.toml --\n[build-system]\nrequires = ['flit_core >=3.2,<4']\nbuild-backend = 'flit_core.buildapi'\n"

// TestMetadata: what is written down for good is read, what may change is not.
func TestMetadata(t *testing.T) {
	const info = "-- PKG-INFO --\nMetadata-Version: 2.2\nName: A.b\nVersion: 1.0\nRequires-Dist: c>1\nRequires-Python: >=3.8\n"
	const base = "Metadata-Version: 2.2\nName: A.b\nVersion: 1.0\n"
	for text, want := range map[string]string{
		flit + info: base + "Requires-Python: >=3.8\nRequires-Dist: c>1\n",
		flit + info + "Dynamic: Version\nDynamic: License-File\n":                          base + "Requires-Python: >=3.8\nRequires-Dist: c>1\n",
		flit + info + "Dynamic: requires-dist\n":                                           "",
		flit + info + "Dynamic: Provides-Extra\n":                                          "",
		flit + strings.Replace(info, ": 2.2", ": 2.1", 1):                                  "",
		flit + "-- PKG-INFO --\nno metadata\n":                                             "",
		flit + "[project]\nname = 'A.b'\nversion = '1.0'\n":                                base,
		flit + "[project]\nname = 'A.b'\ndynamic = ['version']\n":                          "",
		flit + "[project]\nname = 'A.b'\nversion = '1.0'\ndynamic = ['dependencies']\n":    "",
		flit + "[project]\nname = 'A.b'\nversion = '1.0'\ndynamic = ['requires-python']\n": "",
		flit + "[project]\nname = 'A.b'\nversion = 'one'\n":                                "",
		flit + "[project]\nname = 'A.b'\nversion = '1.0'\nrequires-python = '>=3.9'\ndependencies = ['c>1', 'd @ https://index.example/d.whl']\noptional-dependencies = { X_y = [\"e<2; os_name == 'nt' or os_name == 'posix'\", 'f[g]', 'h @ https://index.example/h.whl'] }\n": base +
			"Requires-Python: >=3.9\nProvides-Extra: x-y\nRequires-Dist: c>1\nRequires-Dist: d @ https://index.example/d.whl\n" +
			"Requires-Dist: e<2; (os_name == \"nt\" or os_name == \"posix\") and extra == 'x-y'\nRequires-Dist: f[g]; extra == 'x-y'\nRequires-Dist: h @ https://index.example/h.whl ; extra == 'x-y'\n",
		// The version is dynamic, and what the sdist was built with said it.
		flit + "[project]\nname = 'A.b'\ndynamic = ['version']\ndependencies = ['z']\n" + strings.Replace(info, ": 2.2", ": 2.1", 1): base + "Requires-Dist: z\n",
	} {
		s := read(t, text)
		if string(s.Metadata) != want {
			t.Errorf("%s\n got %q\nwant %q", text, s.Metadata, want)
		}
		if strings.Contains(text, "A.b") && s.Name != "A.b" {
			t.Errorf("%s: name %q", text, s.Name)
		}
	}
}

func TestSetupCfg(t *testing.T) {
	const setup = "-- setup.py --\n#!/usr/bin/env python\nfrom setuptools import setup\n\nsetup()\n"
	const cfg = "-- setup.cfg --\n[metadata]\nname = a\nversion = 1\n[options]\npython_requires = >=3.7\ninstall_requires =\n    b>1\n    # why\n    c; python_version < '3.9'\n[options.extras_require]\nx = d\n"
	const want = "Metadata-Version: 2.2\nName: a\nVersion: 1\nRequires-Python: >=3.7\nProvides-Extra: x\nRequires-Dist: b>1\nRequires-Dist: c; python_version < \"3.9\"\nRequires-Dist: d; extra == 'x'\n"
	for text, want := range map[string]string{
		setup + cfg: want,
		"-- pyproject.toml --\n[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n" + cfg: want,
		strings.Replace(setup, "setup()", "setup(install_requires=['evil'])", 1) + cfg:                                     "",
		flit + cfg: "",
		setup + strings.Replace(cfg, "version = 1", "version = attr: a.__version__", 1):         "",
		setup + strings.Replace(cfg, "install_requires =\n", "install_requires = file: r\n", 1): "",
		setup + strings.Replace(cfg, "x = d", "x:os_name=='nt' = d", 1):                         "",
		setup + strings.Replace(cfg, "x = d", "x = d; e", 1):                                    "",
		setup + strings.Replace(cfg, "name = a", "name = a\nname = b", 1):                       "",
		setup + strings.Replace(cfg, "name = a", "name = %(x)s", 1):                             "",
		setup: "",
	} {
		if s := read(t, text); string(s.Metadata) != want {
			t.Errorf("%s\n got %q\nwant %q", text, s.Metadata, want)
		}
	}
}

func TestBuildSystem(t *testing.T) {
	for text, want := range map[string]BuildSystem{
		"-- setup.py --\n": Legacy(),
		"-- pyproject.toml --\n[project]\nname = 'a'\nversion = '1'\n":                               Legacy(),
		"-- pyproject.toml --\n[build-system]\nrequires = ['Setuptools>61', \"x; os_name=='nt'\"]\n": {Requires: []string{"Setuptools>61", `x; os_name == "nt"`}, Backend: "setuptools.build_meta:__legacy__"},
		flit: {Requires: []string{"flit_core<4,>=3.2"}, Backend: "flit_core.buildapi"},
		"-- pyproject.toml --\n[build-system]\nrequires = []\nbuild-backend = 'b:x.y'\nbackend-path = ['./tools/', '.']\n": {Requires: []string{}, Backend: "b:x.y", BackendPath: []string{"tools", "."}},
	} {
		if s := read(t, text); !reflect.DeepEqual(s.Build, want) {
			t.Errorf("%s\n got %+v\nwant %+v", text, s.Build, want)
		}
	}
}

// TestReadRefuses: each is said with its file and a hint.
func TestReadRefuses(t *testing.T) {
	const head = "-- pyproject.toml --\n[build-system]\n"
	for text, want := range map[string]string{
		"-- README --\n":                                                                        "neither pyproject.toml nor setup.py",
		"-- pyproject.toml --\n[build-system\n":                                                 "pyproject.toml:1",
		"-- pyproject.toml --\nx = " + strings.Repeat("[", 100):                                 "nested deeper",
		head + "build-backend = 'x'\n":                                                          "pyproject.toml:1: [build-system] requires is missing",
		head + "requires = ['a b']\n":                                                           "requires",
		head + "requires = 'a'\n":                                                               "requires must be an array",
		head + "requires = []\nbuild-backend = 'x; import os'\n":                                "names no module",
		head + "requires = []\nbackend-path = ['../x']\n":                                       `"../x" leaves the source tree`,
		head + "requires = []\nbackend-path = ['/x']\n":                                         `"/x" leaves the source tree`,
		head + "requires = []\nbackend-path = ['a/../../x']\n":                                  "leaves the source tree",
		flit + "[project]\nname = 1\n":                                                          "name must be a string",
		flit + "[project]\nname = 'a'\nversion = '1'\ndependencies = ['b c']\n":                 "dependencies",
		flit + "[project]\nname = 'a'\nversion = '1'\nrequires-python = '>=3\\nName: evil'\n":   "requires-python",
		flit + "[project]\nname = 'a'\nversion = '1'\noptional-dependencies = { 'a b' = [] }\n": "can be no extra",
	} {
		_, err := Read(lay(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

// A link that leads out is not followed.
func TestReadStaysInside(t *testing.T) {
	dir := lay(t, "-- in/README --\n-- pyproject.toml --\n[project]\nname = 'secret'\nversion = '1'\n")
	if err := os.Symlink("../pyproject.toml", filepath.Join(dir, "in/pyproject.toml")); err != nil {
		t.Skip("this machine makes no symbolic links: ", err)
	}
	if s, err := Read(filepath.Join(dir, "in")); err == nil {
		t.Errorf("read %+v through a link", s)
	}
}

func TestEpoch(t *testing.T) {
	dir := lay(t, "-- setup.py --\n-- deep/a.py --\n-- .git/index --\n")
	at := func(name string, when time.Time) {
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ newest, want time.Time }{
		{changed, changed},
		{time.Unix(0, 0), time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)},
		{time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)},
	} {
		at("setup.py", time.Unix(0, 0))
		at("deep/a.py", c.newest)
		s, err := Read(dir)
		if err != nil || !s.Epoch.Equal(c.want) {
			t.Errorf("%v: got %v, %v", c, s, err)
		}
	}
}

func TestExtensions(t *testing.T) {
	const extending = "-- setup.py --\nsetup(ext_modules=[Extension('a', ['a.c'])])\n"
	for text, want := range map[string]bool{
		extending + "-- src/a.c --\n":      true,
		extending + "-- tests/a.c --\n":    false,
		extending + "-- src/Docs/a.c --\n": false,
		"-- setup.py --\n-- src/a.c --\n":  false,
		extending:                          false,
		"-- pyproject.toml --\n[build-system]\nrequires = ['maturin']\nbuild-backend = 'maturin'\n-- src/lib.rs --\n":         true,
		"-- pyproject.toml --\n[tool.setuptools]\next-modules = [{ name = 'a', sources = ['a.c'] }]\n-- a.c --\n":             true,
		"-- pyproject.toml --\n[build-system]\nrequires = []\nbuild-backend = 'mesonpy'\n-- a.pyx --\n":                       true,
		"-- pyproject.toml --\n[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['tools']\n-- a.pyx --\n": true,
		"-- pyproject.toml --\n[build-system]\nrequires = ['Cython>=3']\nbuild-backend = 'hatchling.build'\n-- a.pyx --\n":    true,
		"-- pyproject.toml --\n[build-system]\nrequires = ['cython-lint']\nbuild-backend = 'hatchling.build'\n-- a.pyx --\n":  false,
	} {
		if s := read(t, text); s.Extensions != want {
			t.Errorf("%s: %v, want %v", text, s.Extensions, want)
		}
	}
	const locks = "-- rust/deep/Cargo.lock --\n-- rust/Cargo.lock --\n-- tests/Cargo.lock --\n"
	for build, want := range map[string]string{"-- pyproject.toml --\n[build-system]\nrequires = ['Setuptools_Rust>1']\n": "rust/Cargo.lock", "-- setup.py --\n": ""} {
		if s := read(t, build+locks); s.CargoLock != want {
			t.Errorf("%s: got %q, want %q", build, s.CargoLock, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Metadata-Version: 2.2\nName: a\nVersion: 1\n", "[project]\nname = 'a'\nversion = '1'\n", "setup()", "[metadata]\nname = a\n")
	f.Add("", "[build-system]\nrequires = ['a']\nbackend-path = ['x']\n", "from setuptools import setup\nsetup()\n", "[options]\ninstall_requires =\n a\n")
	f.Fuzz(func(t *testing.T, info, pyproject, setup, cfg string) {
		dir := t.TempDir()
		for name, text := range map[string]string{"PKG-INFO": info, "pyproject.toml": pyproject, "setup.py": setup, "setup.cfg": cfg} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Read(dir)
		if err != nil {
			return
		}
		if s.Metadata != nil && (s.Name == "" || s.Version == "") {
			t.Errorf("metadata without a name or version: %q", s.Metadata)
		}
		for _, folder := range s.Build.BackendPath {
			if !filepath.IsLocal(filepath.FromSlash(folder)) {
				t.Errorf("the backend is at %q", folder)
			}
		}
	})
}

// The sdists of the fake index are real ones.
func TestReadsFakeSdists(t *testing.T) {
	x, err := indextest.FromTxtar([]byte("-- made-1.0.txt --\nSdist: yes\nRequires-Dist: idna\n-- old-1.0.txt --\nSdist: only\n-- old-1.0.sdist/PKG-INFO --\nMetadata-Version: 2.1\nName: old\nVersion: 1.0\n-- old-1.0.sdist/setup.py --\nsetup(name='old')\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"made-1.0.tar.gz": "Metadata-Version: 2.4\nName: made\nVersion: 1.0\nRequires-Dist: idna\n", "old-1.0.tar.gz": ""} {
		dir, err := unpack(t, x.File(name), name)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Read(dir); err != nil || string(s.Metadata) != want || s.Version != "1.0" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}
