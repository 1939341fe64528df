package build

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestNeedsRust(t *testing.T) {
	cases := []struct {
		requires []string
		recipe   *Recipe
		want     bool
	}{
		{[]string{"maturin>=1.9,<2.0"}, nil, true},
		{[]string{"setuptools", "Setuptools_Rust >= 1.7"}, nil, true},
		{[]string{"setuptools", "cython; python_version > '3'"}, &Recipe{}, false},
		{[]string{"not a requirement !"}, nil, false},
		{nil, &Recipe{Rust: true}, true},
	}
	for _, c := range cases {
		if got := NeedsRust(c.requires, c.recipe); got != c.want {
			t.Errorf("%q: %v", c.requires, got)
		}
	}
}

// The toolchain is the one that rustup would choose, or the one on PATH, never rustup.
func TestRustFolders(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("rustup/toolchains/stable-x/bin/cargo", "")
	write("rustup/settings.toml", `default_toolchain = "stable-x"`)
	write("shims/rustup", "")
	write("own/bin/cargo", "")
	if err := os.Symlink("rustup", filepath.Join(home, "shims", "cargo")); err != nil {
		t.Skip(err)
	}
	env := map[string]string{"RUSTUP_HOME": filepath.Join(home, "rustup"), "PATH": filepath.Join(home, "shims") + string(filepath.ListSeparator) + filepath.Join(home, "own", "bin")}
	get := func(name string) string { return env[name] }
	want := []string{filepath.Join(home, "rustup", "toolchains", "stable-x"), filepath.Join(home, "own")}
	if got := rustFolders(get); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	write("rustup/settings.toml", `default_toolchain = "../../own"`)
	if got := rustFolders(get); !slices.Equal(got, want[1:]) {
		t.Errorf("a default that leads out: %q", got)
	}
}
