package resolve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What real indexes hold: docs/traps.md says which test is for which trap.

// TestLocalVersions: builds of one version that vendors tell apart.
func TestLocalVersions(t *testing.T) {
	const index = "torch 2.0+cpu\ntorch 2.0+cu118\ntorch 1.9"
	for _, c := range []struct{ asks, want string }{
		{"torch==2.0", "torch 2.0+cu118"},
		{"torch==2.0+cpu", "torch 2.0+cpu"},
		{"torch>=2.0", "torch 2.0+cu118"},
		{"torch<2.0", "torch 1.9"},
		{"torch>2.0", ""},
		{"torch!=2.0", "torch 1.9"},
	} {
		in := input(t, asks(t, c.asks), world(t, index), "linux-x86_64")
		l, err := Resolve(t.Context(), in)
		var conflict *Conflict
		switch {
		case c.want == "":
			if !errors.As(err, &conflict) {
				t.Errorf("%s: %v", c.asks, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.asks, err)
		default:
			if got := versions(t, l, in, 0, "prod"); got != c.want {
				t.Errorf("%s: got %q, want %q", c.asks, got, c.want)
			}
		}
	}
}

// TestPrereleasesWhereNothingStableFits: they are taken of the one package that
// has nothing else, and of no other.
func TestPrereleasesWhereNothingStableFits(t *testing.T) {
	const index = `api 1.29.0 | instrumentation==0.50b0 | helper>=2.0rc1
instrumentation 0.50b0
instrumentation 0.51b0
helper 1
helper 2
helper 3rc1`
	in := input(t, asks(t, "api"), world(t, index), "linux-x86_64")
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := versions(t, l, in, 0, "prod"), "api 1.29.0, helper 2, instrumentation 0.50b0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestModernVersions: graphs in which taking the newest of one package first
// leads to a version of the other from before it knew of bounds.
func TestModernVersions(t *testing.T) {
	var b strings.Builder
	for i := 1; i <= 40; i++ {
		fmt.Fprintf(&b, "fast 1.%d | star==1.%d\nnumba 1.%d | numpy<1.%d | llvm==0.%d\nllvm 0.%d\n", i, i, i, i+5, i, i)
	}
	for i := 1; i <= 60; i++ {
		fmt.Fprintf(&b, "star 1.%d\nnumpy 1.%d\n", i, i)
	}
	b.WriteString("fast 0.9 | star\nnumba 0.36 | numpy | llvm>=0.1\n")
	for asked, want := range map[string]string{
		"star & fast":   "fast 1.40, star 1.40",
		"fast & star":   "fast 1.40, star 1.40",
		"numpy & numba": "llvm 0.40, numba 1.40, numpy 1.44",
		"numba & numpy": "llvm 0.40, numba 1.40, numpy 1.44",
	} {
		in := input(t, asks(t, asked), world(t, b.String()), "linux-x86_64")
		l, err := Resolve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := versions(t, l, in, 0, "prod"); got != want {
			t.Errorf("%s: got %q, want %q", asked, got, want)
		}
	}
}

// TestReadsAheadInOrder: packages whose every version pins the same one of
// another are gone through with the metadata of the next ones on its way.
func TestReadsAheadInOrder(t *testing.T) {
	var b strings.Builder
	for i := 1; i <= 200; i++ {
		limit := "url<2"
		if i <= 185 {
			limit = "url"
		}
		fmt.Fprintf(&b, "boto 1.%d | core==1.%d\ncore 1.%d | %s\n", i, i, i, limit)
	}
	b.WriteString("url 1\nurl 2\n")
	w := world(t, b.String())
	in := input(t, asks(t, "boto & url>=2"), w, "linux-x86_64")
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := versions(t, l, in, 0, "prod"), "boto 1.185, core 1.185, url 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, name := range []string{"boto", "core"} {
		if ahead := "https://index.example/files/" + name + "-1.182-py3-none-any.whl"; !slices.Contains(w.read, ahead) {
			t.Errorf("%s was not read ahead", ahead)
		}
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(w.read)))); n > 120 {
		t.Errorf("%d of 402 metadata files were read", n)
	}
}

// TestBelowAnUpperBoundOnPython: what is older only because newer versions bound
// Python is taken with a word.
func TestBelowAnUpperBoundOnPython(t *testing.T) {
	const said = "numba 2 is not taken: needs Python >=3.9,<3.14, not 3.14.0; 1 is, which sets no upper bound and may be from before it was needed (an older Python would admit both)"
	for _, c := range []struct{ name, index, asks, want string }{
		{"asked for", "numba 2 | python>=3.9,<3.14\nnumba 1 | python>=3.6", "numba", said},
		{"needed", "numba 2 | python>=3.9,<3.14\nnumba 1\na 1 | numba", "a", said},
		{"another way to bound", "numba 2 | python==3.13.*\nnumba 1", "numba", strings.Replace(said, ">=3.9,<3.14", "==3.13.*", 1)},
		{"a bound that it has too", "numba 2 | python>=3.9,<3.14\nnumba 1 | python<3.15", "numba", ""},
		{"not needed there", "a 1 | numba; sys_platform == 'win32'\nnumba 2 | python>=3.9,<3.14 | tag=cp314-cp314-win_amd64\nnumba 1 | tag=cp314-cp314-win_amd64", "a", said},
		{"a lower bound", "numba 2 | python>=3.15\nnumba 1", "numba", ""},
		{"asked for so", "numba 2 | python<3.14\nnumba 1", "numba<2", ""},
		{"another package wants it so", "numba 2 | python<3.14\nnumba 1\na 1 | numba<2", "a", ""},
		{"something else holds it back", "numba 3 | python<3.14\nnumba 2 | a>1\nnumba 1\na 1", "numba", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &heard{}
			in := input(t, asks(t, c.asks), world(t, c.index), "linux-x86_64", "windows-x86_64")
			in.Events = h
			if _, err := Resolve(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.notes, "\n"); got != c.want {
				t.Errorf("said %q\nwant %q", got, c.want)
			}
		})
	}
}
