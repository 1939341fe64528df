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
	for _, p := range l.Packages {
		switch {
		case p.VCS != nil:
			r.source(p.Name, "a repository")
			continue
		case p.Directory != nil || p.Archive != nil:
			r.source(p.Name, "a folder, file or address")
			continue
		case p.Version == "":
			r.leave(p.Name, "no version of it is locked")
			continue
		}
		pin := Pin{Name: p.Name, Version: p.Version, Marker: p.Marker}
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
