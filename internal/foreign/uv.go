package foreign

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"snug/internal/manifest"
	"snug/internal/pep440"
)

type uvLock struct {
	Version        int         `toml:"version"`
	RequiresPython string      `toml:"requires-python"`
	Packages       []uvPackage `toml:"package"`
}

type uvPackage struct {
	Name    string   `toml:"name"`
	Version string   `toml:"version"`
	Source  uvSource `toml:"source"`
	Markers []string `toml:"resolution-markers"`
	Sdist   uvFile   `toml:"sdist"`
	Wheels  []uvFile `toml:"wheels"`

	Dependencies []uvAsk `toml:"dependencies"`

	Metadata struct {
		RequiresDist []uvAsk            `toml:"requires-dist"`
		RequiresDev  map[string][]uvAsk `toml:"requires-dev"`
	} `toml:"metadata"`
}

type uvSource struct {
	Registry  string `toml:"registry"`
	Git       string `toml:"git"`
	URL       string `toml:"url"`
	Path      string `toml:"path"`
	Directory string `toml:"directory"`
	Editable  string `toml:"editable"`
	Virtual   string `toml:"virtual"`
}

type uvFile struct {
	URL  string `toml:"url"`
	Path string `toml:"path"`
	Hash string `toml:"hash"`
}

type uvAsk struct {
	Name      string   `toml:"name"`
	Extras    []string `toml:"extras"`
	Specifier string   `toml:"specifier"`
	Marker    string   `toml:"marker"`
	Index     string   `toml:"index"`
	uvSource
}

// kind is where a package comes from that is of no index, "" for an index.
func (s uvSource) kind() string {
	switch {
	case s.Git != "":
		return "git"
	case s.URL != "":
		return "an address"
	case s.Path != "":
		return "a file"
	case s.Directory != "" || s.Editable != "" || s.Virtual != "":
		return "a folder"
	}
	return ""
}

// isRoot says whether a package is the project of the folder where the lock lies.
func (s uvSource) isRoot() bool { return s.Virtual == "." || s.Editable == "." || s.Directory == "." }

// ParseUv reads uv.lock. The package that lies in the lock's own folder tells
// what was asked for; other members of a workspace are listed as left.
func ParseUv(data []byte, path string) (*Import, error) {
	r := newReader(Uv, path)
	var l uvLock
	if err := r.toml(data, &l); err != nil {
		return nil, err
	}
	if err := r.version(strconv.Itoa(l.Version), "1"); err != nil {
		return nil, err
	}
	if _, err := pep440.ParseSpecifiers(l.RequiresPython); err != nil {
		return nil, r.bad(0, repair, "requires-python: %v", err)
	}
	r.out.RequiresPython = l.RequiresPython
	lines := entryLines(data, "[[package]]")
	for i, p := range l.Packages {
		if err := r.uv(p, nth(lines, i)); err != nil {
			return nil, err
		}
	}
	return r.done()
}

func (r *reader) uv(p uvPackage, line int) error {
	kind := p.Source.kind()
	switch {
	case p.Source.isRoot():
		return r.uvRoot(p, line)
	case kind != "":
		r.source(p.Name, kind, line)
		return nil
	}
	if strings.Contains(p.Source.Registry, "://") {
		r.index("", p.Source.Registry, false)
	}
	pin := Pin{Name: p.Name, Version: p.Version, Line: line, Marker: either(p.Markers...)}
	for _, d := range p.Dependencies {
		pin.Needs = append(pin.Needs, d.Name)
	}
	for _, f := range append(p.Wheels, p.Sdist) {
		if f.Hash == "" {
			continue
		}
		if err := r.hash(&pin, f.URL+f.Path, f.Hash); err != nil {
			return err
		}
	}
	return r.pin(pin)
}

// uvRoot reads what the project itself asks for.
func (r *reader) uvRoot(p uvPackage, line int) error {
	r.out.Rooted, r.out.Name = true, p.Name
	if v, err := pep440.Parse(p.Version); err == nil { // a dynamic one is not there
		r.out.Version = v.String()
	}
	for _, a := range p.Metadata.RequiresDist {
		q, extra, err := r.uvAsk(a, line)
		switch {
		case err != nil:
			return err
		case q == nil:
		case extra == "":
			r.out.Dependencies = append(r.out.Dependencies, *q)
		default:
			r.out.Extras[extra] = append(r.out.Extras[extra], *q)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(p.Metadata.RequiresDev)) {
		for _, a := range p.Metadata.RequiresDev[group] {
			q, _, err := r.uvAsk(a, line)
			if err != nil {
				return err
			}
			if q != nil {
				r.out.Groups[group] = append(r.out.Groups[group], *q)
			}
		}
	}
	return r.bounded(line)
}

// ofExtra is how METADATA says that a requirement belongs to an extra: last, as
// a rule.
var ofExtra = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:(.*) and )?extra == ['"]([^'"]+)['"](?: and (.*))?$`)
})

// cutExtra takes the extra out of a marker, "" where it is in no place where one
// can be taken out.
func cutExtra(marker string) (rest, extra string) {
	m := ofExtra().FindStringSubmatch(marker)
	if m == nil {
		return marker, ""
	}
	var parts []string
	for _, part := range []string{m[1], m[3]} {
		closed := strings.HasPrefix(part, "(") && strings.HasSuffix(part, ")")
		if strings.Contains(part, " or ") && (!closed || strings.Count(part, "(") > 1) {
			return marker, "" // "a or b and extra == 'x'": the extra belongs to b alone
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " and "), m[2]
}

// uvAsk is a requirement and the extra that it belongs to; nil where it is left.
func (r *reader) uvAsk(a uvAsk, line int) (*manifest.Requirement, string, error) {
	var extra string
	a.Marker, extra = cutExtra(a.Marker)
	kind := a.kind()
	if kind != "" && a.URL == "" {
		r.source(a.Name, kind, line)
		return nil, "", nil
	}
	at := ask{name: a.Name, specifier: a.Specifier, url: a.URL, marker: a.Marker, extras: a.Extras, line: line}
	if a.Index != "" {
		at.index = r.index("", a.Index, true)
	}
	q, err := r.require(at)
	if err != nil {
		return nil, "", err
	}
	if q.Marker.Reads("extra") {
		r.leave(q.String(), "its marker speaks of several extras")
		return nil, "", nil
	}
	return &q, extra, nil
}
