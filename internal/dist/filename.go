// Package dist reads what a Python distribution says about itself: the names of wheel and sdist files, and the METADATA,
// RECORD, WHEEL and entry_points.txt of a dist-info directory. It reads bytes that others fetched; it opens no file and
// judges no path.
//
// The one hard idea is how lenient to be: what decides installation (name, version, dependencies, scripts) is refused when
// malformed, and everything else that is malformed is set aside by name, since old files are full of it.
package dist

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
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

// NameReader reads many file names of one project: versions and tags that it met before are shared. The zero value
// works. It is for one goroutine.
type NameReader struct {
	name     string // the last one, as written
	normal   string // and normalised
	versions map[string]pep440.Version
	tags     map[string][]pytag.Tag
}

// Wheel is ParseWheelName. Callers must not change the Tags.
func (r *NameReader) Wheel(filename string) (WheelName, error) {
	stem, ok := strings.CutSuffix(filename, ".whl")
	if !ok || len(filename) > maxFileName {
		return WheelName{}, fmt.Errorf("%q is no wheel file name", filename)
	}
	parts := strings.Split(stem, "-")
	if len(parts) != 5 && len(parts) != 6 {
		return WheelName{}, fmt.Errorf("wheel %q: want name-version[-build]-python-abi-platform", filename)
	}
	if parts[0] != r.name || r.normal == "" {
		if !isEscapedName(parts[0]) {
			return WheelName{}, fmt.Errorf("wheel %q: bad project name %q", filename, parts[0])
		}
		r.name, r.normal = parts[0], pep508.NormalizeName(parts[0])
	}
	w := WheelName{Name: r.normal}
	var err error
	if w.Version, err = r.version(parts[1]); err != nil {
		return WheelName{}, fmt.Errorf("wheel %q: %w", filename, err)
	}
	if len(parts) == 6 {
		if w.Build, err = parseBuild(parts[2]); err != nil {
			return WheelName{}, fmt.Errorf("wheel %q: %w", filename, err)
		}
	}
	last := len(stem)
	for range 3 {
		last = strings.LastIndexByte(stem[:last], '-')
	}
	if w.Tags, err = r.tagsOf(stem[last+1:]); err != nil {
		return WheelName{}, fmt.Errorf("wheel %q: %w", filename, err)
	}
	return w, nil
}

func (r *NameReader) version(text string) (pep440.Version, error) {
	if v, ok := r.versions[text]; ok {
		return v, nil
	}
	v, err := pep440.Parse(text)
	if err != nil {
		return v, err
	}
	if r.versions == nil {
		r.versions = map[string]pep440.Version{}
	}
	r.versions[text] = v
	return v, nil
}

func (r *NameReader) tagsOf(text string) ([]pytag.Tag, error) {
	if tags, ok := r.tags[text]; ok {
		return tags, nil
	}
	tags, err := pytag.ParseTags(text)
	if err != nil {
		return nil, err
	}
	if r.tags == nil {
		r.tags = map[string][]pytag.Tag{}
	}
	r.tags[text] = tags
	return tags, nil
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
	version, err := r.version(stem[dash+1:])
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
