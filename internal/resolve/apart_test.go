package resolve

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"snug/internal/event"
)

// notes are the messages of all notes.
type notes []string

func (n *notes) Handle(e event.Event) {
	if e.Kind == event.Note {
		*n = append(*n, e.Message)
	}
}

// TestNotesOfSplits: a package with several versions says in the lock, and when
// it is locked, why each target has the one that it has.
func TestNotesOfSplits(t *testing.T) {
	for _, c := range []struct{ name, index, asks, want string }{
		{"no wheel", "a 2 @lm\na 1 @w", "a", `
a 1 on windows-x86_64: 2 has no wheel there
a 2 on linux-x86_64, macos-arm64: 1 has no wheel there`},
		{"the newest first, then the next", "a 3 @l\na 2 @m\na 1 @w", "a", `
a 1 on windows-x86_64: 3 has no wheel there
a 2 on macos-arm64: 3 has no wheel there
a 3 on linux-x86_64: 2 has no wheel there`},
		{"asked for", "a 2\na 1", "a>=2@lm, a<2@w", `
a 1 on windows-x86_64: pyproject.toml: [project] wants a<2 there
a 2 on linux-x86_64, macos-arm64: pyproject.toml: [project] wants a>=2 there`},
		{"a user of it", "a 1\na 2\nu 1: a<2@w, a>=2@lm", "u", `
a 1 on windows-x86_64: u 1 needs a<2 there
a 2 on linux-x86_64, macos-arm64: u 1 needs a>=2 there`},
		{"one by files, one by its user", "a 2 @lm: b>=2\na 1 @w: b<2\nb 1\nb 2", "a, b", `
a 1 on windows-x86_64: 2 has no wheel there
a 2 on linux-x86_64, macos-arm64: 1 has no wheel there
b 1 on windows-x86_64: a 1 needs b<2 there
b 2 on linux-x86_64, macos-arm64: a 2 needs b>=2 there`},
		{"what it needs itself", "a 2: b>=2@w\na 1: b<2@l\nb 2\nb 1", "a, b<2@w, b>=2@l, b@m", `
a 1 on windows-x86_64: 2 needs b>=2, which is 1 there
a 2 on linux-x86_64, macos-arm64: 1 needs b<2, which is 2 on linux-x86_64
b 1 on windows-x86_64: pyproject.toml: [project] wants b<2 there
b 2 on linux-x86_64, macos-arm64: pyproject.toml: [project] wants b>=2 on linux-x86_64`},
		{"nothing to say", "a 2 @l\na 1", "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, targetedAsks(c.asks)), targeted(t, c.index), three...)
			var said notes
			in.Events = &said
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var written []string
			for _, p := range l.Packages {
				for _, note := range p.Notes {
					written = append(written, fmt.Sprintf("%s %s %s", p.Name, p.Version, note))
				}
			}
			want := strings.Split(strings.TrimSpace(c.want), "\n")
			if c.want == "" {
				want = nil
			}
			said = slices.DeleteFunc(said, func(s string) bool { return !strings.Contains(s, " on ") })
			if !slices.Equal(written, want) || c.want != "" && !slices.Equal(said, want) {
				t.Errorf("locked:\n%s\nsaid:\n%s", strings.Join(written, "\n"), strings.Join(said, "\n"))
			}
		})
	}
}
