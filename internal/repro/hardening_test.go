package repro

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/elf/elftest"
	"snug/internal/fault"
)

// TestNatives: a folder's loadable files, what they show of what was linked into them, and nothing else.
func TestNatives(t *testing.T) {
	funcs := func(names ...string) (out []elftest.Func) {
		for _, name := range names {
			out = append(out, elftest.Func{Name: name, Code: "\xc3"})
		}
		return out
	}
	python := elftest.Library{Interp: true, Needed: []string{"libm.so.6", "libc.so.6"}, Versions: map[string][]string{"libc.so.6": {"GLIBC_2.35"}},
		Imports: []string{"__stack_chk_fail", "SSL_read"}, Funcs: funcs("Py_Main", "sqlite3_open", "sqlite3_close", "EVP_sha256"), Features: 3, Now: true, RELRO: true}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"python3.13": python.String(), "lib/python3.13/os.py": "import sys\n", "lib/empty": "", "lib/x.o": elftest.Library{Kind: 1}.String(),
		"lib/libsqlite3-1a2b.so.0": elftest.Library{Funcs: funcs("sqlite3_open")}.String(), "lib/mod.so": elftest.Library{SoName: "libz.so.1", Funcs: funcs("inflate")}.String(),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("python3.13", filepath.Join(dir, "python3")); err != nil {
		t.Fatal(err)
	}
	natives, err := Natives(dir)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, n := range natives {
		paths = append(paths, n.Path)
		if n.Path != "python3.13" && n.Exports != nil {
			t.Errorf("%s is the library itself, not a bundle of %v", n.Path, n.Exports)
		}
	}
	if want := []string{"lib/libsqlite3-1a2b.so.0", "lib/mod.so", "python3.13"}; !slices.Equal(paths, want) {
		t.Fatalf("%q, want %q", paths, want)
	}
	got := natives[2]
	if want := []Export{{"OpenSSL", 1, "EVP_sha256"}, {"SQLite", 2, "sqlite3_close"}}; !slices.Equal(got.Exports, want) || got.Glibc != [2]int{2, 35} {
		t.Errorf("%+v, want %v", got, want)
	}
	if want := "PIE, bind now, full RELRO, NX, stack protector, branch marks, shadow stack"; got.Hardening.String() != want {
		t.Errorf("%s, want %s", got.Hardening, want)
	}
	if want := "no PIE, executable stack, writable code"; (Hardening{RELRO: "none", WriteExecute: true}).String() != want {
		t.Errorf("want %s", want)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.so"), []byte("\x7fELF\x02\x01"+strings.Repeat("\xff", 80)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Natives(dir); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), "bad.so: a damaged ELF file") {
		t.Error(err)
	}
}
