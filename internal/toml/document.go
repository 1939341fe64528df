// Package toml is a TOML 1.0 document three times: as data, as tables that are
// read key by key with errors that name file, line and key, and as the layout of
// its bytes, in which an array is edited so that all else stays as it is written.
//
// It knows no key of any tool, and it does not parse: that is a library's work. The
// hard idea is that the small scanner of the layout may be wrong where the library
// is not. Whoever edits reads the result again and compares.
package toml

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/fault"
)

// Document is a TOML file, as data and as layout.
type Document struct {
	File   string // for messages
	Root   map[string]any
	Layout *Layout

	elements map[string][]int // path of an array, joined: the lines of its elements, once asked for
}

// Parse reads src; a syntax error is a fault.Input with line and column.
func Parse(file string, src []byte) (*Document, error) {
	d := &Document{File: file, elements: map[string][]int{}}
	if err := toml.Unmarshal(src, &d.Root); err != nil {
		var de *toml.DecodeError
		if errors.As(err, &de) {
			row, col := de.Position()
			return nil, fault.New(fault.Input, "the file must be TOML 1.0", "%s:%d:%d: %s", file, row, col, strings.TrimPrefix(de.Error(), "toml: "))
		}
		return nil, fault.New(fault.Input, "the file must be TOML 1.0", "%s: %w", file, err)
	}
	d.Layout = Scan(src)
	return d, nil
}

// Top is the table of everything.
func (d *Document) Top() Table { return Table{Doc: d, Values: d.Root} }

// Table is one table of a document with its path, for typed reads whose
// errors name the place.
type Table struct {
	Doc    *Document
	Path   []string
	Values map[string]any
}

// Bad is a fault.Input about key of this table; key "" is the table itself.
func (t Table) Bad(key, hint, format string, args ...any) error {
	place := t.Doc.File
	if n := t.Line(key); n > 0 {
		place = fmt.Sprintf("%s:%d", place, n)
	}
	return fault.New(fault.Input, hint, "%s: %s%s", place, t.Name(), fmt.Sprintf(format, args...))
}

// Name is "[tool.snug] ", with its space, for messages; of the top it is "".
func (t Table) Name() string {
	if len(t.Path) == 0 {
		return ""
	}
	return "[" + strings.Join(t.Path, ".") + "] "
}

// Only refuses keys that are not known, with the nearest that is.
func (t Table) Only(known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(t.Values)) {
		if !slices.Contains(known, key) {
			return t.Bad(key, fault.DidYouMean(key, known, "known keys: "+strings.Join(known, ", ")), "unknown key %q", key)
		}
	}
	return nil
}

// Line is the line of key in this table, or of the table for key ""; 0 if it has
// none.
func (t Table) Line(key string) int {
	path := t.Path
	if key != "" {
		path = append(slices.Clone(path), key)
	}
	return t.Doc.Layout.LineOf(path...)
}

// Under is the name of a table below this one.
func (t Table) Under(key string) string { return strings.Join(append(slices.Clone(t.Path), key), ".") }

// ElementLine is the line of the i-th element of the array at key.
func (t Table) ElementLine(key string, i int) int {
	path := append(slices.Clone(t.Path), key)
	id := strings.Join(path, "\x00")
	lines, known := t.Doc.elements[id]
	if !known {
		lines = t.Doc.Layout.elementLines(path)
		t.Doc.elements[id] = lines
	}
	if i < len(lines) {
		return lines[i]
	}
	return t.Line(key)
}
