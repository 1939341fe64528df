package index

import (
	"bytes"
	"slices"
	"time"

	"snug/internal/dist"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Listing is what one index has of one project. It is shared: nobody changes it.
type Listing struct {
	Name     string // normalised
	IndexURL string // without credentials
	Releases []Release
	Skipped  int // files whose name is no wheel and no sdist of the project
	Later    int // files of releases that are hidden whole: uploaded after AsOf
	Undated  int // and those of them without a date
	// Status and StatusReason are those of PEP 792; of a quarantined project
	// there are no releases.
	Status, StatusReason string
}

// Release is one version of a project, the newest first in a listing, of which
// at least one file may be seen.
type Release struct {
	Version pep440.Version
	// Shape is equal for releases of one listing whose files are alike in all
	// that decides which of them is installed: tags, builds, Requires-Python,
	// yanked and why, whether there is a sha256, in one order. 0: not compared.
	Shape int

	project string
	text    []byte // the files as they are kept, if files is nil
	asOf    time.Time
	last    int64 // the last upload in Unix nanoseconds; 0: of some file it is not known
	names   *dist.NameReader
	shapes  []shape // of the listing
	files   []File
}

// shape is the files of releases that are alike.
type shape struct {
	text  []byte
	names *dist.NameReader
}

// Before tells whether every file of the release was uploaded until t, as far as
// that is known without reading them: it may be false although they were.
func (r *Release) Before(t time.Time) bool {
	return r.last != 0 && r.last <= t.UnixNano()
}

// Offer is what decides whether a file is installed.
type Offer struct {
	Wheel          bool // or an sdist: then the rest is not set
	Build          dist.Build
	Tags           []pytag.Tag
	RequiresPython string
	Yanked         bool
	YankedReason   string
	Hashed         bool // it has a sha256
}

// Offers are one for one with Files, and equal for releases of one Shape, for
// which they are read without the files.
func (r *Release) Offers() []Offer {
	if r.Shape > 0 {
		return r.shapes[r.Shape-1].read()
	}
	var out []Offer
	for _, f := range r.Files() {
		if f.Wheel == nil {
			out = append(out, Offer{})
			continue
		}
		out = append(out, Offer{true, f.Wheel.Build, f.Wheel.Tags, f.RequiresPython, f.Yanked, f.YankedReason, f.Hashes.Sum("sha256") != ""})
	}
	return out
}

func (s *shape) read() []Offer {
	out := make([]Offer, bytes.Count(s.text, []byte("\n")))
	lines := compactLine{rest: s.text}
	for i := range out {
		lines.next()
		tags := lines.field()
		if tags == sdistShape {
			continue
		}
		o := &out[i]
		var err error
		if o.Build, o.Tags, err = s.names.Tags(tags); err != nil {
			continue // damaged: as good as an sdist
		}
		o.Wheel, o.RequiresPython, o.Yanked, o.YankedReason, o.Hashed = true, lines.field(), lines.field() == "true", lines.field(), lines.field() == "true"
	}
	return out
}

// Files reads the release's files, in the order of the index. A listing has tens
// of thousands, and resolving looks at a few: keep what you need.
func (r *Release) Files() []File {
	if r.files != nil {
		return r.files
	}
	out := make([]File, 0, bytes.Count(r.text, []byte("\n")))
	lines := compactLine{rest: r.text}
	for lines.next() {
		f := lines.file()
		if visible(f.Upload, r.asOf) && f.understand(r.names, r.project) {
			out = append(out, f)
		}
	}
	return out
}

// NewListing makes a listing of files whose names are understood.
func NewListing(name, indexURL string, files []File) *Listing {
	l := &Listing{Name: name, IndexURL: indexURL}
	all := make([]*File, len(files))
	for i := range files {
		all[i] = &files[i]
	}
	for _, group := range byVersion(all) {
		r := Release{Version: group[0].Version, project: name}
		for _, f := range group {
			r.files = append(r.files, *f)
		}
		l.Releases = append(l.Releases, r)
	}
	return l
}

// Release returns the release of a version, nil if there is none.
func (l *Listing) Release(v pep440.Version) *Release {
	i, ok := slices.BinarySearchFunc(l.Releases, v, func(r Release, v pep440.Version) int { return v.Compare(r.Version) })
	if !ok {
		return nil
	}
	return &l.Releases[i]
}

// byVersion groups files, the newest version first, each group in the order of
// the index. It sorts files.
func byVersion(files []*File) [][]*File {
	slices.SortStableFunc(files, func(a, b *File) int { return b.Version.Compare(a.Version) })
	var out [][]*File
	for len(files) > 0 {
		n := 1
		for n < len(files) && files[n].Version.Equal(files[0].Version) {
			n++
		}
		out = append(out, files[:n:n])
		files = files[n:]
	}
	return out
}

// visible tells whether a file may be seen as of a moment; zero: always.
func visible(upload, asOf time.Time) bool {
	return asOf.IsZero() || !upload.IsZero() && !upload.After(asOf)
}
