//go:build live

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/generation"
)

// peers is a runtime with the other tools that read and write pylock.toml, and
// a home of theirs.
type peers struct {
	t         *testing.T
	bin, home string
}

func newPeers(t *testing.T) *peers {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "peers")
	liveSnug(t, t.TempDir(), "build", "--quiet", "--into", dir, "pip==26.3", "uv==0.13.9", "packaging>=26.4")
	return &peers{t: t, bin: filepath.Join(dir, "bin"), home: t.TempDir()}
}

// run runs one of them in dir and returns its standard output.
func (p *peers) run(dir, tool string, args ...string) string {
	p.t.Helper()
	cmd := bounded(p.t, filepath.Join(p.bin, tool), args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + p.home, "UV_PYTHON_DOWNLOADS=never", "UV_SYSTEM_CERTS=1", "PIP_DISABLE_PIP_VERSION_CHECK=1"}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s %v: %v\n%s%s", tool, args, err, out, said.String())
	}
	return string(out)
}

// manyTargets is a project whose runtimes differ by target.
const manyTargets = `[dependency-groups]
test = ["pytest>=8"]
dev = [{ include-group = "test" }, "ipython>=9"]

[project]
name = "many"
version = "1"
dependencies = ["click>=8", "charset-normalizer>=3"]

[tool.snug]
package = false
as-of = 2026-11-01T00:00:00Z
targets = ["linux-x86_64", "linux-aarch64", "macos-arm64", "windows-x86_64"]
`

// One pylock.toml: pip and uv install from it what snug builds, runtime by
// runtime, and packaging selects for each target what snug says is locked.
func TestLiveLockServesOthers(t *testing.T) {
	p := newPeers(t)
	u := newUse(t, map[string]string{"pyproject.toml": manyTargets})
	python := filepath.Join(u.dir, ".snug", "dev", "current", "bin", "python3")
	for _, r := range []string{"prod", "test", "dev"} {
		want := built(t, filepath.Join(u.dir, ".snug", r, "current"))
		byPip, byUV := filepath.Join(t.TempDir(), "by-pip"), filepath.Join(t.TempDir(), "by-uv")
		for _, env := range []string{byPip, byUV} {
			p.run(u.dir, "uv", "venv", "-q", "--python", python, env)
		}
		p.run(u.dir, "pip", "--python", filepath.Join(byPip, "bin", "python"),
			"install", "-q", "--no-compile", "-r", "pylock.toml", "--group", "pylock.toml:"+r)
		p.run(u.dir, "uv", "pip", "install", "-q", "--python", byUV, "-r", "pylock.toml", "--group", r)
		for _, env := range []string{byPip, byUV} {
			got := strings.Fields(p.run(u.dir, "uv", "pip", "freeze", "-q", "--python", env))
			if slices.Sort(got); len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s %s: got %q, snug built %q", r, filepath.Base(env), got, want)
			}
		}
	}
	t.Run("packaging", func(t *testing.T) { testPackaging(&use{t, u.dir}, &peers{t, p.bin, p.home}) })
}

// built is what lies in a runtime, as NAME==VERSION, sorted.
func built(t *testing.T, dir string) []string {
	t.Helper()
	m, err := generation.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range m.Packages {
		out = append(out, p.Name+"=="+p.Version)
	}
	slices.Sort(out)
	return out
}

// selectByPackaging prints what packaging selects: runtime, target, packages.
const selectByPackaging = `
import json, sys, tomllib
from packaging.markers import default_environment
from packaging.pylock import Pylock
from packaging.tags import compatible_tags, cpython_tags, mac_platforms

def glibc(machine):
    return [f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)] + [f"linux_{machine}"]

places = {
    "linux-x86_64": ("posix", "linux", "Linux", "x86_64", glibc("x86_64")),
    "linux-aarch64": ("posix", "linux", "Linux", "aarch64", glibc("aarch64")),
    "macos-arm64": ("posix", "darwin", "Darwin", "arm64", list(mac_platforms((14, 0), "arm64"))),
    "windows-x86_64": ("nt", "win32", "Windows", "AMD64", ["win_amd64"]),
}
document = tomllib.load(open(sys.argv[1], "rb"))
lock = Pylock.from_dict(document)
answer = {}
for runtime in document["tool"]["snug"]["runtimes"]:
    for target in document["tool"]["snug"]["targets"]:
        os_name, sys_platform, system, machine, platforms = places[target["name"]]
        full = target["python"]
        version = tuple(map(int, full.split(".")[:2]))
        environment = default_environment() | {
            "os_name": os_name, "sys_platform": sys_platform, "platform_system": system, "platform_machine": machine,
            "python_full_version": full, "python_version": "%d.%d" % version, "implementation_version": full,
        }
        tags = [*cpython_tags(version, platforms=platforms), *compatible_tags(version, "cp%d%d" % version, platforms)]
        chosen = lock.select(environment=environment, tags=tags, dependency_groups=[runtime["name"]])
        answer.setdefault(runtime["name"], {})[target["name"]] = sorted(f"{p.name}=={p.version}" for p, _ in chosen)
print(json.dumps(answer))
`

