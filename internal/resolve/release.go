package resolve

import (
	"slices"
	"sync"

	"snug/internal/index"
	"snug/internal/pep440"
)

// release is one version of a project. Which of its files each place would take
// is known from the start, since releases come in few shapes; the files
// themselves are read for the few releases that are looked at.
type release struct {
	of      *project
	version pep440.Version
	offered *index.Release
	*fit

	once  sync.Once
	files []*index.File // for each place, nil where it takes none
	err   error         // why they could not be read; then each of says has it too
	says  []*telling

	judged sync.Once
	denial string   // of policy, before anything of it is read
	mends  []string // holes for which it is taken though it is young
}

// fit is what each place would take of a release.
type fit struct {
	choice []int    // for each place, which of the files; -1: none
	why    []string // for each place without one, the reason
	unfit  []string // and the Requires-Python, if that is it
	banned string   // why the release is out on every place
	yanked bool     // that is the reason
	young  string   // if the cooldown is: how old it is
}

// releases lists in p what the index offers, best liked first: stable versions
// before pre-releases, new ones before old.
func (s *shelf) releases(p *project, l *index.Listing) error {
	all := make([]release, len(l.Releases)) // one allocation instead of thousands
	out := make([]*release, 0, len(all))
	fits := newFitting(s, p, l)
	for _, pre := range []bool{false, true} {
		for i := range l.Releases {
			offered := &l.Releases[i]
			if offered.Version.IsPrerelease() != pre {
				continue
			}
			f, err := fits.one(offered)
			if err != nil {
				return err
			}
			r := &all[i]
			r.of, r.version, r.offered, r.fit = p, offered.Version, offered, f
			out = append(out, r)
		}
	}
	p.releases = out
	return s.mend(p, fits)
}

// read reads the release's files.
func (r *release) read() {
	r.once.Do(func() {
		r.files, r.err = r.chosen()
		r.says = r.tellings()
	})
}

// chosen are the files that the places take, each once.
func (r *release) chosen() ([]*index.File, error) {
	out := make([]*index.File, len(r.choice))
	for i, n := range r.choice {
		if n < 0 {
			continue
		}
		if j := slices.Index(r.choice[:i], n); j >= 0 {
			out[i] = out[j]
			continue
		}
		f, err := r.offered.File(n)
		if err != nil {
			return nil, err
		}
		out[i] = &f
	}
	return out, nil
}

// best is the file that a place would take, nil if there is none. What the
// release says has been read before.
func (r *release) best(place int) *index.File {
	if !r.has(place) {
		return nil
	}
	r.read()
	return r.files[place]
}

// has tells whether a place has a file of the release.
func (r *release) has(place int) bool { return r.banned == "" && r.choice[place] >= 0 }

// told is what the file of each place says of itself, nil where there is none.
func (r *release) told() []*telling {
	r.read()
	return r.says
}
