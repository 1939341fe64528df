package resolve

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"syscall"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// maxNeeds bounds the dependencies that one release may name.
const maxNeeds = 10_000

// telling is what the METADATA of one file says. The files of a release need
// not say the same, so each place has the telling of its own.
type telling struct {
	file     *index.File
	once     sync.Once
	needs    []need   // with the project's overrides in place of what they replace
	replaced []need   // what they replace, and what is excluded
	extras   []string // normalised
	python   string   // Requires-Python
	notes    []string // what had to be mended to be read
	bad      string   // why it cannot be used
	denial   string   // why policy refuses it
	err      error
}

// need is one Requires-Dist.
type need struct {
	pep508.Requirement
	key      string
	byExtra  bool             // its marker reads the extra
	override *manifest.Origin // of the override that it is; nil: of none
}

// tellings are those of the files at each place, nil where there is none, or
// nil if there is none at all. Places share one where they share the file, or where the index announces
// that two wheels have the same metadata.
func (r *release) tellings() []*telling {
	if r.banned != "" {
		return nil
	}
	out := make([]*telling, len(r.choice))
	if r.err != nil {
		failed := &telling{err: r.err}
		failed.once.Do(func() {})
		for i, n := range r.choice {
			if n >= 0 {
				out[i] = failed
			}
		}
		return out
	}
	byKey := map[string]*telling{}
	for i, n := range r.choice {
		if n < 0 {
			continue
		}
		f := r.files[i]
		key := f.MetadataHash
		if key == "" {
			key = f.URL
		}
		if byKey[key] == nil {
			byKey[key] = &telling{file: f}
		}
		out[i] = byKey[key]
	}
	return out
}

// somewhere tells whether any place has a file of the release.
func (r *release) somewhere() bool {
	return r.banned == "" && slices.ContainsFunc(r.choice, func(n int) bool { return n >= 0 })
}

// on lists the tellings of some places, each once, with the places of each.
func (r *release) on(where targets) iter.Seq2[*telling, targets] {
	return func(yield func(*telling, targets) bool) {
		if r.banned != "" {
			return
		}
		told := r.told()
		for left := where; left != 0; {
			first := told[left.first()]
			var same targets
			for i := range left.each {
				if told[i] == first {
					same |= 1 << i
				}
			}
			if left &^= same; first != nil && !yield(first, same) {
				return
			}
		}
	}
}

// read makes known what the metadata says, asking the index the first time.
// Metadata that cannot be used is said in bad and is no error.
func (s *shelf) read(ctx context.Context, r *release, t *telling) error {
	t.once.Do(func() {
		data, err := s.metadata(ctx, r.of, *t.file)
		if err != nil && (ctx.Err() != nil || notTheirs(err) && !(t.isSdist() && isUnsafe(err))) {
			t.err = fmt.Errorf("metadata of %s %s: %w", r.of.name, r.version, err)
			return
		}
		if err == nil {
			var m *dist.Metadata
			if m, err = t.parse(r.of.name, data, s.asked); err == nil {
				s.judge(r, t, m)
			}
		}
		if err == nil && t.isSdist() {
			err = sameVersion(data, r.version)
		}
		if err != nil {
			t.bad = err.Error()
		}
		if err != nil && t.isSdist() {
			t.bad = "its sdist is of no use: " + t.bad
		}
	})
	return t.err
}

// notTheirs are errors that say nothing of the release: the network's, and this
// machine's (a full disk).
func notTheirs(err error) bool {
	var machine syscall.Errno
	var own *OwnError
	code := fault.CodeOf(err)
	return errors.As(err, &own) || code == fault.Network || code == fault.Canceled || code == fault.Integrity || errors.As(err, &machine)
}

func (s *shelf) metadata(ctx context.Context, p *project, f index.File) ([]byte, error) {
	if p.direct != nil {
		return p.direct.metadata, nil
	}
	if f.Wheel == nil {
		return s.in.Sources.Metadata(ctx, p.listing, f)
	}
	return s.in.Index.Metadata(ctx, p.listing, f)
}

func (t *telling) parse(name string, data []byte, asked *roots) (*dist.Metadata, error) {
	m, err := dist.ParseMetadata(data)
	if err != nil {
		return nil, err
	}
	if pep508.NormalizeName(m.Name) != name {
		return nil, fmt.Errorf("its metadata calls it %q", m.Name)
	}
	if len(m.RequiresDist) > maxNeeds {
		return nil, errors.New("it names too many dependencies")
	}
	for _, text := range m.RequiresDist {
		q, said, err := pep508.ParseLenient(text)
		if err != nil {
			return nil, fmt.Errorf("Requires-Dist %q: %w", text, err)
		}
		t.notes = append(t.notes, said...)
		if err := t.need(q, asked); err != nil {
			return nil, err
		}
	}
	for _, extra := range m.ProvidesExtra {
		t.extras = append(t.extras, pep508.NormalizeName(extra))
	}
	if slices.ContainsFunc(t.needs, func(n need) bool { return unknowable(n.Marker) }) {
		t.notes = append(t.notes, guessed)
	}
	t.python = m.RequiresPython
	t.notePython()
	return m, nil
}

// need takes a requirement, or what the project puts in its place.
func (t *telling) need(q pep508.Requirement, asked *roots) error {
	byExtra := q.Marker.Reads("extra")
	with, replaced, err := asked.project.Instead(q)
	if err != nil {
		return fmt.Errorf("Requires-Dist %q: %w", q, err)
	}
	if !replaced {
		t.needs = append(t.needs, need{Requirement: q, key: q.Key(), byExtra: byExtra})
		return nil
	}
	t.replaced = append(t.replaced, need{Requirement: q, key: q.Key(), byExtra: byExtra})
	for _, o := range with {
		t.needs = append(t.needs, need{o.Requirement, o.Key(), o.Marker.Reads("extra"), &o.Origin})
	}
	return nil
}

// guessed is said where a marker reads what no target can know.
const guessed = "its markers read platform_release or platform_version, which a target does not tell: taken as empty"

func unknowable(m *pep508.Marker) bool {
	return m.Reads("platform_release") || m.Reads("platform_version")
}

// notePython says what became of a Requires-Python that is malformed.
func (t *telling) notePython() {
	for _, text := range slices.Compact([]string{t.file.RequiresPython, t.python}) {
		_, said, err := pep440.ParseSpecifiersLenient(text)
		if err != nil && text != "" {
			said = []string{fmt.Sprintf("Requires-Python %q cannot be read and was not applied", text)}
		}
		t.notes = append(t.notes, said...)
	}
}

// provides tells whether there is such an extra. Old metadata names extras in
// its markers only.
func (t *telling) provides(extra string, at place) bool {
	return slices.Contains(t.extras, extra) || slices.ContainsFunc(slices.Concat(t.needs, t.replaced), func(n need) bool {
		with, err := n.Marker.Eval(at.env, pep508.Context{Extra: extra})
		without, err2 := n.Marker.Eval(at.env, pep508.Context{})
		return n.byExtra && with && !without && err == nil && err2 == nil
	})
}

// pythonFits: a Requires-Python that cannot be read even leniently limits
// nothing; the lock says so in a note.
func pythonFits(text string, python pep440.Version) bool {
	if text == "" {
		return true
	}
	set, _, err := pep440.ParseSpecifiersLenient(text)
	return err != nil || set.Contains(python)
}
