package cpython

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep440"
)

//go:embed catalogue.json
var catalogueJSON []byte

// Home is where CPython's own project publishes its sources.
const Home = "https://www.python.org/ftp/python"

// Tarball is one release of CPython's sources, known by its digest.
type Tarball struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size,omitempty"` // 0: not known
}

// Name is the file's name as CPython's project gives it.
func (t Tarball) Name() string { return "Python-" + t.Version + ".tar.xz" }

// path is where the file lies below Home, and below a mirror of it: a
// pre-release lies in the folder of its release.
func (t Tarball) path() string {
	folder := t.Version
	if i := strings.IndexAny(folder, "abr"); i >= 0 {
		folder = folder[:i]
	}
	return folder + "/" + t.Name()
}

// Catalogue returns the sources that snug vouches for, by ascending version.
func Catalogue() ([]Tarball, error) { return ParseCatalogue(catalogueJSON) }

// ParseCatalogue reads the text of a catalogue.
func ParseCatalogue(text []byte) ([]Tarball, error) {
	var out []Tarball
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("snug's own catalogue of CPython's sources: %w", err)
	}
	return out, nil
}

// Find returns the newest release of the catalogue that text means: "3.13", or "3.13.5".
func Find(text string) (Tarball, error) {
	list, err := Catalogue()
	if err != nil {
		return Tarball{}, err
	}
	return find(list, text)
}

// find returns the newest source that text means: "3.13", or "3.13.5".
func find(list []Tarball, text string) (Tarball, error) {
	for _, t := range slices.Backward(list) {
		if t.Version == text || strings.HasPrefix(t.Version, text+".") {
			return t, nil
		}
	}
	have := make([]string, len(list))
	for i, t := range list {
		have[i] = t.Version
	}
	return Tarball{}, fault.New(fault.NotFound, "snug knows the sources of "+strings.Join(have, ", ")+"; --tarball FILE --sha256 HEX builds any other",
		"no sources of Python %s in snug's catalogue", text)
}

// IsRelease tells whether text is a full version, as a tarball has.
func IsRelease(text string) bool {
	v, err := pep440.Parse(text)
	return err == nil && v.String() == text && v.Major() == 3 && strings.Count(text, ".") == 2 && !strings.ContainsAny(text, "+!")
}
