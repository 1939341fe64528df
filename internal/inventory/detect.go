package inventory

import (
	"cmp"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// How a component was found, as it stands in Component.How.
const (
	howLibrary = "library name"
	howSoName  = "SONAME"
	howSuffix  = "version in the file name"
	howVersion = "version string"
	howProof   = "text of its code"
	howMany    = "version strings disagree"
	howCrate   = "path of its source"
	howCargo   = "cargo auditable"
)

// detector finds libraries in native files. It is for one goroutine.
type detector struct {
	known   []library
	byStem  map[string]int
	scanner *scanner
	means   []meaning // of each anchor
	exprs   map[string]*regexp.Regexp
}

// meaning is the library that an anchor is of; text is nil for a proof.
type meaning struct {
	library int
	text    *text
}

// crates stands for all Rust crates in the place of a library: where a crate's code may
// fail, the path of its source is told, and cargo puts name and version there.
const crates = -1

// standsIn stands for zlib-ng in zlib's place: its version of zlib's interface, which
// files that only use it have in them too.
const standsIn = -2

// crateText is how these paths look.
func crateText() *text {
	return &text{"/registry/src/", `^/registry/src/[^/\x00]{1,80}/([A-Za-z0-9_-]{1,80})-(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.]{1,40})?)/`}
}

func newDetector() *detector {
	d := &detector{known: libraries(), byStem: map[string]int{}, exprs: map[string]*regexp.Regexp{}}
	var anchors []string
	for i, l := range d.known {
		for _, stem := range l.stems {
			d.byStem[stem] = i
		}
		for _, p := range l.proof {
			anchors, d.means = append(anchors, p), append(d.means, meaning{i, nil})
		}
		for k := range l.texts {
			anchors, d.means = append(anchors, l.texts[k].anchor), append(d.means, meaning{i, &l.texts[k]})
		}
	}
	c := crateText()
	anchors, d.means = append(anchors, c.anchor, ".zlib-ng\x00"), append(d.means, meaning{crates, c}, meaning{standsIn, nil})
	d.scanner = newScanner(anchors)
	return d
}

// groups are those of the expression's first match that goes over the place at.
func (d *detector) groups(expr string, in []byte, at int) [][]byte {
	re := d.exprs[expr]
	if re == nil {
		re = regexp.MustCompile(expr)
		d.exprs[expr] = re
	}
	for from := 0; from <= at; {
		match := re.FindSubmatchIndex(in[from:])
		switch {
		case match == nil || from+match[0] > at:
			return nil
		case from+match[1] <= at:
			from += match[0] + 1 // of a text before; it may end where the next begins
			continue
		}
		groups := make([][]byte, len(match)/2)
		for i := range groups {
			if match[2*i] >= 0 {
				groups[i] = in[from+match[2*i] : from+match[2*i+1]]
			}
		}
		return groups
	}
	return nil
}

// match is the version that the expression finds around the place at.
func (d *detector) match(expr string, in []byte, at int) (version string, ok bool) {
	groups := d.groups(expr, in, at)
	if groups == nil {
		return "", false
	}
	var parts []string
	for _, group := range groups[1:] {
		if group != nil {
			parts = append(parts, string(group))
		}
	}
	if len(parts) == 3 && len(parts[0]) == 1 && len(parts[1]) == 2 && len(parts[2]) == 2 { // 2 14 06, as libxml2 writes 2.14.6
		for i := 1; i < 3; i++ {
			parts[i] = strings.TrimPrefix(parts[i], "0")
		}
	}
	return strings.Join(parts, "."), true
}

// seen is what a file tells of one library.
type seen struct {
	proof    bool
	versions []string // that its texts name, each once
}

// found is a library that a file is, or has in it.
type found struct {
	name, cpe, version, how string
	named                   bool // the file's name is the library's
	crate                   bool // it is a Rust crate
}

// file tells the libraries in one native file, whose content is r in the spans.
func (d *detector) file(n Native, owner string, bundled bool, r io.ReaderAt, spans []span) ([]found, error) {
	all, err := d.texts(r, spans)
	if err != nil {
		return nil, err
	}
	var out []found
	if s := all[crates]; s != nil {
		for _, crate := range s.versions {
			name, version, _ := strings.Cut(crate, " ")
			out = append(out, found{name: name, version: version, how: howCrate, crate: true})
		}
	}
	own, stem, tail, how := d.named(n, owner)
	bare := sync.OnceValues(func() ([]string, error) { return bareOnce(r, spans) })
	for i, l := range d.known {
		s := all[i]
		if i != own && (!s.inside(l) || d.linked(n, owner, i)) {
			continue
		}
		f := found{name: l.name, cpe: l.cpe, named: i == own, how: how}
		if err := d.version(&f, l, s, tail, bare); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	turbo := slices.ContainsFunc(out, func(f found) bool { return f.name == "libjpeg-turbo" })
	if own < 0 && bundled && stem != "" && !(stem == "libjpeg" && turbo) {
		out = append(out, found{name: strings.ToLower(stem), how: how, named: true})
	}
	return withoutCompatible(out, all[standsIn] != nil), nil
}

// inside tells whether the library's code is in the file.
func (s *seen) inside(l library) bool {
	return s != nil && (s.proof || len(l.proof) == 0 && len(s.versions) > 0)
}

// texts scans a file for what the libraries say.
func (d *detector) texts(r io.ReaderAt, spans []span) (map[int]*seen, error) {
	all := map[int]*seen{}
	err := d.scanner.scan(r, spans, func(anchor int, before, after []byte) {
		m := d.means[anchor]
		s := all[m.library]
		if s == nil {
			s = &seen{}
			all[m.library] = s
		}
		if m.text == nil {
			s.proof = true
			return
		}
		if m.library == crates {
			if g := d.groups(m.text.expr, after, len(m.text.anchor)-1); g != nil {
				s.add(string(g[1]) + " " + string(g[2]))
			}
			return
		}
		if len(before) == 0 {
			before = []byte{0} // the start of a span ends what stood before
		}
		before = before[max(0, len(before)-64):]
		if v, ok := d.match(m.text.expr, slices.Concat(before, after), len(before)+len(m.text.anchor)-1); ok {
			s.add(v)
		}
	})
	return all, err
}

func (s *seen) add(version string) {
	if !slices.Contains(s.versions, version) && len(s.versions) < maxComponents {
		s.versions = append(s.versions, version)
	}
}

// version fills in which version of the library the file has, and how it is known.
func (d *detector) version(f *found, l library, s *seen, tail string, bare func() ([]string, error)) error {
	var versions []string
	if s != nil {
		versions = s.versions
	}
	expr := l.bare
	if f.named {
		expr = cmp.Or(l.bareNamed, expr)
	}
	if len(versions) == 0 && expr != "" {
		texts, err := bare()
		if err != nil {
			return err
		}
		for _, text := range texts {
			if v, ok := d.match(expr, []byte(text), 0); ok && !slices.Contains(versions, v) {
				versions = append(versions, v)
			}
		}
	}
	suffix, ok := "", false
	if f.named && l.suffix != "" {
		suffix, ok = d.match(l.suffix, []byte(tail), 0)
	}
	switch {
	case ok:
		f.version, f.how = suffix, howSuffix
	case len(versions) == 1:
		f.version, f.how = versions[0], howVersion
	case len(versions) > 1:
		f.how = howMany
	case !f.named:
		f.how = howProof
	}
	return nil
}

// bareOnce are the texts that stand for themselves in a file, each once.
func bareOnce(r io.ReaderAt, spans []span) ([]string, error) {
	seen := map[string]bool{}
	err := bareTexts(r, spans, func(text []byte) {
		if len(seen) < maxHits && !seen[string(text)] {
			seen[string(text)] = true
		}
	})
	return slices.Collect(maps.Keys(seen)), err
}

// named tells which known library the file is by its name or SONAME, -1 for none; the
// name without versions and hashes, "" for one that is no library's, and what follows it.
func (d *detector) named(n Native, owner string) (own int, stem, tail, how string) {
	stem, tail = stemOf(path.Base(n.Path), owner)
	if own, ok := d.byStem[stem]; ok {
		return own, stem, tail, howLibrary
	}
	if other, tail := stemOf(n.SoName, owner); other != "" {
		if own, ok := d.byStem[other]; ok {
			return own, other, tail, howSoName
		}
	}
	return -1, stem, tail, howLibrary
}

// linked tells whether the file loads that library from another file.
func (d *detector) linked(n Native, owner string, library int) bool {
	return slices.ContainsFunc(n.Needed, func(needed string) bool {
		stem, _ := stemOf(needed, owner)
		own, ok := d.byStem[stem]
		return ok && own == library
	})
}

// stemOf is the name of a library in the name of its file: without the hash that
// auditwheel and delvewheel put there, the owner's name that some put before it, and
// versions. "" for what has no library's name.
func stemOf(base, owner string) (stem, tail string) {
	name, rest, ok := strings.Cut(base, ".")
	rest = "." + rest
	if !ok || !strings.HasPrefix(name, "lib") && !strings.HasSuffix(strings.ToLower(rest), ".dll") {
		return "", ""
	}
	for i := strings.LastIndexByte(name, '-'); i > 0 && isHash(name[i+1:]); i = strings.LastIndexByte(name, '-') {
		name = name[:i]
	}
	name = strings.TrimSuffix(name, "-"+owner)
	if short, ok := strings.CutSuffix(name, "-r0"); ok { // of OpenBLAS, before the rest of its version
		return short, "-r0" + rest
	}
	return name, rest
}

func isHash(s string) bool {
	if len(s) < 6 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') })
}

// withoutCompatible leaves out what a library that stands in for another one says as
// the other: zlib-ng has zlib's own text, and not always its own.
func withoutCompatible(all []found, standsIn bool) []found {
	isZlib := func(f found) bool { return f.name == "zlib" }
	if slices.ContainsFunc(all, func(f found) bool { return f.name == "zlib-ng" }) {
		return slices.DeleteFunc(all, isZlib)
	}
	if i := slices.IndexFunc(all, isZlib); i >= 0 && standsIn {
		all[i] = found{name: "zlib-ng", how: howProof}
	}
	return all
}

// isBundled tells whether a file lies where auditwheel, delvewheel and delocate put the
// libraries of others.
func isBundled(name string) bool {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		if strings.HasSuffix(part, ".libs") || strings.HasSuffix(part, ".dylibs") {
			return true
		}
	}
	return false
}

// detecting is a detector that is made when it is first asked for.
func detecting() func() *detector { return sync.OnceValue(newDetector) }
