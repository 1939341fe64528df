package digest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"snug/internal/digest"
)

const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParse(t *testing.T) {
	for _, text := range []string{empty, strings.ToUpper(empty)} {
		sum, err := digest.Parse(text)
		if err != nil || sum != digest.Of(nil) || sum.String() != empty {
			t.Errorf("Parse(%q) = %v, %v", text, sum, err)
		}
	}
	for _, text := range []string{"", empty[1:], empty + "0", "g" + empty[1:], "sha256:" + empty} {
		if _, err := digest.Parse(text); err == nil {
			t.Errorf("Parse(%q): no error", text)
		}
	}
}

func TestOfReader(t *testing.T) {
	sum, n, err := digest.OfReader(strings.NewReader("abc"))
	if err != nil || n != 3 || sum != digest.Of([]byte("abc")) {
		t.Errorf("OfReader = %v, %d, %v", sum, n, err)
	}
	if sum, _, err := digest.OfReader(iotest.ErrReader(iotest.ErrTimeout)); err == nil || !sum.IsZero() {
		t.Errorf("a broken reader gave %v, %v", sum, err)
	}
}

func TestTree(t *testing.T) {
	a := digest.Entry{Mode: 0o644, Sum: digest.Of([]byte("a")), Path: "lib/a.py"}
	b := digest.Entry{Mode: 0o755, Sum: digest.Of([]byte("b")), Path: "bin/b"}
	want := digest.Of([]byte("0755 " + b.Sum.String() + " bin/b\n0644 " + a.Sum.String() + " lib/a.py\n"))
	given := []digest.Entry{a, b}
	if got := digest.Tree(given); got != want {
		t.Errorf("Tree = %v, want %v", got, want)
	}
	if !slices.Equal(given, []digest.Entry{a, b}) {
		t.Error("Tree reordered its argument")
	}
	changes := map[string]func(*digest.Entry){
		"mode": func(e *digest.Entry) { e.Mode = 0o755 },
		"sum":  func(e *digest.Entry) { e.Sum[0]++ },
		"path": func(e *digest.Entry) { e.Path = "lib/c.py" },
		"link": func(e *digest.Entry) { e.Link = "b" },
	}
	for what, change := range changes {
		c := a
		change(&c)
		if digest.Tree([]digest.Entry{c, b}) == want {
			t.Errorf("another %s, the same digest", what)
		}
	}
}

func TestTreePathCannotImitateALine(t *testing.T) {
	sum := digest.Of(nil)
	two := []digest.Entry{{Mode: 0o644, Sum: sum, Path: "a"}, {Mode: 0o644, Sum: sum, Path: "b"}}
	one := []digest.Entry{{Mode: 0o644, Sum: sum, Path: "a\n0644 " + sum.String() + " b"}}
	if digest.Tree(two) == digest.Tree(one) {
		t.Error("one file with a line break in its name has the digest of two files")
	}
}
