package manifest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/fault"
)

// document is a TOML file, as data and as layout.
type document struct {
	file string // for messages
	root map[string]any
	scan *scan
}

// parseTOML reads src; a syntax error is a fault.Input with line and column.
func parseTOML(file string, src []byte) (*document, error) {
	d := &document{file: file}
	if err := toml.Unmarshal(src, &d.root); err != nil {
		var de *toml.DecodeError
		if errors.As(err, &de) {
			row, col := de.Position()
			return nil, fault.New(fault.Input, "the file must be TOML 1.0", "%s:%d:%d: %s", file, row, col, strings.TrimPrefix(de.Error(), "toml: "))
		}
		return nil, fault.New(fault.Input, "the file must be TOML 1.0", "%s: %w", file, err)
	}
	d.scan = scanTOML(src)
	return d, nil
}

func (d *document) top() table { return table{doc: d, m: d.root} }

// table is one table of a document with its path, for typed reads whose
// errors name the place.
type table struct {
	doc  *document
	path []string
	m    map[string]any
}

// bad is a fault.Input about key of this table.
func (t table) bad(key, hint, format string, args ...any) error {
	place := t.doc.file
	path := append(slices.Clone(t.path), key)
	if key == "" {
		path = t.path
	}
	if n := t.doc.scan.lineOf(path...); n > 0 {
		place = fmt.Sprintf("%s:%d", place, n)
	}
	return fault.New(fault.Input, hint, "%s: %s%s", place, t.name(), fmt.Sprintf(format, args...))
}

func (t table) name() string {
	if len(t.path) == 0 {
		return ""
	}
	return "[" + strings.Join(t.path, ".") + "] "
}

// only refuses keys that are not known.
func (t table) only(known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(t.m)) {
		if !slices.Contains(known, key) {
			return t.bad(key, "known keys: "+strings.Join(known, ", "), "unknown key %q", key)
		}
	}
	return nil
}

// table returns a sub-table; absent is an empty one and false.
func (t table) table(key string) (table, bool, error) {
	sub := table{doc: t.doc, path: append(slices.Clone(t.path), key)}
	v, ok := t.m[key]
	if !ok {
		return sub, false, nil
	}
	if sub.m, ok = v.(map[string]any); !ok {
		return sub, false, t.bad(key, "write it as ["+strings.Join(sub.path, ".")+"] with its keys below", "%s must be a table, not %s", key, kindOf(v))
	}
	return sub, true, nil
}

// str returns a string; absent is "".
func (t table) str(key string) (string, error) {
	v, ok := t.m[key]
	if !ok {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", t.bad(key, key+` = "…"`, "%s must be a string, not %s", key, kindOf(v))
	}
	return s, nil
}

// strs returns an array of strings; absent is nil.
func (t table) strs(key string) ([]string, error) {
	v, ok := t.m[key]
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, t.bad(key, key+` = ["…", "…"]`, "%s must be an array of strings, not %s", key, kindOf(v))
	}
	out := make([]string, len(list))
	for i, x := range list {
		if out[i], ok = x.(string); !ok {
			return nil, t.bad(key, key+` = ["…", "…"]`, "%s: element %d must be a string, not %s", key, i+1, kindOf(x))
		}
	}
	return out, nil
}

// boolean returns a boolean; absent is def.
func (t table) boolean(key string, def bool) (bool, error) {
	v, ok := t.m[key]
	if !ok {
		return def, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, t.bad(key, "without quotes", "%s must be true or false, not %s", key, kindOf(v))
	}
	return b, nil
}

// strMap returns a table of strings; absent is empty.
func (t table) strMap(key string) (map[string]string, error) {
	sub, _, err := t.table(key)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(sub.m))
	for k := range sub.m {
		if out[k], err = sub.str(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}
