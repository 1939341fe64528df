package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"snug/internal/fault"
	"snug/internal/inventory"
	"snug/internal/license"
	"snug/internal/licensetext"
)

// Bounds of what is shown of licence texts.
const (
	maxCompared  = 256 << 10 // bytes of a text that is compared line by line
	maxDiffLines = 120       // of one text
	maxTexts     = 200       // of one package
)

// TextChange is a licence text that came, went, or is another one.
type TextChange struct {
	Path   string           `json:"path"` // below the package's own folder, where it lies in one
	State  string           `json:"state"`
	SHA256 string           `json:"sha256,omitempty"` // of the new one
	IDs    []string         `json:"ids,omitempty"`    // the licences that are found in it
	Kind   licensetext.Kind `json:"kind,omitempty"`
	Points []string         `json:"pointer,omitempty"` // names of other files that it sends the reader to
	Was    []string         `json:"was,omitempty"`     // those that were found in the old one, where they are others
	Diff   []string         `json:"diff,omitempty"`    // unified, without its heads, bounded
	More   int              `json:"more,omitempty"`    // further lines of the diff
}

// Changed is a text at the same place that is another one.
const Changed = "changed"

// compareTexts pairs the licence texts of two versions by their place, without the
// version that the name of a dist-info folder has.
func compareTexts(old, now *entry) ([]TextChange, error) {
	var before []licensetext.Text
	if old.facts != nil {
		before = old.facts.Licenses
	}
	had := map[string]licensetext.Text{}
	for _, t := range before {
		had[textPlace(t.Path)] = t
	}
	knew := func(sum string) bool {
		return slices.Contains(old.texts, sum) || slices.ContainsFunc(before, func(t licensetext.Text) bool { return t.SHA256 == sum })
	}
	var out []TextChange
	for _, t := range now.facts.Licenses {
		at := textPlace(t.Path)
		was, paired := had[at]
		delete(had, at)
		if knew(t.SHA256) {
			continue
		}
		c := TextChange{Path: at, State: Added, SHA256: t.SHA256, IDs: t.IDs, Kind: t.Kind, Points: t.Pointer}
		if paired {
			c.State = Changed
			if !slices.Equal(was.IDs, t.IDs) {
				c.Was = was.IDs
			}
			if err := c.compare(filepath.Join(old.tree, filepath.FromSlash(was.Path)), filepath.Join(now.tree, filepath.FromSlash(t.Path))); err != nil {
				return nil, err
			}
		}
		out = append(out, c)
	}
	still := func(sum string) bool {
		return slices.ContainsFunc(now.facts.Licenses, func(t licensetext.Text) bool { return t.SHA256 == sum })
	}
	for at, t := range had {
		if !still(t.SHA256) {
			out = append(out, TextChange{Path: at, State: Removed, Was: t.IDs})
		}
	}
	slices.SortFunc(out, func(a, b TextChange) int { return strings.Compare(a.Path, b.Path) })
	return out[:min(len(out), maxTexts)], nil
}

// textPlace is where a text lies in its dist-info folder, or in site-packages.
func textPlace(p string) string {
	if _, inside, ok := strings.Cut(p, ".dist-info/"); ok {
		return inside
	}
	if _, inside, ok := strings.Cut(p, "site-packages/"); ok {
		return inside
	}
	return path.Clean(p)
}

// compare fills the diff, where both are texts that can be compared.
func (c *TextChange) compare(old, now string) error {
	a, err := textAt(old)
	if err != nil {
		return err
	}
	b, err := textAt(now)
	if err != nil {
		return err
	}
	if a == nil || b == nil {
		c.Diff = []string{fmt.Sprintf("(no text of at most %d KB: not compared line by line)", maxCompared>>10)}
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(diff.Diff("before", a, "after", b)), "\n"), "\n")
	lines = lines[min(len(lines), 3):] // its heads
	c.More = max(0, len(lines)-maxDiffLines)
	c.Diff = lines[:len(lines)-c.More]
	return nil
}

// textAt reads a licence text in the store; nil where it is too long or no text.
func textAt(name string) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Integrity, "snug gc, then snug build makes it again", "the store has lost %s", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCompared+1))
	if err != nil || len(text) > maxCompared || !utf8.Valid(text) {
		return nil, err
	}
	return text, nil
}

// expressionOf is a declared licence; the zero one where none is.
func expressionOf(text string) license.Expression {
	e, err := license.ParseExpression(text)
	if err != nil {
		return license.Expression{}
	}
	return e
}

// holdsOf tells what a new package brings that a reviewer wants to know of.
func holdsOf(f *inventory.Facts) []string {
	var out []string
	if n := len(f.Natives); n > 0 {
		names := []string{}
		for _, native := range f.Natives[:min(n, 3)] {
			names = append(names, path.Base(native.Path))
		}
		if n > 3 {
			names = append(names, "…")
		}
		out = append(out, fmt.Sprintf("machine code: %d files (%s)", n, strings.Join(names, ", ")))
	}
	for _, p := range f.Pth {
		for _, line := range p.Code {
			out = append(out, "runs whenever Python starts: "+path.Base(p.Path)+": "+line)
		}
	}
	for _, h := range f.Hooks {
		out = append(out, "runs whenever Python starts: "+path.Base(h))
	}
	return out[:min(len(out), 20)]
}
