package resolve

import (
	"slices"
	"strings"
	"testing"

	"snug/internal/manifest"
)

// TestOneChangeOneBlock: what becomes of one package changes its lines alone.
func TestOneChangeOneBlock(t *testing.T) {
	const some = "a 1 | b\nb 1\nc 1 | b | says=>=3.9\nz 1 | c"
	blocks := func(index, dev string) []string {
		in := input(t, asks(t, "a", "z", dev), world(t, index), three...)
		l, err := Resolve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(l.Marshal()), "\n\n")
	}
	before := blocks(some, "")
	for _, c := range []struct{ name, index, dev, gone, came string }{
		{"a newer version", some + "\nb 2", "", "b", "b"},
		{"a newer version with another need", some + "\nc 2 | b | says=>=3.10", "", "c", "c"},
		{"one package more", some + "\nd 1 | b", "d", "dev", "d dev"},
	} {
		after := blocks(c.index, c.dev)
		without := func(a, b []string) string {
			var out []string
			for _, block := range a {
				if !slices.Contains(b, block) {
					out = append(out, called(block))
				}
			}
			return strings.Join(out, " ")
		}
		if gone, came := without(before, after), without(after, before); gone != c.gone || came != c.came {
			t.Errorf("%s: gone %s, came %s", c.name, gone, came)
		}
	}
}

// called is the name in a block of a lock.
func called(block string) string {
	_, name, _ := strings.Cut(block, "name = \"")
	name, _, _ = strings.Cut(name, "\"")
	return name
}

// TestPackageTellsPython: where the index is silent the lock has it from the
// wheel, so that installers refuse in time.
func TestPackageTellsPython(t *testing.T) {
	for index, want := range map[string]string{"a 1 | says=>=3.9": ">=3.9", "a 1 | python>=3.8": ">=3.8", "a 1": ""} {
		l, err := Resolve(t.Context(), input(t, asks(t, "a"), world(t, index), "linux-x86_64"))
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Packages[0].RequiresPython; got != want {
			t.Errorf("%s: %q, want %q", index, got, want)
		}
	}
}

// TestHashes: only the files that the project allows are taken.
func TestHashes(t *testing.T) {
	w := world(t, "a 1\na 2")
	in := input(t, asks(t, "a"), w, "linux-x86_64")
	sum := w.listings["a"].Files[0].Hashes.Sum("sha256")
	in.Project.Runtimes[0].Requirements = []manifest.Requirement{asking(t, "a")}
	in.Project.Runtimes[0].Requirements[0].Hashes = []string{"sha256:" + sum}
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := versions(t, l, in, 0, "prod"); got != "a 1" {
		t.Errorf("got %q", got)
	}
	in.Project.Runtimes[0].Requirements[0].Hashes = []string{"sha256:" + strings.Repeat("0", 64)}
	if _, err := Resolve(t.Context(), in); err == nil || !strings.Contains(err.Error(), "a 1 and 2 cannot be used: its hash is none of those") {
		t.Errorf("got %v", err)
	}
}
