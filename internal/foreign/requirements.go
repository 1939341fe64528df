package foreign

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// ParseRequirements reads a requirements file with what it includes. Where
// comments tell why each package is there, as pip-compile and uv write them,
// only what a source file or a project asked for is a requirement: the rest is
// what that needs. Such a requirement has no bounds: those are in the source.
func ParseRequirements(data []byte, file string, env func(string) string) (*Import, error) {
	r := newReader(Requirements, file)
	if err := r.size(data); err != nil {
		return nil, err
	}
	read, err := manifest.ParseRequirements(r.withoutEditable(data), file, env)
	if err != nil {
		return nil, err
	}
	r.out.Rooted = true
	r.options(read)
	why := reasons(data, filepath.Base(file), read.Requirements)
	r.out.Compiled = slices.ContainsFunc(why, func(via []string) bool { return len(via) > 0 })
	for i, q := range read.Requirements {
		if err := r.compiledRequirement(q, why[i]); err != nil {
			return nil, err
		}
	}
	r.needed(read.Requirements, why)
	return r.done()
}

// needed tells from the reasons of the requirements what each pin depends on.
func (r *reader) needed(asks []manifest.Requirement, why [][]string) {
	at := map[string][]int{}
	for i, p := range r.out.Pins {
		at[p.Name] = append(at[p.Name], i)
	}
	for i, q := range asks {
		for _, reason := range why[i] {
			if isSource(reason) || !pep508.ValidName(reason) {
				continue
			}
			for _, n := range at[pep508.NormalizeName(reason)] {
				r.out.Pins[n].Needs = append(r.out.Pins[n].Needs, pep508.NormalizeName(q.Name))
			}
		}
	}
}

// options takes what a requirements file says beside its requirements.
func (r *reader) options(read *manifest.Requirements) {
	if read.IndexURL != "" {
		r.out.IndexURL = r.bare("the index", read.IndexURL)
	}
	for _, u := range read.ExtraIndexURLs {
		r.index("", u, false)
	}
	for _, name := range read.Build.FromSource {
		r.leave("--no-binary "+name, "say it in [tool.snug.build]")
	}
	for _, name := range read.Build.Never {
		r.leave("--only-binary "+name, "say it in [tool.snug.build]")
	}
	for _, note := range read.Notes {
		place, why, _ := strings.Cut(note, ": ")
		r.leave(place, why)
	}
}

// editable is a line that installs a checkout of an address; pip knows its name
// from "#egg=".
var editable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*(?:-e|--editable)[ \t=]*((?:git|hg|svn|bzr)\+\S+|file:\S+)[^\n]*$`)
})

// withoutEditable lists such lines as left, and empties them.
func (r *reader) withoutEditable(data []byte) []byte {
	return editable().ReplaceAllFunc(data, func(line []byte) []byte {
		address := string(editable().FindSubmatch(line)[1])
		kind, _, _ := strings.Cut(address, "+")
		if strings.HasPrefix(address, "file:") {
			kind = "a folder"
		}
		name := nameIn(address)
		r.source(name, kind, 0)
		return nil
	})
}

// nameIn is the package that "NAME @ ADDRESS" or "ADDRESS#egg=NAME" names, else
// the last part of the address. Logins are no part of it.
func nameIn(text string) string {
	if name, _, ok := strings.Cut(text, " @ "); ok {
		return strings.TrimSpace(name)
	}
	address, name, ok := strings.Cut(login().ReplaceAllString(text, "$1"), "#egg=")
	if ok {
		return name
	}
	address, _, _ = strings.Cut(address, "@")
	return path.Base(address)
}

// compiledRequirement takes a requirement as a locked version, if it is one, and
// as asked for where its reasons say so.
func (r *reader) compiledRequirement(q manifest.Requirement, via []string) error {
	if err := r.pinned(q); err != nil {
		return err
	}
	if !r.out.Compiled {
		r.out.Dependencies = append(r.out.Dependencies, q)
		return r.bounded(q.Origin.Line)
	}
	for _, reason := range via {
		source, isFile := strings.CutPrefix(reason, "-r ")
		if isFile && !slices.Contains(r.out.Sources, source) {
			r.out.Sources = append(r.out.Sources, source)
		}
	}
	if len(via) > 0 && !slices.ContainsFunc(via, isSource) {
		return nil
	}
	if q.URL == "" {
		q.Specifiers = nil
	}
	q.Hashes = nil
	r.out.Dependencies = append(r.out.Dependencies, q)
	return r.bounded(q.Origin.Line)
}

// pinned makes a locked version of "name==version".
func (r *reader) pinned(q manifest.Requirement) error {
	switch {
	case q.Path == ".": // the project itself
		return nil
	case q.Path != "":
		r.source(q.Name, "a file or folder", q.Origin.Line)
		return nil
	case q.URL != "":
		r.source(q.Name, "an address", q.Origin.Line)
		return nil
	}
	version, exact := exactly(q.Specifiers)
	if !exact {
		r.loosen(Loose{Name: q.Name, What: q.Requirement.String(), File: r.included(q), Line: q.Origin.Line})
		r.leave(q.Requirement.String(), "no version of it is locked")
		return nil
	}
	pin := Pin{Name: q.Name, Version: version, File: r.included(q), Line: q.Origin.Line}
	if q.Marker != nil {
		pin.Marker = q.Marker.String()
	}
	for _, hash := range q.Hashes {
		if err := r.hash(&pin, "", hash); err != nil {
			return err
		}
	}
	return r.pin(pin)
}

// included is the file of a requirement that another file includes.
func (r *reader) included(q manifest.Requirement) string {
	if q.Origin.File == filepath.Base(r.file) {
		return ""
	}
	return q.Origin.File
}

// exactly is the one version that the specifiers allow.
func exactly(s pep440.Specifiers) (string, bool) {
	if len(s) != 1 || s[0].Op != pep440.Equal || s[0].Wildcard {
		return "", false
	}
	return s[0].Raw, true
}

// isSource tells a reason that is a file or a project from one that is a
// package: "-r requirements.in", "shop (pyproject.toml)".
func isSource(reason string) bool {
	return strings.HasPrefix(reason, "-r ") || strings.HasSuffix(reason, ")")
}

var viaComment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|\s)#\s*via\b(.*)$`) })

// reasons are, for each requirement of the file itself, what its "# via"
// comments name: behind it on its line, or in the comments below.
func reasons(data []byte, file string, asks []manifest.Requirement) [][]string {
	out := make([][]string, len(asks))
	at := map[int]int{}
	for i, q := range asks {
		if q.Origin.File == file {
			at[q.Origin.Line] = i
		}
	}
	current, open, line := -1, false, 0
	for text := range strings.Lines(string(data)) {
		line++
		text = strings.TrimSpace(text)
		if i, ok := at[line]; ok {
			current, open = i, false
		}
		if current < 0 {
			continue
		}
		rest, isComment := strings.CutPrefix(text, "#")
		switch m := viaComment().FindStringSubmatch(text); {
		case m != nil:
			open = true
			out[current] = append(out[current], splitReasons(m[1])...)
		case open && isComment:
			out[current] = append(out[current], splitReasons(rest)...)
		default:
			open = false
		}
	}
	return out
}

// splitReasons cuts "a, -r b.in".
func splitReasons(text string) []string {
	var out []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
