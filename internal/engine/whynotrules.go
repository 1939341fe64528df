package engine

import (
	"context"
	"fmt"
	"strings"

	"snug/internal/manifest"
)

// rules are a project without those of its overrides and excludes that decide
// about one name, which no command edits.
type rules struct {
	project *manifest.Project
	said    []string // as they are
	edits   []string // what to write instead
}

// lifted is the project with what is asked in the place of each override of the
// name, and without its exclusion; nil where no rule is about the name.
func (w *whyNot) lifted() *rules {
	p := *w.project
	out := &rules{project: &p}
	p.Overrides, p.Excludes = nil, nil
	for _, o := range w.project.Overrides {
		if o.Key() == w.asks.Key() {
			out.said = append(out.said, fmt.Sprintf("the override %s (%s)", o.Requirement, o.Origin))
			other := o.Requirement
			other.URL, other.Specifiers = "", w.asks.Specifiers
			out.edits = append(out.edits, edited(o, other))
			o.Requirement = other
		}
		p.Overrides = append(p.Overrides, o)
	}
	for _, x := range w.project.Excludes {
		if x.Key() == w.asks.Key() {
			text := fmt.Sprintf("the exclude %s (%s)", x.Requirement, x.Origin)
			out.said, out.edits = append(out.said, text), append(out.edits, "remove "+text)
			continue
		}
		p.Excludes = append(p.Excludes, x)
	}
	if out.said == nil {
		return nil
	}
	return out
}

// findWithout is find where rules decide about the name: whatever else the
// project asks of it, they have the last word. So they are edited first, and
// what is asked is added only where nothing else brings the package in.
func (w *whyNot) findWithout(ctx context.Context, r *rules) (*Answer, error) {
	w.answer.Why = strings.Join(r.said, ", ")
	edit := strings.Join(r.edits, "; ")
	free := w.question
	free.project = r.project
	l, err := allOf(ctx, free)
	if err != nil {
		return w.impossible(err, "")
	}
	if w.holds(lockedOf(l, w.asks.Key())) {
		return w.possible(l, nil, edit), nil
	}
	by, err := w.with(free, w.asks)
	if err != nil {
		return nil, err
	}
	if l, err = allOf(ctx, by.question); err != nil {
		return w.impossible(err, "")
	}
	if by.edit != "" {
		edit += "; " + by.edit
	}
	return w.possible(l, by.typed, edit), nil
}
