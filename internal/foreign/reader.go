package foreign

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// reader gathers the Import of one file.
type reader struct {
	file string // for messages
	out  *Import
	pins map[string]int // name and version, to the place in out.Pins
	left map[Left]bool

	markers [][]string // for each pin, those of its entries
	entries int
}

func newReader(format, path string) *reader {
	return &reader{file: path, pins: map[string]int{}, left: map[Left]bool{},
		out: &Import{Format: format, Path: path, Groups: map[string][]manifest.Requirement{}, Extras: map[string][]manifest.Requirement{}}}
}

const repair = "make it again with the tool that wrote it"

// bad is a fault.Input at a line of the file; 0: not known which.
func (r *reader) bad(line int, hint, format string, args ...any) error {
	place := r.file
	if line > 0 {
		place = fmt.Sprintf("%s:%d", place, line)
	}
	return fault.New(fault.Input, hint, "%s: "+format, append([]any{place}, args...)...)
}

// version refuses a version of the format that is not known.
func (r *reader) version(is string, known ...string) error {
	major, _, _ := strings.Cut(is, ".")
	if slices.Contains(known, major) {
		return nil
	}
	return fault.New(fault.Unsupported, repair+", or take a newer snug", "%s: version %q of the format is not supported, want %s", r.file, is, strings.Join(known, " or "))
}

// leave lists what is not carried over. Of more than anybody reads the last line
// says that there is more.
func (r *reader) leave(what, why string) {
	l := Left{what, why}
	if len(r.out.Left) == maxLeft {
		l = Left{"and more", "the list ends here"}
	}
	if len(r.out.Left) > maxLeft || r.left[l] {
		return
	}
	r.left[l] = true
	r.out.Left = append(r.out.Left, l)
}

// loosen lists a package without a version, once for each name; of too many the
// list ends, which leave says.
func (r *reader) loosen(l Loose) {
	if pep508.ValidName(l.Name) {
		l.Name = pep508.NormalizeName(l.Name)
	}
	key := "\x00" + l.Name + "\x00" + l.What // no pin has such a key
	if _, ok := r.pins[key]; ok {
		return
	}
	if len(r.out.Loose) == maxLeft {
		r.leave("more packages without a version", "the list of them ends")
		return
	}
	r.pins[key] = len(r.out.Loose)
	r.out.Loose = append(r.out.Loose, l)
}

// pin adds a locked version. Entries of one version, such as pdm writes for
// extras, become one.
func (r *reader) pin(p Pin) error {
	if !pep508.ValidName(p.Name) {
		return r.bad(p.Line, repair, "%q is no name of a package", p.Name)
	}
	p.Name = pep508.NormalizeName(p.Name)
	v, err := pep440.Parse(p.Version)
	if err != nil {
		return r.bad(p.Line, repair, "%s: %v", p.Name, err)
	}
	p.Version = v.String()
	if p.Marker, err = r.marker(p.Line, p.Name, p.Marker); err != nil {
		return err
	}
	key := p.Name + " " + p.Version
	if r.entries++; r.entries > maxPins {
		return r.bad(p.Line, repair, "more than %d versions are locked", maxPins)
	}
	i, ok := r.pins[key]
	if !ok {
		i = len(r.out.Pins)
		r.pins[key] = i
		r.out.Pins, r.markers = append(r.out.Pins, p), append(r.markers, nil)
	} else {
		r.out.Pins[i].join(p)
	}
	r.markers[i] = append(r.markers[i], p.Marker)
	return nil
}

// done is the Import with the markers of its pins.
func (r *reader) done() (*Import, error) {
	for i := range r.out.Pins {
		r.out.Pins[i].Marker = either(r.markers[i]...)
	}
	return r.out, nil
}

// join adds the files of another entry of the same version.
func (p *Pin) join(q Pin) {
	for name, sum := range q.Files {
		if p.Files == nil {
			p.Files = map[string]string{}
		}
		p.Files[name] = sum
	}
	p.Hashes = append(p.Hashes, q.Hashes...)
	p.Needs = append(p.Needs, q.Needs...)
}

