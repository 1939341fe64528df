package foreign

import "snug/internal/lock"

// ParsePylock reads a lock by PEP 751 that lies somewhere else than the
// project's own.
func ParsePylock(data []byte, path string) (*Import, error) {
	r := newReader(Pylock, path)
	l, err := lock.Parse(data, path)
	if err != nil {
		return nil, err
	}
	r.out.RequiresPython, r.out.MarkerGroups, r.out.MarkerExtras = l.RequiresPython, l.DependencyGroups, l.Extras
	lines := entryLines(data, "[[packages]]")
	for i, p := range l.Packages {
		line := nth(lines, i)
		switch {
		case p.VCS != nil:
			r.source(p.Name, "a repository", line)
			continue
		case p.Directory != nil:
			r.source(p.Name, "a folder", line)
			continue
		case p.Archive != nil:
			r.source(p.Name, "a file or address", line)
			continue
		case p.Version == "":
			r.loosen(Loose{Name: p.Name, Line: line})
			r.leave(p.Name, "no version of it is locked")
			continue
		}
		pin := Pin{Name: p.Name, Version: p.Version, Marker: p.Marker, Line: line}
		for _, d := range p.Dependencies {
			pin.Needs = append(pin.Needs, d.Name)
		}
		files := p.Wheels
		if p.Sdist != nil {
			files = append(files, *p.Sdist)
		}
		for _, f := range files {
			if sum := f.Hashes["sha256"]; sum != "" {
				if err := r.hash(&pin, f.FileName(), "sha256:"+sum); err != nil {
					return nil, err
				}
			}
		}
		if err := r.pin(pin); err != nil {
			return nil, err
		}
	}
	return r.done()
}
