package manifest

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep508"

	"snug/internal/toml"
)

// AddToFile puts requirements into a requirements file: one that is there under
// the same name with the same marker is replaced, hashes included; others go to
// the end. Every other line stays.
func AddToFile(src []byte, reqs []string) ([]byte, error) {
	for _, req := range reqs {
		r, err := parseTyped(req)
		if err != nil {
			return nil, err
		}
		src = addLine(src, r, strings.TrimSpace(req))
	}
	return src, nil
}

func addLine(src []byte, r pep508.Requirement, text string) []byte {
	for _, l := range logicalLines(src) {
		old, ok := requirementOn(l)
		if ok && old.Key() == r.Key() && markerText(old) == markerText(r) {
			return slices.Concat(src[:l.start], []byte(text+trailer(src[l.start:l.end])), src[l.end:])
		}
	}
	if len(src) > 0 && src[len(src)-1] != '\n' {
		text = toml.LineEnd(src) + text
	}
	return append(bytes.Clone(src), text+toml.LineEnd(src)...)
}

// trailer is what follows a one-line requirement: its comment and line end.
func trailer(line []byte) string {
	text := string(line)
	end := ""
	if i := strings.IndexAny(text, "\r\n"); i >= 0 && strings.TrimRight(text[i:], "\r\n") == "" {
		text, end = text[:i], text[i:]
	} else if i := strings.LastIndexByte(text, '\n'); i == len(text)-1 && i >= 0 {
		text, end = text[:i], "\n"
	}
	if strings.ContainsRune(text, '\n') {
		return end // several lines: their comments and hashes were the old one's
	}
	return comment().FindString(text) + end
}

// requirementOn is the requirement on a line, without its options.
func requirementOn(l logical) (pep508.Requirement, bool) {
	text := l.text
	if loc := perRequirement().FindStringIndex(text); loc != nil {
		text = text[:loc[0]]
	}
	if text == "" || strings.HasPrefix(text, "-") {
		return pep508.Requirement{}, false
	}
	r, err := pep508.Parse(text)
	return r, err == nil
}

// RemoveFromFile takes every requirement of that name out of a requirements
// file, with its line; fault.NotFound where it has none.
func RemoveFromFile(src []byte, name string) ([]byte, error) {
	var out []byte
	found := false
	for _, l := range logicalLines(src) {
		if r, ok := requirementOn(l); ok && r.Key() == pep508.NormalizeName(name) {
			found = true
			continue
		}
		out = append(out, src[l.start:l.end]...)
	}
	if !found {
		return nil, fault.New(fault.NotFound, "snug why "+name+" says what brings it in", "no requirements file asks for %s", name)
	}
	return out, nil
}

// addToFile edits the requirements file of a runtime, or makes it.
func (p *Project) addToFile(rt Runtime, reqs []string) (map[string][]byte, error) {
	path := p.fileOf(rt.Name)
	if path == "" {
		return nil, fault.New(fault.Usage, "make one, such as requirements-dev.txt, or let snug init write a pyproject.toml", "the runtime %s has no requirements file", rt.Name)
	}
	src, err := readFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out, err := AddToFile(src, reqs)
	return map[string][]byte{path: out}, err
}

// fileOf is the requirements file of a runtime, the one to be made if there is
// none.
func (p *Project) fileOf(runtime string) string {
	for _, rf := range requirementFiles {
		if rf.runtime != runtime {
			continue
		}
		if path := firstFile(p.Root, rf.names); path != "" {
			return path
		}
		return filepath.Join(p.Root, rf.names[0])
	}
	return ""
}

// addToDynamic edits the first file that [project] dependencies are read from.
func (p *Project) addToDynamic(reqs []string) (map[string][]byte, error) {
	if len(p.dynamicFiles) == 0 {
		return nil, fault.New(fault.Unsupported, "list them in [project] dependencies instead", "%s: [project] dependencies are dynamic: only the build backend knows where they stand", FileName)
	}
	path := p.dynamicFiles[0]
	src, err := readFile(path)
	if err != nil {
		return nil, err
	}
	out, err := AddToFile(src, reqs)
	return map[string][]byte{path: out}, err
}

// removeFromFiles edits the files of one runtime or, with rt empty, of all.
func (p *Project) removeFromFiles(rt Runtime, names []string) (map[string][]byte, error) {
	files := slices.DeleteFunc(slices.Clone(p.Files), func(f string) bool { return filepath.Base(f) == FileName })
	if rt.Name != "" {
		files = []string{p.fileOf(rt.Name)}
	}
	return removeLines(files, names)
}

// removeLines takes each of the names out of every file that asks for it, and
// returns the files that changed.
func removeLines(files, names []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, name := range names {
		var missing error
		found := false
		for _, path := range files {
			src, err := editedOrRead(out, path)
			if err != nil {
				return nil, err
			}
			next, err := RemoveFromFile(src, name)
			if err != nil {
				missing = err
				continue
			}
			out[path], found = next, true
		}
		if !found {
			return nil, missing
		}
	}
	return out, nil
}

// editedOrRead is the file as edited so far; empty where there is none.
func editedOrRead(edited map[string][]byte, path string) ([]byte, error) {
	if src, ok := edited[path]; ok {
		return src, nil
	}
	src, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return src, err
}