// either is the marker that holds where one of the markers does.
func either(markers ...string) string {
	var parts []string
	seen := map[string]bool{}
	for _, m := range markers {
		if m == "" {
			return ""
		}
		if !seen[m] {
			seen[m] = true
			parts = append(parts, m)
		}
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return "(" + strings.Join(parts, ") or (") + ")"
}

func (r *reader) marker(line int, name, text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	m, err := pep508.ParseMarker(text)
	if err != nil {
		return "", r.bad(line, repair, "%s: %v", name, err)
	}
	return m.String(), nil
}

// hash adds a hash to a pin. file may be a name, an address or empty.
func (r *reader) hash(p *Pin, file, hash string) error {
	algorithm, sum, _ := strings.Cut(hash, ":")
	if algorithm != "sha256" {
		r.leave(p.Name, "its hash is no sha256: it is not compared")
		return nil
	}
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 32 {
		return r.bad(p.Line, repair, "%s: malformed hash %q", p.Name, hash)
	}
	sum = strings.ToLower(sum)
	name := fileName(file)
	if name == "" {
		p.Hashes = append(p.Hashes, sum)
		return nil
	}
	if p.Files == nil {
		p.Files = map[string]string{}
	}
	p.Files[name] = sum
	return nil
}

// fileName is the last part of a name, a path or an address.
func fileName(file string) string {
	if u, err := url.Parse(file); err == nil && u.Host != "" {
		file = u.Path
	}
	if file == "" {
		return ""
	}
	return path.Base(file)
}

// ask is one requirement as the formats tell it, in parts.
type ask struct {
	name, specifier, url, marker string
	extras                       []string
	index                        string // the name of its index
	line                         int
}

// require makes a requirement of an ask.
func (r *reader) require(a ask) (manifest.Requirement, error) {
	none := manifest.Requirement{}
	if !pep508.ValidName(a.name) {
		return none, r.bad(a.line, "PEP 508: letters, digits, dot, dash and underscore", "%q is no name of a package", a.name)
	}
	if _, err := pep440.ParseSpecifiers(a.specifier); err != nil {
		return none, r.bad(a.line, `PEP 440: such as "==1.4" or "~=1.4"`, "%s: %v", a.name, err)
	}
	text := a.name
	if len(a.extras) > 0 {
		text += "[" + strings.Join(a.extras, ",") + "]"
	}
	text += a.specifier
	if a.url != "" {
		text += " @ " + r.bare(a.name, a.url)
	}
	if strings.TrimSpace(a.marker) != "" {
		text += " ; " + a.marker
	}
	q, err := pep508.Parse(text)
	if err != nil {
		return none, r.bad(a.line, manifest.RequirementHint, "%v", err)
	}
	return manifest.Requirement{Requirement: q, Index: a.index, Origin: manifest.Origin{File: filepath.Base(r.file), Line: a.line}}, nil
}

// add puts an ask into the group of that name; "" is what production needs.
func (r *reader) add(group string, a ask) error {
	q, err := r.require(a)
	if err != nil {
		return err
	}
	if group == "" {
		r.out.Dependencies = append(r.out.Dependencies, q)
	} else {
		r.out.Groups[group] = append(r.out.Groups[group], q)
	}
	return r.bounded(a.line)
}

func (r *reader) bounded(line int) error {
	n := len(r.out.Dependencies)
	for _, group := range r.out.Groups {
		n += len(group)
	}
	if n > maxRoots {
		return r.bad(line, repair, "more than %d requirements", maxRoots)
	}
	return nil
}

var login = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)[^/@]*(?:\$\{[^}]*\}[^/@]*)*@`)
})

// bare is an address without its login, which is listed as left.
func (r *reader) bare(what, address string) string {
	out := login().ReplaceAllString(address, "$1")
	if out != address {
		r.leave("the login of "+what, "logins are not written into files: give it by netrc or a variable")
	}
	return out
}

// index adds an index and returns its name, which is made from the host where
// the format has none.
func (r *reader) index(name, address string, explicit bool) string {
	if name == "" {
		_, host, _ := strings.Cut(address, "://")
		host, _, _ = strings.Cut(host[strings.LastIndexByte(host, '@')+1:], "/")
		name = host
	}
	name = pep508.NormalizeName(strings.Map(func(c rune) rune {
		if c < 0x80 && (c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return c
		}
		return '-'
	}, name))
	address = r.bare("the index "+name, address)
	for i, x := range r.out.Indexes {
		if x.URL == address {
			r.out.Indexes[i].Explicit = x.Explicit || explicit
			return x.Name
		}
	}
	r.out.Indexes = append(r.out.Indexes, manifest.Index{Name: name, URL: address, Explicit: explicit})
	return name
}

// source lists a package that comes from somewhere else than an index.
func (r *reader) source(name, kind string, line int) {
	r.loosen(Loose{Name: name, What: kind, Own: kind == "a folder", Line: line})
	r.leave(name, fmt.Sprintf("it comes from %s: snug locks wheels of package indexes", kind))
}

// python makes requires-python of one version. Of a patch release the minor
// stays fixed and newer patches fit, which is listed.
func (r *reader) python(version string, line int) error {
	v, err := pep440.Parse(version)
	if err != nil {
		return r.bad(line, "such as 3.14", "python: %v", err)
	}
	if len(v.Release()) < 3 {
		r.out.RequiresPython = "==" + v.Base().String() + ".*"
		return nil
	}
	r.out.RequiresPython = "~=" + v.Base().String()
	r.leave("python "+version, "newer patch releases fit as well: requires-python is "+r.out.RequiresPython)
	return nil
}