func testPackaging(u *use, p *peers) {
	t := u.t
	var selected map[string]map[string][]string
	out := p.run(u.dir, "python3", "-c", selectByPackaging, "pylock.toml")
	if err := json.Unmarshal([]byte(out), &selected); err != nil {
		t.Fatal(err)
	}
	for _, r := range []string{"prod", "test", "dev"} {
		var listed, all []string
		for line := range strings.Lines(liveSnug(t, u.dir, "list", r)) {
			if row := strings.Fields(line); row[0] != "PACKAGE" {
				listed = append(listed, row[0]+"=="+row[1])
			}
		}
		if len(selected[r]) != 4 {
			t.Errorf("%s: targets %v", r, selected[r])
		}
		for _, names := range selected[r] {
			all = append(all, names...)
		}
		slices.Sort(listed)
		slices.Sort(all)
		if all = slices.Compact(all); !slices.Equal(all, listed) {
			t.Errorf("%s: packaging selects %q, snug lists %q", r, all, listed)
		}
		if host := selected[r]["linux-x86_64"]; !slices.Equal(host, built(t, filepath.Join(u.dir, ".snug", r, "current"))) {
			t.Errorf("%s: packaging selects %q for this machine", r, host)
		}
	}
	if w := selected["test"]["windows-x86_64"]; slices.Equal(w, selected["test"]["linux-x86_64"]) {
		t.Errorf("the targets do not differ: %q", w)
	}
}

// A pylock.toml that uv or pip wrote keeps its versions when snug takes over:
// they are what is locked, though newer ones fit what is asked.
func TestLiveLocksOfOthersAreKept(t *testing.T) {
	p := newPeers(t)
	pins := map[string]string{"old.txt": "requests==2.31.0\nidna==3.6\nclick==8.1.7\n", "requirements.txt": "requests\nclick>=8\n"}
	pinned := []string{"requests==2.31.0", "idna==3.6", "click==8.1.7"}
	project := map[string]string{"pyproject.toml": "[project]\nname = \"kept\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n" +
		"dependencies = [\"requests\", \"click>=8\"]\n[dependency-groups]\ntest = [\"pytest>=8\"]\n"}
	python, then := filepath.Join(p.bin, "python3"), "2025-06-01T00:00:00Z"
	for _, tt := range []struct {
		name   string
		files  map[string]string
		argvs  [][]string
		wanted []string
	}{
		{"uv pip compile", pins, [][]string{
			{"uv", "pip", "compile", "-q", "old.txt", "-o", "pylock.toml", "--universal", "--python-version", "3.14"}}, pinned},
		{"pip lock", pins, [][]string{{"pip", "lock", "-q", "-r", "old.txt", "-o", "pylock.toml"}}, pinned},
		{"uv export", project, [][]string{
			{"uv", "lock", "-q", "--python", python, "--exclude-newer", then},
			{"uv", "export", "-q", "--python", python, "--exclude-newer", then, "--all-groups", "-o", "pylock.toml"},
		}, []string{"requests==2.32.3", "idna==3.10", "click==8.2.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, u := &peers{t, p.bin, p.home}, &use{t, t.TempDir()}
			for name, text := range tt.files {
				u.write(name, text)
			}
			for _, argv := range tt.argvs {
				p.run(u.dir, argv[0], argv[1:]...)
			}
			takenOver(u, tt.wanted)
		})
	}
}

func takenOver(u *use, wanted []string) {
	t := u.t
	liveSnug(t, u.dir, "build", "prod")
	got := built(t, filepath.Join(u.dir, ".snug", "prod", "current"))
	for _, want := range wanted {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not in %q", want, got)
		}
	}
	text, err := os.ReadFile(filepath.Join(u.dir, "pylock.toml"))
	if err != nil || !strings.Contains(string(text), `created-by = "snug"`) {
		t.Errorf("the lock was not taken over: %v\n%s", err, text)
	}
	liveSnug(t, u.dir, "lock", "--upgrade")
	_, old, _ := strings.Cut(wanted[0], "==")
	if out := liveSnug(t, u.dir, "list", "prod"); strings.Contains(out, old) {
		t.Errorf("nothing newer was there to be had:\n%s", out)
	}
}
