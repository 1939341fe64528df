package interp

import (
	"context"
	"slices"

	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Alternatives are the minors inside requires that every target can have, newest
// first, each with the interpreters that Choose takes for it. A source that
// cannot be asked is passed over; Pythons found on the machine are left out, as
// they serve dev runtimes only.
func Alternatives(ctx context.Context, sources []Source, requires pep440.Specifiers, targets []pytag.Target) ([]map[string]Interpreter, error) {
	movable := slices.DeleteFunc(slices.Clone(sources), func(s Source) bool { return s.Name() == SourceFound })
	offers, _, err := listAll(ctx, movable, targets)
	if err != nil {
		return nil, err
	}
	var out []map[string]Interpreter
	want := wish{allowed: []pep440.Specifiers{requires}}
	for _, minor := range minors(offers, want) {
		want.prefix = minor
		if chosen := pick(offers, want, targets); len(chosen) == len(targets) {
			out = append(out, chosen)
		}
	}
	return out, nil
}
