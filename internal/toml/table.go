package toml

import (
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Table returns a sub-table; absent is an empty one and false.
func (t Table) Table(key string) (Table, bool, error) {
	sub := Table{Doc: t.Doc, Path: append(slices.Clone(t.Path), key)}
	v, ok := t.Values[key]
	if !ok {
		return sub, false, nil
	}
	if sub.Values, ok = v.(map[string]any); !ok {
		return sub, false, t.Bad(key, "write it as ["+strings.Join(sub.Path, ".")+"] with its keys below", "%s must be a table, not %s", key, KindOf(v))
	}
	return sub, true, nil
}

// Tables returns an array of tables; absent is none.
func (t Table) Tables(key string) ([]Table, error) {
	v, ok := t.Values[key]
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, t.Bad(key, "write it as [["+t.Under(key)+"]] with its keys below", "%s must be an array of tables, not %s", key, KindOf(v))
	}
	out := make([]Table, len(list))
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return nil, t.Bad(key, "write it as [["+t.Under(key)+"]] with its keys below", "%s: element %d must be a table, not %s", key, i+1, KindOf(x))
		}
		out[i] = Table{Doc: t.Doc, Path: append(slices.Clone(t.Path), key), Values: m}
	}
	return out, nil
}

// OneOrMore is a table, or an array of tables.
func (t Table) OneOrMore(key string) ([]Table, error) {
	if _, several := t.Values[key].([]any); several {
		return t.Tables(key)
	}
	one, _, err := t.Table(key)
	return []Table{one}, err
}

// OneOf is the one of the keys that the table has; "" for none or several.
func (t Table) OneOf(names ...string) string {
	found := ""
	for _, name := range names {
		if _, ok := t.Values[name]; !ok {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

// Text returns a string; absent is "".
func (t Table) Text(key string) (string, error) {
	v, ok := t.Values[key]
	if !ok {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", t.Bad(key, key+` = "…"`, "%s must be a string, not %s", key, KindOf(v))
	}
	return s, nil
}

// Texts returns an array of strings; absent is nil.
func (t Table) Texts(key string) ([]string, error) {
	v, ok := t.Values[key]
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, t.Bad(key, key+` = ["…", "…"]`, "%s must be an array of strings, not %s", key, KindOf(v))
	}
	out := make([]string, len(list))
	for i, x := range list {
		if out[i], ok = x.(string); !ok {
			return nil, t.Bad(key, key+` = ["…", "…"]`, "%s: element %d must be a string, not %s", key, i+1, KindOf(x))
		}
	}
	return out, nil
}

// Bool returns a boolean; absent is def.
func (t Table) Bool(key string, def bool) (bool, error) {
	v, ok := t.Values[key]
	if !ok {
		return def, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, t.Bad(key, "without quotes", "%s must be true or false, not %s", key, KindOf(v))
	}
	return b, nil
}

// TextMap returns a table of strings; absent is empty.
func (t Table) TextMap(key string) (map[string]string, error) {
	sub, _, err := t.Table(key)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(sub.Values))
	for k := range sub.Values {
		if out[k], err = sub.Text(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Time reads a moment: an offset date-time, a date (its start in UTC), or
// either as a string; absent is the zero time.
func (t Table) Time(key string) (time.Time, error) {
	const hint = "such as 2026-11-01T00:00:00Z"
	switch v := t.Values[key].(type) {
	case nil:
		return time.Time{}, nil
	case time.Time:
		return v.UTC(), nil
	case toml.LocalDate:
		return v.AsTime(time.UTC), nil
	case string:
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if at, err := time.Parse(layout, v); err == nil {
				return at.UTC(), nil
			}
		}
		return time.Time{}, t.Bad(key, hint, "%s: %q is not a date", key, v)
	case toml.LocalDateTime:
		return time.Time{}, t.Bad(key, hint, "%s has a time but no offset", key)
	default:
		return time.Time{}, t.Bad(key, hint, "%s must be a date, not %s", key, KindOf(v))
	}
}

// KindOf is what messages call a value: "a string".
func KindOf(v any) string {
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
