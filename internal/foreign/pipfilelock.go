package foreign

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type pipfileMeta struct {
	Spec     int         `json:"pipfile-spec"`
	Sources  []pipSource `json:"sources"`
	Requires struct {
		Version string `json:"python_version"`
		Full    string `json:"python_full_version"`
	} `json:"requires"`
}

type pipfilePackage struct {
	Version string   `json:"version"`
	Markers string   `json:"markers"`
	Hashes  []string `json:"hashes"`
	Git     string   `json:"git"`
	File    string   `json:"file"`
	Path    string   `json:"path"`
}

// ParsePipfileLock reads Pipfile.lock. Which packages were asked for stands in
// the Pipfile.
func ParsePipfileLock(data []byte, path string) (*Import, error) {
	r := newReader(PipfileLock, path)
	var sections map[string]json.RawMessage
	if err := r.json(data, &sections); err != nil {
		return nil, err
	}
	var meta pipfileMeta
	if err := r.section(data, "_meta", sections["_meta"], &meta); err != nil {
		return nil, err
	}
	if err := r.version(strconv.Itoa(meta.Spec), "6"); err != nil {
		return nil, err
	}
	delete(sections, "_meta")
	r.pipSources(meta.Sources)
	if err := r.pipRequires(meta.Requires.Version, meta.Requires.Full, 0); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		var packages map[string]pipfilePackage
		if err := r.section(data, name, sections[name], &packages); err != nil {
			return nil, err
		}
		for _, pkg := range slices.Sorted(maps.Keys(packages)) {
			if err := r.pipfilePin(pkg, packages[pkg]); err != nil {
				return nil, err
			}
		}
	}
	return r.done()
}

// section decodes one value of the outermost object, which stands once in data.
func (r *reader) section(data []byte, name string, text json.RawMessage, into any) error {
	if text == nil {
		return r.bad(0, repair, "there is no %q", name)
	}
	at := strings.Index(string(data), string(text))
	if err := json.Unmarshal(text, into); err != nil {
		line := 0
		var kind *json.UnmarshalTypeError
		if at >= 0 && errors.As(err, &kind) {
			line = lineAt(data, int64(at)+kind.Offset)
		}
		return r.bad(line, repair, "%q: %v", name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

func (r *reader) pipfilePin(name string, p pipfilePackage) error {
	switch {
	case p.Git != "":
		r.source(name, "git", 0)
		return nil
	case p.File != "" || p.Path != "":
		r.source(name, "a file or folder", 0)
		return nil
	}
	version, exact := strings.CutPrefix(p.Version, "==")
	if !exact {
		r.loosen(Loose{Name: name, What: p.Version})
		r.leave(name, "no version of it is locked")
		return nil
	}
	pin := Pin{Name: name, Version: version, Marker: p.Markers}
	for _, hash := range p.Hashes {
		if err := r.hash(&pin, "", hash); err != nil {
			return err
		}
	}
	return r.pin(pin)
}
