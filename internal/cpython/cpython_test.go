package cpython

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// host is this machine's target; elsewhere than on Linux nothing is built.
func hostTarget(t *testing.T) pytag.Target {
	t.Helper()
	h, err := pytag.Host()
	if err != nil || h.OS != "linux" {
		t.Skip("CPython is built on Linux only")
	}
	return h
}

func TestList(t *testing.T) {
	h := hostTarget(t)
	all, err := NewSource(Options{}).List(context.Background(), h)
	list, errList := Catalogue()
	if err != nil || errList != nil || len(all) != len(list) {
		t.Fatalf("%d of %d, %v, %v", len(all), len(list), err, errList)
	}
	if i := all[0]; i.Source != SourceName || i.ID != "minimal-"+recipeVersion || !i.Movable || i.SHA256 != list[0].SHA256 || i.Version.String() != list[0].Version {
		t.Errorf("%+v", i)
	}
	for _, other := range []string{"macos-arm64", "windows-x86_64", "linux-x86_64-musl", "linux-aarch64"} {
		target, err := pytag.ParseTarget(other)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := NewSource(Options{}).List(context.Background(), target); target != h && (len(got) > 0 || err != nil) {
			t.Errorf("for %s: %v, %v", other, got, err)
		}
	}
	folder := filepath.Dir(write(t, list[1].Name(), nil))
	some, err := opened(t, func(o *Options) { o.Mirror, o.Profile, o.Optimize = folder, Full, PGO }).List(context.Background(), h)
	if err != nil || len(some) != 1 || some[0].Version.String() != list[1].Version || some[0].ID != "full-"+recipeVersion+"-pgo" {
		t.Errorf("of a folder with one: %+v, %v", some, err)
	}
}

// Other libraries of the machine, another recipe and another tarball make another tree.
func TestKey(t *testing.T) {
	s := opened(t, nil)
	v, err := pep440.Parse("3.13.5")
	if err != nil {
		t.Fatal(err)
	}
	base := interp.Interpreter{Version: v, Source: SourceName, ID: "minimal-" + recipeVersion, SHA256: digest.Of(nil).String()}
	seen := map[string]string{}
	take := func(what string, i interp.Interpreter) string {
		t.Helper()
		key, err := interp.Key([]interp.Source{s}, i)
		if err != nil {
			t.Fatal(what, err)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
		return key
	}
	key := take("the first", base)
	full, other := base, base
	full.ID, other.SHA256 = "full-"+recipeVersion, digest.Of([]byte("x")).String()
	take("full", full)
	take("another tarball", other)
	if again, err := s.Key(base); again != key || err != nil {
		t.Errorf("%s, then %s, %v", key, again, err)
	}
	if err := os.WriteFile(filepath.Join(s.opt.Root, "usr/lib", multiarch(), "libssl.a"), []byte("newer"), 0o644); err != nil {
		t.Fatal(err)
	}
	take("another OpenSSL", base)
	stale := base
	stale.ID = "minimal-0"
	if _, err := s.Key(stale); fault.CodeOf(err) != fault.Unsupported || !strings.Contains(fault.HintOf(err), "lock --upgrade") {
		t.Errorf("another recipe: %v", err)
	}
}

// What the machine lacks is said at once and with the packages' names, before the
// sandbox or the network are asked.
func TestLacking(t *testing.T) {
	remove := []string{"usr/bin/cc", "usr/bin/make", "usr/lib/" + multiarch() + "/libssl.a", "usr/include/zlib.h"}
	for distro, hint := range map[string]string{
		"ID=debian\n": "apt-get install gcc libc6-dev libssl-dev make binutils coreutils sed zlib1g-dev",
		"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n": "apt-get install gcc",
		"ID=alpine\n":  "apk add build-base openssl-dev openssl-libs-static zlib-dev zlib-static",
		"ID=fedora\n":  "dnf install gcc glibc-devel",
		"ID=solaris\n": "Debian's libssl-dev, Fedora's openssl-devel",
		"":             "Debian's libssl-dev",
	} {
		s := opened(t, func(o *Options) { o.Sandbox, o.Client = nil, nil })
		for _, name := range remove {
			if err := os.Remove(filepath.Join(s.opt.Root, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(s.opt.Root, "etc/os-release"), []byte(distro), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := NewRequest(Tarball{Version: "3.13.5"}, "", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Build(context.Background(), r, t.TempDir())
		if fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "a C compiler, make, libssl.a of openssl, zlib.h of zlib") || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%q: %v, hint %q", distro, err, fault.HintOf(err))
		}
	}
}

func TestLeftOut(t *testing.T) {
	for name, want := range map[string][2]bool{ // minimal, full
		"_ssl": {false, false}, "readline": {true, true}, "_tkinter": {true, true}, "_scproxy": {true, true}, "_curses_panel": {true, false},
		"_testcapi": {true, false}, "xxlimited_35": {true, false}, "_zstd": {false, false},
	} {
		for i, profile := range []string{Minimal, Full} {
			if got := leftOut(name, choice{profile: profile}); got != want[i] {
				t.Errorf("%s of %s: %v", name, profile, got)
			}
		}
	}
	if got := needed([]string{"_zstd", "_ssl"}); !strings.Contains(got, "libssl-dev") || !strings.Contains(got, "libzstd-dev") {
		t.Errorf("%q", got)
	}
}

func TestCleaned(t *testing.T) {
	in := `{'CFLAGS': '-O2 -ffile-prefix-map=/tmp/b/src=/src -I/usr/include/uuid -g0', 'A': "'--x=-ffile-prefix-map=/tmp/b/src=/src' 'y'", 'L': '-L/usr/lib  -l:libssl.a', 'abs': '/tmp/b/src', 'other': '/tmp/b/src2', 'D': '/tmp/b/src/lcov'}`
	want := `{'CFLAGS': '-O2  -g0', 'A': "'--x=' 'y'", 'L': '  -l:libssl.a', 'abs': '.', 'other': '/tmp/b/src2', 'D': './lcov'}`
	if got := cleaned(in, "/tmp/b/src"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// The digest of the recipe is the same each time, and covers what configure is told.
func TestRecipeDigest(t *testing.T) {
	if first, again := RecipeDigest(), RecipeDigest(); first != again {
		t.Error("another each time")
	}
	r := recipe{choice: choice{profile: Minimal}, libraries: librariesFor(choice{profile: Minimal}, 13), epoch: oldest, source: "/src", compiler: "cc"}
	if args := r.arguments(); !slices.Contains(args, "--disable-test-modules") || !slices.Contains(args, "py_cv_module_readline=n/a") {
		t.Errorf("%q", args)
	}
	if slices.ContainsFunc(r.env(), func(kv string) bool { return strings.Contains(kv, "zstd") || strings.Contains(kv, "ncurses") }) {
		t.Errorf("%q", r.env())
	}
	if got := linked("MODULE__SSL_LDFLAGS=-L/usr/lib  -lssl -lcrypto\nMODULE__HASHLIB_LDFLAGS=-L/usr/lib  -lcrypto\nX=-lcrypto\n"); got != "MODULE__SSL_LDFLAGS=  -l:libssl.a -l:libcrypto.a -ldl -lpthread\nMODULE__HASHLIB_LDFLAGS=  -l:libcrypto.a -ldl -lpthread\nX=-lcrypto\n" {
		t.Errorf("%q", got)
	}
}
