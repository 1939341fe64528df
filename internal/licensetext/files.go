package licensetext

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Bounds of what is read of one distribution.
const (
	MaxFiles = 2000
	maxSize  = 16 << 20 // of one file, which is hashed whole
)

// Kind says what a file is by its name and place.
type Kind string

// The kinds.
const (
	Own     Kind = "license" // the distribution's own licence
	Bundled Kind = "bundled" // a licence of something that it carries
	Notice  Kind = "notice"  // a notice that must be passed on
	Authors Kind = "authors" // who holds the copyright
)

var (
	licenseName = regexp.MustCompile(`(?i)^(?:un)?(?:licen[sc]es?|copying|copyright|third[-_. ]?part(?:y|ies)[-_. ]?(?:licen[sc]es?|notices?))(?:[-_. ].*)?$`)
	suffixed    = regexp.MustCompile(`(?i)^[\w.+-]+[-_.](?:licen[sc]e|copying)(?:\.(?:txt|md|rst|html))?$`)
	noticeName  = regexp.MustCompile(`(?i)^notices?(?:[-_. ].*)?$`)
	authorsName = regexp.MustCompile(`(?i)^(?:authors|contributors|credits)(?:[-_. ].*)?$`)
	code        = regexp.MustCompile(`(?i)\.(?:py[cdio]?|pyx|pxd|so|dll|exe|js|css|json|h|c|cpp|rs|toml|ya?ml|xml|png|svg)$`)
)

// KindOf tells what the file at a slash path of an installed tree is, "" where it is nothing that speaks of
// licences. What lies in NAME.dist-info, or right in its licenses folder, is the distribution's own; deeper
// there (PEP 639 keeps the paths of the sources) and outside it is of what it bundles.
func KindOf(name string) Kind {
	dir, base := path.Split(name)
	folder, inside, info := cutInfo(dir)
	listed := info && strings.HasPrefix(inside, "licenses/")
	switch {
	case code.MatchString(base) || strings.HasSuffix(folder, "/"):
		return ""
	case noticeName.MatchString(base):
		return Notice
	case authorsName.MatchString(base):
		return Authors
	case info && (inside == "" || inside == "licenses/" || inside == "license_files/") && (listed || licenseName.MatchString(base) || suffixed.MatchString(base)):
		return Own
	case listed:
		return Bundled
	case licenseName.MatchString(base) || suffixed.MatchString(base) || path.Base(dir) == "licenses" && strings.HasSuffix(base, ".txt"):
		return Bundled
	}
	return ""
}

// cutInfo parts a folder at its .dist-info: what is above, and what is inside it.
func cutInfo(dir string) (above, inside string, ok bool) {
	before, after, ok := strings.Cut(dir, ".dist-info/")
	if !ok {
		return "", "", false
	}
	return path.Base(before), after, true
}

// Scan classifies those of the paths that KindOf knows, in their order.
func Scan(fsys fs.FS, paths []string) ([]Text, error) {
	var out []Text
	for _, name := range paths {
		kind := KindOf(name)
		if kind == "" || len(out) == MaxFiles {
			continue
		}
		t, err := read(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("licence file %s: %w", name, err)
		}
		t.Path, t.Kind = name, kind
		if kind == Notice || kind == Authors {
			t.Pointer = nil
		}
		t.Pointer = present(t, paths)
		out = append(out, t)
	}
	return out, nil
}

func read(fsys fs.FS, name string) (Text, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return Text{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return Text{}, err
	case len(data) > maxSize:
		return Text{}, errors.New("it is longer than any licence is")
	}
	return Classify(data), nil
}

// present are the pointers that lead to a file beside the text.
func present(t Text, paths []string) (names []string) {
	for _, p := range t.Pointer {
		if at := path.Join(path.Dir(t.Path), p); at != t.Path && slices.Contains(paths, at) {
			names = append(names, at)
		}
	}
	return names
}
