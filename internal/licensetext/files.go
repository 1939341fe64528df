package licensetext

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/digest"
	"snug/internal/fault"
)

// Bounds of what is read of one distribution.
const (
	MaxFiles = 2000
	MaxSize  = 16 << 20 // of one file, which is hashed whole
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
	licenseName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:un)?(?:licen[sc]es?|copying|copyright|third[-_. ]?part(?:y|ies)[-_. ]?(?:licen[sc]es?|notices?))(?:[-_. ].*)?$`)
	})
	suffixed = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^[\w.+-]+[-_.](?:licen[sc]e|copying)(?:\.(?:txt|md|rst|html))?$`)
	})
	noticeName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^notices?(?:[-_. ].*)?$`) })
	authorsName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:authors|contributors|credits)(?:[-_. ].*)?$`)
	})
	code = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\.(?:py[cdio]?|pyx|pxd|so|dll|exe|js|css|json|h|c|cpp|rs|toml|ya?ml|xml|png|svg)$`)
	})
)

// KindOf tells what the file at a slash path of an installed tree is, "" where it is nothing that speaks of
// licences. What lies in NAME.dist-info, or right in its licenses folder, is the distribution's own, unless
// it is named for something else (LICENSE_GEOS); deeper there (PEP 639 keeps the paths of the sources),
// outside it, and in what it vendors, it is of what it bundles.
func KindOf(name string) Kind {
	dir, base := path.Split(name)
	pkg, inside, info := cutInfo(dir)
	speaks := licenseName().MatchString(base) || suffixed().MatchString(base)
	listed := info && strings.HasPrefix(inside, "licenses/")
	switch {
	case code().MatchString(base):
		return ""
	case noticeName().MatchString(base):
		return Notice
	case authorsName().MatchString(base):
		return Authors
	case pkg != "" && (speaks || listed) && slices.Contains([]string{"", "licenses/", "license_files/"}, inside) && !ofAnother(base, pkg):
		return Own
	case speaks, listed, path.Base(dir) == "licenses" && strings.HasSuffix(base, ".txt"):
		return Bundled
	}
	return ""
}

// cutInfo parts a folder at its first .dist-info: whose it is ("" where that is vendored in another), and
// what is inside it.
func cutInfo(dir string) (pkg, inside string, ok bool) {
	before, inside, ok := strings.Cut(dir, ".dist-info/")
	if !ok {
		return "", "", false
	}
	above, folder := path.Split(before)
	if above != "" && path.Base(above) != "site-packages" {
		return "", inside, true
	}
	pkg, _, _ = strings.Cut(folder, "-")
	return pkg, inside, true
}

// ofAnother tells whether a licence file is named for something that is neither a licence nor the package.
func ofAnother(base, pkg string) bool {
	m := qualified().FindStringSubmatch(base)
	if m == nil {
		return false
	}
	word := strings.ToLower(m[1])
	return !ownWord().MatchString(word) && !strings.HasPrefix(squeeze(word), squeeze(pkg))
}

func squeeze(name string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
}

var (
	qualified = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(?:licen[sc]es?|copying|third[-_. ]?part(?:y|ies))[-_. ](.+)$`)
	})
	ownWord = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:txt|md|rst|html|rtf|apache|bsd|mit|isc|gpl|lgpl|agpl|mpl|psf|python|zpl|zlib|cc0|cc|0bsd|lesser|gnu|artistic|eupl|epl|unlicense|public|commercial|apl|al2|asl|gplv|lgplv|v?\d[\d.]*(?:\.|$))`)
	})
)

// Scan classifies those of the paths that KindOf knows, in their order.
func Scan(fsys fs.FS, paths []string) ([]Text, error) {
	var out []Text
	known := map[digest.SHA256]Text{} // the same text often lies in several places
	for _, name := range paths {
		kind := KindOf(name)
		if kind == "" || len(out) == MaxFiles {
			continue
		}
		data, err := read(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("licence file %s: %w", name, err)
		}
		sum := digest.Of(data)
		t, seen := known[sum]
		if !seen {
			t = Classify(data)
			known[sum] = t
		}
		t.Path, t.Kind = name, kind
		t.Pointer = present(t, paths)
		out = append(out, t)
	}
	return out, nil
}

func read(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err == nil && len(data) > MaxSize {
		err = fault.New(fault.Integrity, "tell the package's authors; no licence is that long", "it is longer than %d bytes", MaxSize)
	}
	return data, err
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
