package cpython

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/generation"
	"snug/internal/store"
)

// Difference is one file that two builds did not make alike.
type Difference struct {
	Path string `json:"path"`
	How  string `json:"how"`
}

// Differences compares two trees file by file, sorted by path; none means that they
// have the same digest.
func Differences(a, b string) ([]Difference, error) {
	first, err := store.Scan(a, generation.OwnerPython)
	if err != nil {
		return nil, err
	}
	second, err := store.Scan(b, generation.OwnerPython)
	if err != nil {
		return nil, err
	}
	rest := map[string]generation.File{}
	for _, f := range second {
		rest[f.Path] = f
	}
	var out []Difference
	for _, f := range first {
		other, ok := rest[f.Path]
		delete(rest, f.Path)
		if how := difference(f, other, ok); how != "" {
			out = append(out, Difference{f.Path, how})
		}
	}
	for path := range rest {
		out = append(out, Difference{path, "only the second build made it"})
	}
	slices.SortFunc(out, func(x, y Difference) int { return strings.Compare(x.Path, y.Path) })
	return out, nil
}

func difference(a, b generation.File, ok bool) string {
	switch {
	case !ok:
		return "only the first build made it"
	case a.Link != b.Link:
		return fmt.Sprintf("a link to %q, then to %q", a.Link, b.Link)
	case a.Mode != b.Mode:
		return "mode " + a.Mode + ", then " + b.Mode
	case a.SHA256 != b.SHA256:
		return fmt.Sprintf("other content: %d bytes with sha256 %.12s, then %d with %.12s", a.Size, a.SHA256, b.Size, b.SHA256)
	}
	return ""
}
