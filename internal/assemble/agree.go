package assemble

import (
	"slices"

	"snug/internal/dist"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// agrees holds a wheel's own METADATA to the lock, which was made from what the
// index said of the wheel before anybody had it: all that it needs here must be
// selected. Requirements of extras are left to the resolver's check. It runs
// once for a wheel, when it enters the store.
func (in *Input) agrees(src source, m *dist.Metadata) error {
	env := pytag.Environment(in.Target, in.Python)
	for _, text := range m.RequiresDist {
		q, _, err := pep508.ParseLenient(text)
		if err != nil {
			return disagrees("Requires-Dist %q: %w", text, err)
		}
		applies, err := q.Marker.Eval(env, pep508.Context{})
		if err != nil {
			return disagrees("Requires-Dist %q: %w", text, err)
		}
		if !applies || in.isOwn(q.Key()) {
			continue
		}
		if in.Project != nil {
			if _, ruled, err := in.Project.Instead(q); err != nil {
				return disagrees("Requires-Dist %q: %w", text, err)
			} else if ruled {
				continue // the resolver's check held the lock to what stands in its place
			}
		}
		switch p := src.beside[q.Key()]; {
		case p == nil:
			return disagrees("its metadata needs %s, which the lock does not have", q)
		case q.URL == "" && p.Version != "" && !admits(q, p.Version):
			return disagrees("its metadata needs %s, but %s is locked", q, p.Version)
		}
	}
	return nil
}

func disagrees(format string, args ...any) error {
	return integrity("the index described this wheel otherwise: choose another version of it, or ask for what it needs yourself", format, args...)
}

func (in *Input) isOwn(name string) bool {
	return in.Project != nil && slices.ContainsFunc(in.Project.Own(), func(l *manifest.Local) bool { return pep508.NormalizeName(l.Name) == name })
}

func admits(q pep508.Requirement, version string) bool {
	v, err := pep440.Parse(version)
	return err == nil && q.Specifiers.Contains(v)
}

// byName are the packages that a runtime gets.
func byName(selected []lock.Selected) map[string]*lock.Package {
	out := make(map[string]*lock.Package, len(selected))
	for _, s := range selected {
		out[s.Package.Name] = s.Package
	}
	return out
}
