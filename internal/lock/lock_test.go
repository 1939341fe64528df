package lock

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/cooldown"

	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// full is a lock that uses every key that snug writes.
func full() *Lock {
	day := time.Date(2026, 5, 4, 3, 2, 1, 500_000_000, time.UTC)
	file := func(name string) File {
		return File{Name: name, URL: "https://index.example/" + name, Size: 5, UploadTime: day, Hashes: map[string]string{"sha256": sum, "md5": "x"}}
	}
	sdist, flit := file("a-1.0.tar.gz"), file("flit_core-3.tar.gz")
	return &Lock{
		LockVersion: Version, CreatedBy: "snug", RequiresPython: ">=3.12", Extras: []string{"web"},
		Environments:     []string{`sys_platform == "linux"`, `sys_platform == 'darwin' and "it's" != os_name`},
		DependencyGroups: []string{"prod", "dev"}, DefaultGroups: []string{"prod"},
		Packages: []Package{
			{Name: "a", Version: "1.0", Marker: `"prod" in dependency_groups or "dev" in dependency_groups`, RequiresPython: ">=3.9",
				Index: "https://index.example/simple/", Dependencies: []Dependency{{"b", ""}, {"c", "2"}}, Sdist: &sdist,
				Wheels:                []File{file("a-1.0-cp313-cp313-win_amd64.whl"), file("a-1.0-py3-none-any.whl")},
				AttestationIdentities: []map[string]string{{"kind": "GitHub", "repository": "o/a"}},
				Notes:                 []string{"read \">=1.9.*\" as \">=1.9\"", "tab\tand \\"}},
			{Name: "b", VCS: &VCS{"git", "https://index.example/b.git", "", "main", "abc", "sub"}},
			{Name: "c", Version: "2", Marker: `"dev" in dependency_groups`, Directory: &Directory{"../c", true, ""}},
			{Name: "d", Version: "9", Archive: &Archive{Path: "d-9.zip", Size: 3, UploadTime: day, Hashes: map[string]string{"sha256": sum}, Subdirectory: "x"}},
			{Name: "d", Version: "10", Archive: &Archive{URL: "https://index.example/d.zip", Hashes: map[string]string{"sha256": sum}}},
		},
		Tool: Tool{Asked: sum, AsOf: day, Resolution: "lowest", Prereleases: true, Apart: map[string]string{"linux-x86_64-musl": "a is 2 there and 1 here"},
			MinAgeAt: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC),
			MinAge: cooldown.Policy{Default: cooldown.Age(36 * time.Hour), Packages: map[string]cooldown.Age{"a": 0},
				Indexes: map[string]cooldown.Age{"https://index.example/in/": cooldown.Age(7 * 24 * time.Hour)}}, Overlaps: map[string]string{"cv2/**": "a", "x": "b"},
			Targets: []Target{{"linux-x86_64", "3.14.1", Interpreter{"found", "/usr/bin/python3", sum}}, {Name: "macos-arm64", Python: "3.14.1"}},
			Runtimes: []Runtime{{Name: "prod", Isolated: true, Slim: "tests", Roots: []string{"a[web]>=1; os_name == 'posix'"}},
				{Name: "dev", Contains: "prod"}},
			Builds: []Build{
				{Requires: []string{"flit-core"}, Sdists: []BuildOf{{"c", "", ""}},
					Packages: []Package{{Name: "flit-core", Version: "3", Index: "https://index.example/simple/", Sdist: &flit, Notes: []string{"why"}}}},
				{Requires: []string{"setuptools>=61", "wheel"}, Sdists: []BuildOf{{"a", "1.0", sum}, {"d", "9", sum}, {"d", "10", sum}},
					Packages: []Package{{Name: "a", Version: "1.0", Marker: "sys_platform == 'linux'", Wheels: []File{file("a-1.0-py3-none-any.whl")}}}},
			}},
	}
}

func TestRoundTrip(t *testing.T) {
	l := full()
	data := l.Marshal()
	again, err := Parse(data, "pylock.toml")
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if !reflect.DeepEqual(again, l) {
		t.Errorf("got  %+v\nwant %+v\n%s", again, l, data)
	}
}

