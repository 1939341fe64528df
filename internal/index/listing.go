package index

import (
	"bytes"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep440"
)

// Listing is what one index has of one project. It is shared: nobody changes it.
type Listing struct {
	Name     string // normalised
	IndexURL string // without credentials
	Releases []Release
	Texts    int       // how many texts the offers of its releases number
	Skipped  int       // files whose name is no wheel and no sdist of the project
	Later    int       // files of releases that are hidden whole: uploaded after AsOf
	Undated  int       // and those of them without a date
	At       time.Time // when the index last said so; zero: of one that was made
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

	at    *kept // where its files are kept; nil: in files
	off   int64 // of their lines in the rest
	size  int
	sum   uint32
	last  int64 // upload in Unix nanoseconds; 0: of some file it is not known
	files []File
}

// kept is what the releases of a listing share.
type kept struct {
	project string
	asOf    time.Time
	names   *dist.NameReader
	texts   []string
	shapes  []string // shapeOf the files of releases that are alike
	rest    io.ReaderAt
}

// Before tells whether every file of the release was uploaded until t, as far as
// that is known without reading them: it may be false although they were.
func (r *Release) Before(t time.Time) bool {
	return r.last != 0 && r.last <= t.UnixNano()
}

// Offers appends the offers of the release, one for one with Files, to out. They
// are equal for releases of one Shape, for which they are known without reading
// the files.
func (r *Release) Offers(out []Offer) ([]Offer, error) {
	if r.Shape > 0 {
		return appendOffers(out, r.at.shapes[r.Shape-1], r.at.texts)
	}
	files, err := r.Files()
	for i := range files {
		out = append(out, offerOf(&files[i]))
	}
	return out, err
}

// Files reads the release's files, in the order of the index. A listing has tens
// of thousands, and resolving looks at a few: keep what you need. The error says
// that the cache is damaged.
func (r *Release) Files() ([]File, error) { return r.read(nil) }

// File is the one of that number in Files.
func (r *Release) File(n int) (File, error) {
	at := -1
	files, err := r.read(func([]byte) bool {
		at++
		return at == n || r.Shape == 0 // of these a part may be hidden
	})
	switch {
	case err != nil:
		return File{}, err
	case r.Shape > 0 && len(files) == 1:
		return files[0], nil
	case r.Shape == 0 && n < len(files):
		return files[n], nil
	}
	return File{}, r.damaged()
}

// Named are those of Files with that name: one, or none.
func (r *Release) Named(name string) ([]File, error) {
	files, err := r.read(func(line []byte) bool { return bytes.Contains(line, []byte(name)) })
	return slices.DeleteFunc(files, func(f File) bool { return f.Name != name }), err
}

// read reads the files whose lines are wanted, nil: all.
func (r *Release) read(wanted func(line []byte) bool) ([]File, error) {
	if r.at == nil {
		return slices.Clone(r.files), nil
	}
	text := make([]byte, r.size)
	if _, err := r.at.rest.ReadAt(text, r.off); err != nil || crc32.Checksum(text, castagnoli()) != r.sum {
		return nil, r.damaged()
	}
	var out []File
	for line := range bytes.Lines(text) {
		if wanted != nil && !wanted(line) {
			continue
		}
		lines := lineReader{rest: string(line)}
		lines.next()
		f := lines.file()
		if visible(f.Upload, r.at.asOf) && f.understand(r.at.names, r.at.project) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (r *Release) damaged() error {
	return fault.New(fault.Failed, "remove the folder cache/http in snug's home (--home, SNUG_HOME): everything in it can be fetched again",
		"the kept listing of %s is damaged", r.at.project)
}

// NewListing makes a listing of files whose names are understood.
func NewListing(name, indexURL string, files []File) *Listing {
	l := &Listing{Name: name, IndexURL: indexURL}
	all := make([]*File, len(files))
	for i := range files {
		all[i] = &files[i]
	}
	for _, group := range byVersion(all) {
		r := Release{Version: group[0].Version}
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
