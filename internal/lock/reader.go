package lock

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// The limits of a lock file.
const (
	MaxSize     = 64 << 20
	MaxPackages = 50_000
	maxDepth    = 64
)

// table reads one TOML table and gathers the first complaint of its whole document, with the place.
type table struct {
	at     string
	values map[string]any
	err    *error
}

func (t table) fail(key, format string, args ...any) {
	if *t.err == nil {
		*t.err = fmt.Errorf("%s: %s", t.at+key, fmt.Sprintf(format, args...))
	}
}

func (t table) text(key string) string {
	value, given := t.values[key]
	text, ok := value.(string)
	if given && !ok {
		t.fail(key, "want a string")
	}
	return text
}

func (t table) required(key string) string {
	text := t.text(key)
	if text == "" {
		t.fail(key, "is required")
	}
	return text
}

func (t table) boolean(key string) bool {
	value, given := t.values[key]
	flag, ok := value.(bool)
	if given && !ok {
		t.fail(key, "want true or false")
	}
	return flag
}

func (t table) size(key string) int64 {
	value, given := t.values[key]
	n, ok := value.(int64)
	if given && (!ok || n < 0) {
		t.fail(key, "want a size in bytes")
	}
	return n
}

func (t table) instant(key string) time.Time {
	switch value := t.values[key].(type) {
	case nil:
	case time.Time:
		return value.UTC()
	case toml.LocalDateTime: // some writers leave the offset out; the standard says UTC
		return value.AsTime(time.UTC)
	default:
		t.fail(key, "want a date-time")
	}
	return time.Time{}
}

func (t table) texts(key string) []string {
	var texts []string
	for i, value := range t.array(key) {
		text, ok := value.(string)
		if !ok {
			t.fail(fmt.Sprintf("%s[%d]", key, i), "want a string")
		}
		texts = append(texts, text)
	}
	return texts
}

func (t table) array(key string) []any {
	value, given := t.values[key]
	array, ok := value.([]any)
	if given && !ok {
		t.fail(key, "want an array")
	}
	return array
}

func (t table) table(key string) (table, bool) {
	value, given := t.values[key]
	values, ok := value.(map[string]any)
	if given && !ok {
		t.fail(key, "want a table")
	}
	return table{t.at + key + ".", values, t.err}, ok
}

func (t table) tables(key string) []table {
	var tables []table
	for i, value := range t.array(key) {
		values, ok := value.(map[string]any)
		if !ok {
			t.fail(fmt.Sprintf("%s[%d]", key, i), "want a table")
		}
		tables = append(tables, table{fmt.Sprintf("%s%s[%d].", t.at, key, i), values, t.err})
	}
	return tables
}

// stringMap reads a table of strings.
func (t table) stringMap(key string) map[string]string {
	inner, ok := t.table(key)
	if !ok {
		return nil
	}
	texts := make(map[string]string, len(inner.values))
	for name := range inner.values {
		texts[name] = inner.text(name)
	}
	return texts
}

// decode reads TOML within the limits.
func decode(data []byte) (map[string]any, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%d bytes, more than %d", len(data), MaxSize)
	}
	if err := CheckDepth(string(data)); err != nil {
		return nil, err
	}
	var document map[string]any
	if err := toml.Unmarshal(data, &document); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, column := at.Position()
			return nil, fmt.Errorf("line %d, column %d: %s", line, column, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return nil, err
	}
	return document, nil
}

// CheckDepth refuses deep nesting before the recursive decoder sees it. It steps over strings and comments; where those
// are malformed the decoder complains later.
func CheckDepth(text string) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '#':
			i = endOf(text, i, "\n", false)
		case '"', '\'':
			quote := text[i : i+1]
			if triple := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], triple) {
				quote = triple
			}
			i = endOf(text, i+len(quote), quote, quote[0] == '"')
		case '[', '{':
			if depth++; depth > maxDepth {
				return fmt.Errorf("nested deeper than %d", maxDepth)
			}
		case ']', '}':
			depth--
		}
	}
	return nil
}

// endOf gives the last index of the next mark from i on, or of the text.
func endOf(text string, i int, mark string, escapes bool) int {
	for ; i < len(text); i++ {
		if escapes && text[i] == '\\' {
			i++
		} else if strings.HasPrefix(text[i:], mark) {
			return i + len(mark) - 1
		}
	}
	return len(text)
}