// Property: whatever the order of packages, files and dependencies and whatever the text, writing is deterministic, and
// reading it back and writing it again gives the same bytes.
func TestMarshalIsCanonical(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	want := full().Marshal()
	alphabet := []rune("ab'\"\\\n\t\r\x00\x7f#[]{}=é\u2028🐍 ")
	for range 200 {
		l := full()
		random.Shuffle(len(l.Packages), func(i, j int) { l.Packages[i], l.Packages[j] = l.Packages[j], l.Packages[i] })
		for i := range l.Packages {
			slices.Reverse(l.Packages[i].Wheels)
			slices.Reverse(l.Packages[i].Dependencies)
		}
		slices.Reverse(l.Tool.Builds)
		for i := range l.Tool.Builds {
			slices.Reverse(l.Tool.Builds[i].Sdists)
		}
		if got := l.Marshal(); string(got) != string(want) {
			t.Fatalf("another order gives another file:\n%s", got)
		}
		var text strings.Builder
		for range random.IntN(12) {
			text.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		l.Packages[0].Notes = []string{text.String()}
		l.Tool.Overlaps[text.String()] = text.String()
		data := l.Marshal()
		again, err := Parse(data, "pylock.toml")
		if err != nil {
			t.Fatalf("%q: %v\n%s", text.String(), err, data)
		}
		if again.Tool.Overlaps[text.String()] != text.String() || string(again.Marshal()) != string(data) {
			t.Fatalf("%q is changed:\n%s", text.String(), data)
		}
	}
}

const head = "lock-version = '1.0'\ncreated-by = 'x'\n"

func TestParseTakesTheLeast(t *testing.T) {
	for _, text := range []string{
		head + "packages = []\n",
		head + "packages = []\nunknown = 1\n[tool.other]\nx = [1]\n",
		"lock-version = '1.7'\ncreated-by = 'x'\npackages = []\n",
		head + "[[packages]]\nname = 'a'\n[[packages.wheels]]\nurl = 'https://index.example/a-1%2Blocal-py3-none-any.whl'\nupload-time = 2026-01-01T00:00:00\nhashes = {sha512 = 'x'}\n",
	} {
		if _, err := Parse([]byte(text), "pylock.toml"); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	entry := head + "[[packages]]\nname = 'a'\nversion = '1'\n"
	hashes := "hashes = {sha256 = '" + sum + "'}"
	for _, c := range []struct{ want, text string }{
		{"line 1, column", "lock-version ="},
		{"lock-version: is required", "created-by = 'x'\npackages = []\n"},
		{"lock-version: want a string", "lock-version = 1.0\ncreated-by = 'x'\npackages = []\n"},
		{"not supported", "lock-version = '2.0'\ncreated-by = 'x'\npackages = []\n"},
		{"created-by: is required", "lock-version = '1.0'\npackages = []\n"},
		{"packages: is required", head},
		{"packages: want an array", head + "packages = 1\n"},
		{"packages[0]: want a table", head + "packages = [1]\n"},
		{"packages[0].name: is required", head + "[[packages]]\nversion = '1'\ndirectory = {path = '.'}\n"},
		{"not normalized", head + "[[packages]]\nname = 'A_b'\ndirectory = {path = '.'}\n"},
		{"packages[0].(a).version", head + "[[packages]]\nname = 'a'\nversion = 'new'\ndirectory = {path = '.'}\n"},
		{"one source", entry},
		{"one source", entry + "directory = {path = '.'}\nsdist = {path = 'a-1.tar.gz', " + hashes + "}\n"},
		{"one source", entry + "directory = {path = '.'}\nvcs = {type = 'git', url = 'u', commit-id = 'c'}\n"},
		{"vcs.commit-id: is required", entry + "vcs = {type = 'git', url = 'u'}\n"},
		{"url or path", entry + "sdist = {name = 'a-1.tar.gz', " + hashes + "}\n"},
		{"hashes: at least one", entry + "sdist = {path = 'a-1.tar.gz'}\n"},
		{"hashes: at least one", entry + "archive = {path = 'a-1.tar.gz', hashes = {}}\n"},
		{"hashes.sha256", entry + "sdist = {path = 'a-1.tar.gz', hashes = {sha256 = 'abc'}}\n"},
		{"tool.snug.builds: want an array", head + "packages = []\n[tool.snug]\nbuilds = 1\n"},
		{"tool.snug.builds[0].requires[0]", head + "packages = []\n[[tool.snug.builds]]\nrequires = ['a b']\n"},
		{"tool.snug.builds[0].sdists[0].name: is required", head + "packages = []\n[[tool.snug.builds]]\nsdists = [{ version = '1' }]\n"},
		{"tool.snug.builds[0].sdists[0].name: \"A\" is not normalized", head + "packages = []\n[[tool.snug.builds]]\nsdists = [{ name = 'A' }]\n"},
		{"tool.snug.builds[0].sdists[0].version", head + "packages = []\n[[tool.snug.builds]]\nsdists = [{ name = 'a', version = 'x' }]\n"},
		{"tool.snug.builds[0].sdists[0].sha256", head + "packages = []\n[[tool.snug.builds]]\nsdists = [{ name = 'a', sha256 = 'x' }]\n"},
		{"tool.snug.builds[0].packages[0].(a).", head + "packages = []\n[[tool.snug.builds]]\n[[tool.snug.builds.packages]]\nname = 'a'\nversion = '1'\n"},
		{"belongs to b", entry + "wheels = [{path = 'b-1-py3-none-any.whl', " + hashes + "}]\n"},
		{"is version 2", entry + "wheels = [{path = 'a-2-py3-none-any.whl', " + hashes + "}]\n"},
		{"no wheel file name", entry + "wheels = [{path = 'a-1.egg', " + hashes + "}]\n"},
		{"size: want a size", entry + "sdist = {path = 'a-1.tar.gz', size = true, " + hashes + "}\n"},
		{"size: want a size", entry + "sdist = {path = 'a-1.tar.gz', size = -1, " + hashes + "}\n"},
		{"upload-time: want", entry + "sdist = {path = 'a-1.tar.gz', upload-time = 'now', " + hashes + "}\n"},
		{"packages[0].(a).marker", entry + "marker = 'nonsense'\ndirectory = {path = '.'}\n"},
		{"requires-python", entry + "requires-python = 'three'\ndirectory = {path = '.'}\n"},
		{"kind: is required", entry + "attestation-identities = [{x = 'y'}]\ndirectory = {path = '.'}\n"},
		{"editable: want true or false", entry + "directory = {path = '.', editable = 'yes'}\n"},
		{"environments[0]", head + "environments = ['nonsense']\npackages = []\n"},
		{"cannot depend on", head + "environments = [\"'x' in extras\"]\npackages = []\n"},
		{"extras[0]", head + "extras = ['A_b']\npackages = []\n"},
		{"nested deeper", head + "x = " + strings.Repeat("[", 100_000)},
		{"nested deeper", head + "x = " + strings.Repeat("{a=[", 100_000)},
	} {
		l, err := Parse([]byte(c.text), "some/pylock.toml")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "some/pylock.toml") || fault.HintOf(err) == "" {
			t.Errorf("want %q: %v, %+v", c.want, err, l)
		}
	}
}

func TestParseTellsTheLine(t *testing.T) {
	good := "[[packages]]\nname = 'a'\ndirectory = {path = '.'}\n"
	_, err := Parse([]byte(head+good+good+" [[ packages ]]\nname = 'c'\n"), "pylock.toml")
	if err == nil || !strings.HasPrefix(err.Error(), "pylock.toml:9: packages[2].(c).: want one source") {
		t.Error(err)
	}
}

// TestParseOthers reads what uv 0.13 and pip 26 write, in their own layout.
func TestParseOthers(t *testing.T) {
	for _, name := range []string{"uv", "pip"} {
		data, err := os.ReadFile(filepath.Join("testdata", "pylock."+name+".toml"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := Parse(data, name)
		if err != nil {
			t.Fatal(err)
		}
		if l.CreatedBy != name {
			t.Errorf("created by %q", l.CreatedBy)
		}
		got, err := choose(t, l, "linux-x86_64", "3.13.1", nil, nil)
		if want := []string{"charset_normalizer-3.4.7-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl", "idna-3.18-py3-none-any.whl", "shop"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// choose runs Select for a target and gives the chosen file names, or package names where there is no file.
func choose(t *testing.T, l *Lock, target, python string, groups, extras []string) ([]string, error) {
	t.Helper()
	to, err := pytag.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	py, err := pep440.Parse(python)
	if err != nil {
		t.Fatal(err)
	}
	selected, err := l.Select(pytag.Environment(to, py), groups, extras, pytag.Supported(to, py), py)
	var names []string
	for _, s := range selected {
		name := s.Package.Name
		if s.File != nil {
			name = s.File.FileName()
		}
		names = append(names, name)
	}
	return names, err
}

func wheels(names ...string) []File {
	var files []File
	for _, name := range names {
		files = append(files, File{Name: name, URL: "https://index.example/" + name, Hashes: map[string]string{"sha256": sum}})
	}
	return files
}

func TestSelect(t *testing.T) {
	sdist := wheels("s-1.tar.gz")[0]
	l := &Lock{LockVersion: Version, CreatedBy: "x", DependencyGroups: []string{"prod", "dev"}, DefaultGroups: []string{"prod"},
		Extras: []string{"web"}, RequiresPython: ">=3.12", Environments: []string{"sys_platform == 'linux'", "sys_platform == 'win32'"},
		Packages: []Package{
			{Name: "n", Version: "1", Marker: "sys_platform == 'win32'", Wheels: wheels("n-1-py3-none-any.whl")},
			{Name: "n", Version: "2", Marker: "sys_platform != 'win32'", Wheels: wheels("n-2-py3-none-any.whl", "n-2-1-py3-none-any.whl",
				"n-2-cp314-cp314-manylinux_2_35_x86_64.whl", "n-2-cp313-abi3-manylinux_2_17_x86_64.whl")},
			{Name: "s", Version: "1", Marker: "'dev' in dependency_groups", Sdist: &sdist, Wheels: wheels("s-1-cp39-cp39-win32.whl")},
			{Name: "w", Version: "1", Marker: "'web' in extras", Directory: &Directory{Path: "w"}},
		}}
	for _, c := range []struct {
		target         string
		groups, extras []string
		want           string
	}{
		{"linux-x86_64", nil, nil, "n-2-cp313-abi3-manylinux_2_17_x86_64.whl"},
		{"linux-x86_64-glibc2.35", nil, nil, "n-2-cp314-cp314-manylinux_2_35_x86_64.whl"},
		{"linux-aarch64", []string{}, nil, "n-2-1-py3-none-any.whl"},
		{"windows-x86_64", []string{"dev"}, []string{"Web"}, "n-1-py3-none-any.whl s-1.tar.gz w"},
	} {
		got, err := choose(t, l, c.target, "3.14.1", c.groups, c.extras)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s %q %q: %q, %v, want %s", c.target, c.groups, c.extras, got, err, c.want)
		}
	}
	l.Packages = append(l.Packages,
		Package{Name: "n", Version: "3", Marker: "'amb' in dependency_groups", Wheels: wheels("n-3-py3-none-any.whl")},
		Package{Name: "old", Version: "3", Marker: "'old' in dependency_groups", RequiresPython: "<3.13", Wheels: wheels("old-3-py3-none-any.whl")},
		Package{Name: "win", Version: "3", Marker: "'win' in dependency_groups", Wheels: wheels("win-3-cp314-cp314-win_amd64.whl")})
	l.DependencyGroups = append(l.DependencyGroups, "amb", "old", "win")
	for _, c := range []struct{ target, python, group, extra, want string }{
		{"linux-x86_64", "3.11.9", "prod", "web", "needs Python >=3.12, not 3.11.9"},
		{"macos-arm64", "3.14.1", "prod", "web", "not for Python 3.14.1 on Darwin arm64"},
		{"linux-x86_64", "3.14.1", "amb", "web", "n: both 2 and 3 are selected"},
		{"linux-x86_64", "3.14.1", "old", "web", "old 3 needs Python <3.13"},
		{"linux-x86_64", "3.14.1", "win", "web", "win 3: none of its 1 wheels fits"},
		{"linux-x86_64", "3.14.1", "docs", "web", `no group "docs"`},
		{"linux-x86_64", "3.14.1", "prod", "gone", `no extra "gone"`},
	} {
		_, err := choose(t, l, c.target, c.python, []string{c.group}, []string{c.extra})
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.HintOf(err) == "" {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
}

func TestWriteLeavesEqualBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	l := full()
	if changed, err := Write(path, l); err != nil || !changed {
		t.Fatal(changed, err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := Write(path, l); err != nil || changed {
		t.Fatal("equal bytes are written", err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Fatal("the file was replaced", err)
	}
	l.CreatedBy = "other"
	if changed, err := Write(path, l); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != string(l.Marshal()) {
		t.Fatal("the new bytes are not there", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Fatal(fmt.Sprint("left over: ", entries), err)
	}
	if _, err := Write(filepath.Join(filepath.Dir(path), "none", FileName), l); err == nil {
		t.Fatal("a folder that is not there")
	}
}

func TestWriteSweepsWhatKillsLeft(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".pylock-1.tmp": 2 * leftover, ".pylock-2.tmp": 0, ".pylock-mine.toml": 2 * leftover} {
		path, at := filepath.Join(dir, name), time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Write(filepath.Join(dir, FileName), full()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 || entries[0].Name() != ".pylock-2.tmp" {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full().Marshal())
	f.Add([]byte(head + "packages = [{}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(data, "pylock.toml")
		if err != nil {
			return
		}
		written := l.Marshal()
		again, err := Parse(written, "again")
		if err != nil {
			t.Fatalf("a lock that was read cannot be written: %v\n%s", err, written)
		}
		if twice := again.Marshal(); !bytes.Equal(twice, written) || len(again.Packages) != len(l.Packages) {
			t.Errorf("written\n%s\nand again\n%s", written, twice)
		}
	})
}

func TestEmptyLock(t *testing.T) {
	for _, text := range []string{"", "\x00\x00\x00"} {
		if _, err := Parse([]byte(text), "pylock.toml"); err == nil || !strings.Contains(err.Error(), "pylock.toml: it is empty") || fault.HintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}
