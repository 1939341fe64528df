package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/lock"
)

// size refuses what is too large or no text.
func (r *reader) size(data []byte) error {
	if len(data) > MaxSize {
		return r.bad(0, "is it that file? name another", "more than %d MB", MaxSize>>20)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return r.bad(0, "save it as UTF-8", "not a UTF-8 text file")
	}
	return nil
}

// toml decodes into a struct; a wrong type is an error with its line.
func (r *reader) toml(data []byte, into any) error {
	if err := r.size(data); err != nil {
		return err
	}
	if err := lock.CheckDepth(string(data)); err != nil {
		return r.bad(0, repair, "%w", err)
	}
	err := toml.Unmarshal(data, into)
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, _ := at.Position()
		return r.bad(line, repair, "%s", strings.TrimPrefix(at.Error(), "toml: "))
	}
	if err != nil {
		return r.bad(0, repair, "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return nil
}

// json decodes into a struct or a map; a wrong type is an error with its line.
func (r *reader) json(data []byte, into any) error {
	if err := r.size(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return r.bad(lineAt(data, syntax.Offset), repair, "%v", err)
	case errors.As(err, &kind):
		return r.bad(lineAt(data, kind.Offset), repair, "%s must not be a JSON %s", kind.Field, kind.Value)
	case err != nil:
		return r.bad(0, repair, "%v", err)
	}
	return nil
}

func lineAt(data []byte, offset int64) int {
	offset = max(0, min(offset, int64(len(data))))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

// entryLines are the lines of the headers that begin an entry, in order.
func entryLines(data []byte, header string) []int {
	var out []int
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		if strings.HasPrefix(text, header) {
			out = append(out, line)
		}
	}
	return out
}

// nth is the n-th of lines, 0 where there is none.
func nth(lines []int, n int) int {
	if n < len(lines) {
		return lines[n]
	}
	return 0
}
