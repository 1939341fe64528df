// Package dist reads what a Python distribution says about itself: the names of wheel and sdist files, and the METADATA,
// RECORD, WHEEL and entry_points.txt of a dist-info directory. It reads bytes that others fetched; it opens no file and
// judges no path.
//
// The one hard idea is how lenient to be: what decides installation (name, version, dependencies, scripts) is refused when
// malformed, and everything else that is malformed is set aside by name, since old files are full of it.
package dist

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// maxFileName bounds the names read here; no file system takes longer ones.
const maxFileName = 255

// Build is the build number of a wheel. The zero value is "none" and sorts before every other.
type Build struct {
	Set    bool
	Number uint64
	Rest   string
}

// Compare orders build numbers: by number, then by the text behind it ("1" < "1a" < "10").
func (b Build) Compare(c Build) int {
	switch {
	case b.Set != c.Set && c.Set:
		return -1
	case b.Set != c.Set:
		return 1
	}
	return cmp.Or(cmp.Compare(b.Number, c.Number), strings.Compare(b.Rest, c.Rest))
}

// WheelName is what a wheel's file name says.
type WheelName struct {
	Name    string // normalised (PEP 503)
	Version pep440.Version
	Build   Build
	Tags    []pytag.Tag
}

// ParseWheelName reads a wheel's file name (binary distribution format, "File name convention").
func ParseWheelName(filename string) (WheelName, error) {
	return new(NameReader).Wheel(filename)
}

// NameReader reads many file names: projects, versions and tags that it met before are shared. The zero value works. It is
// safe for concurrent use.
type NameReader struct {
	mu       sync.Mutex
	projects map[string]string // normalised names
	versions map[string]pep440.Version
	tags     map[string][]pytag.Tag
}

// Wheel is ParseWheelName. Callers must not change the Tags.
func (r *NameReader) Wheel(filename string) (WheelName, error) {
	w, err := r.wheel(filename)
	if err != nil {
		return WheelName{}, fmt.Errorf("wheel %.300q: %w", filename, err)
	}
	return w, nil
}

func (r *NameReader) wheel(filename string) (w WheelName, err error) {
	stem, ok := strings.CutSuffix(filename, ".whl")
	dashes := strings.Count(stem, "-")
	if !ok || len(filename) > maxFileName || dashes != 4 && dashes != 5 {
		return w, errors.New("no wheel file name: want name-version[-build]-python-abi-platform.whl")
	}
	project, rest, _ := strings.Cut(stem, "-")
	version, rest, _ := strings.Cut(rest, "-")
	if w.Build, w.Tags, err = r.tagsIn(rest); err != nil {
		return w, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.Name, err = known(&r.projects, project, wheelProject); err != nil {
		return w, err
	}
	w.Version, err = known(&r.versions, version, pep440.Parse)
	return w, err
}

// tagsIn reads what stands behind the version in a wheel's name: the tags, with a build before them if there is one.
func (r *NameReader) tagsIn(text string) (build Build, tags []pytag.Tag, err error) {
	if build, text, err = CutBuild(text); err != nil {
		return build, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	tags, err = known(&r.tags, text, pytag.ParseTags)
	return build, tags, err
}

// CutBuild takes the build, if there is one, off what stands behind the version in a wheel's name: the tags are left.
func CutBuild(text string) (build Build, tags string, err error) {
	if strings.Count(text, "-") != 3 {
		return build, text, nil
	}
	number, tags, _ := strings.Cut(text, "-")
	build, err = parseBuild(number)
	return build, tags, err
}

// known looks text up in the map, or reads it and notes it there.
func known[V any](m *map[string]V, text string, read func(string) (V, error)) (V, error) {
	if v, ok := (*m)[text]; ok {
		return v, nil
	}
	v, err := read(text)
	if err != nil {
		return v, err
	}
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[text] = v
	return v, nil
}

func wheelProject(name string) (string, error) {
	if !isEscapedName(name) {
		return "", fmt.Errorf("bad project name %q", name)
	}
	return pep508.NormalizeName(name), nil
}

// isEscapedName tells whether s can be the escaped project name of a wheel.
func isEscapedName(s string) bool {
	for _, r := range s {
		if r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			return false
		}
	}
	return s != "" && !strings.Contains(s, "__")
}

func parseBuild(s string) (Build, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	number, err := strconv.ParseUint(s[:digits], 10, 64)
	if err != nil {
		return Build{}, fmt.Errorf("bad build number %q", s)
	}
	return Build{Set: true, Number: number, Rest: s[digits:]}, nil
}

// SdistName is what a source distribution's file name says.
type SdistName struct {
	Name    string // normalised
	Version pep440.Version
}

// ParseSdistName reads an sdist's file name (PEP 625, and the older forms with dashes in the name). project, if not
// empty, is the name it must belong to; it decides where the name ends. Only .tar.gz and .zip are taken.
func ParseSdistName(filename, project string) (SdistName, error) {
	return new(NameReader).Sdist(filename, project)
}

// Sdist is ParseSdistName.
func (r *NameReader) Sdist(filename, project string) (SdistName, error) {
	stem, ok := strings.CutSuffix(filename, ".tar.gz")
	if !ok {
		stem, ok = strings.CutSuffix(filename, ".zip")
	}
	if !ok || len(filename) > maxFileName {
		return SdistName{}, fmt.Errorf("%q is no sdist file name", filename)
	}
	dash := sdistDash(stem, project)
	if dash <= 0 {
		return SdistName{}, fmt.Errorf("sdist %q: want name-version", filename)
	}
	r.mu.Lock()
	version, err := known(&r.versions, stem[dash+1:], pep440.Parse)
	r.mu.Unlock()
	if err != nil {
		return SdistName{}, fmt.Errorf("sdist %q: %w", filename, err)
	}
	return SdistName{Name: pep508.NormalizeName(stem[:dash]), Version: version}, nil
}

// sdistDash finds the dash between name and version: the one behind project's name, or the last; -1 if there is none.
func sdistDash(stem, project string) int {
	if project == "" {
		return strings.LastIndexByte(stem, '-')
	}
	want := pep508.NormalizeName(project)
	for i := range len(stem) {
		if stem[i] == '-' && pep508.NormalizeName(stem[:i]) == want {
			return i
		}
	}
	return -1
}
