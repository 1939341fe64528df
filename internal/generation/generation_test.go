package generation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"snug/internal/digest"
	"snug/internal/fault"
)

func sample() *Manifest {
	sum := digest.Of([]byte("x")).String()
	m := &Manifest{Runtime: "prod", Python: "3.14.6", Isolated: true, Files: []File{
		{Path: "lib/b.py", Mode: "0644", SHA256: sum, Size: 1, Owner: "b"},
		{Path: "app", Mode: "0777", SHA256: sum, Link: "../..", Kind: Control, Owner: OwnerSnug},
		{Path: "bin/a", Mode: "0755", SHA256: sum, Size: 1, Owner: "a"},
	}, Packages: []Package{{Name: "a", Version: "1"}}}
	m.Seal()
	return m
}

func put(t *testing.T, dir string, m *Manifest) {
	t.Helper()
	var data bytes.Buffer
	if err := m.Write(&data); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(ManifestPath))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestManifestComesBack(t *testing.T) {
	dir, m := t.TempDir(), sample()
	put(t, dir, m)
	got, err := Read(dir)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("read %+v, %v\nwant %+v", got, err, m)
	}
	head, err := ReadHead(dir)
	if err != nil || head.Tree != m.Tree || head.Count != 3 || head.Bytes != 2 || len(head.Files) != 0 || len(head.Packages) != 1 {
		t.Fatalf("head %+v, %v", head, err)
	}
}

func TestFilesAreWrittenAsJSONWouldBe(t *testing.T) {
	for _, f := range []File{
		{},
		{Path: "lib/a b.py", Mode: "0644", SHA256: "00", Size: 1 << 40, Owner: "a"},
		{Path: "lib/\"quoted\"\\\t\x7f<é>&\xff", Owner: "ü", Link: "../é", Kind: Control, Source: "b,c"},
	} {
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		w := bufio.NewWriter(&got)
		f.appendTo(w)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s\nwant %s", &got, want)
		}
	}
}

func TestControlFilesAreNotInTheTree(t *testing.T) {
	a, b := sample(), sample()
	for i := range b.Files {
		if b.Files[i].Kind == Control {
			b.Files[i].SHA256 = digest.Of([]byte("another project path")).String()
		}
	}
	b.Seal()
	if a.Tree != b.Tree {
		t.Error("a control file changed the digest")
	}
	b.Files[1].Mode = "0644"
	b.Seal()
	if a.Tree == b.Tree {
		t.Error("a payload file's mode did not change the digest")
	}
}

func TestReadRefuses(t *testing.T) {
	outside := sample()
	outside.Files[0].Path = "../x"
	other := sample()
	other.Snug = "99"
	for name, m := range map[string]*Manifest{"path outside": outside, "schema": other} {
		dir := t.TempDir()
		put(t, dir, m)
		if _, err := Read(dir); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
	if _, err := Read(t.TempDir()); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("no manifest: %v", err)
	}
}

// stage builds a whole generation and gives it its number.
func stage(t *testing.T, r Room) int {
	t.Helper()
	dir, err := r.Stage()
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, sample())
	n, err := r.Adopt(dir, Evidence{Provenance: []byte("signed\n")})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRoom(t *testing.T) {
	snug := filepath.Join(t.TempDir(), ".snug")
	r := Room{Dir: filepath.Join(snug, "prod")}
	if _, ok := r.Current(); ok {
		t.Error("an absent room has a current generation")
	}
	for want := 1; want <= 4; want++ {
		if n := stage(t, r); n != want {
			t.Fatalf("generation %d, want %d", n, want)
		}
	}
	if err := r.Switch(1); err != nil {
		t.Fatal(err)
	}
	if n, ok := r.Current(); !ok || n != 1 {
		t.Errorf("current is %d, %t", n, ok)
	}
	if to, err := os.Readlink(filepath.Join(r.Dir, "current")); err != nil || to != "1" {
		t.Errorf("current points at %q, %v: it must be relative", to, err)
	}
	if err := r.Switch(9); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("switch to what is not there: %v", err)
	}
	for _, n := range []int{2, 4} {
		if err := Doubt(r.Path(n), true); err != nil || !Doubted(r.Path(n)) {
			t.Errorf("generation %d is not doubted, %v", n, err)
		}
	}
	if n, err := r.Prune(1); err != nil || n != 2 {
		t.Errorf("pruned %d, %v", n, err)
	}
	list, err := r.List()
	if err != nil || len(list) != 2 || list[0].Number != 4 || list[1].Number != 1 || !list[1].Current {
		t.Errorf("left %+v, %v", list, err)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Dir, "2*")); len(left) > 0 {
		t.Errorf("left of generation 2: %q", left)
	}
	if err := Doubt(r.Path(4), false); err != nil || Doubted(r.Path(4)) {
		t.Errorf("still doubted, %v", err)
	}
	if err := os.WriteFile(filepath.Join(snug, ".gitignore"), nil, 0o644); err != nil { // by a build that was killed
		t.Fatal(err)
	}
	stage(t, r)
	if text, err := os.ReadFile(filepath.Join(snug, ".gitignore")); err != nil || strings.TrimSpace(string(text)) != "*" {
		t.Errorf(".gitignore is %q, %v", text, err)
	}
}
