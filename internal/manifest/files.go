package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"snug/internal/fault"
	"snug/internal/toml"
)

// requirementFiles are the names that become runtimes by themselves, innermost
// first; of several for one runtime the first that exists is read.
var requirementFiles = []struct {
	runtime string
	names   []string
}{
	{"prod", []string{"requirements.txt"}},
	{"test", []string{"requirements-test.txt", "requirements_test.txt", "test-requirements.txt"}},
	{"dev", []string{"requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt"}},
}

// fromRequirements fills p from the requirements files in its root.
func (p *Project) fromRequirements(doc *toml.Document, env func(string) string) error {
	inside := ""
	found := false
	for _, rf := range requirementFiles {
		rt := Runtime{Name: rf.runtime, Contains: inside}
		if inside == "" {
			rt.Isolated, rt.Slim = true, "safe"
		}
		if path := firstFile(p.Root, rf.names); path != "" {
			found = true
			read, err := readRequirements(p.Root, path, env)
			if err != nil {
				return err
			}
			p.take(read)
			rt.Requirements = without(read.Requirements, p.Runtimes)
		}
		p.Runtimes = append(p.Runtimes, rt)
		inside = rf.runtime
	}
	if !found {
		return nothingToRead(p.Root, doc)
	}
	if doc != nil {
		if err := p.readTool(doc); err != nil {
			return err
		}
		if t, err := snugTable(doc); err == nil && t.Values["runtimes"] != nil {
			return t.Bad("runtimes", "snug init moves the requirements files into pyproject.toml", "runtimes need [dependency-groups], but requirements files are read here")
		}
		if err := p.readForeign(doc, nil); err != nil {
			return err
		}
	}
	return p.settle()
}

func nothingToRead(root string, doc *toml.Document) error {
	if doc != nil {
		return fault.New(fault.NotFound, "snug init adds [project]; list name, version and dependencies there (PEP 621)", "%s has neither [project] nor [dependency-groups], and no requirements.txt lies beside it", filepath.Join(root, FileName))
	}
	hint := "snug init writes a pyproject.toml"
	if above := projectAbove(root); above != "" {
		hint = "is the project in " + above + " meant? go there, or say --project; " + hint
	}
	return fault.New(fault.NotFound, hint, "no pyproject.toml and no requirements.txt in %s", root)
}

// projectAbove is the nearest folder above root with a manifest; "" if none.
func projectAbove(root string) string {
	for dir := filepath.Dir(root); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if firstFile(dir, []string{FileName, requirementFiles[0].names[0]}) != "" {
			return dir
		}
	}
	return ""
}

func firstFile(root string, names []string) string {
	for _, n := range names {
		path := filepath.Join(root, n)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// take adds what a requirements file says beside its requirements, once where
// another runtime's file includes the same one.
func (p *Project) take(r *Requirements) {
	p.Files = addNew(p.Files, r.Files)
	p.Notes = addNew(p.Notes, r.Notes)
	for _, c := range r.Constraints {
		if !slices.ContainsFunc(p.Constraints, func(old Requirement) bool { return old.Origin == c.Origin }) {
			p.Constraints = append(p.Constraints, c)
		}
	}
	build := r.Build
	build.also(p.Build)
	p.Build = build
	if r.IndexURL != "" {
		p.IndexURL = r.IndexURL
	}
	for _, u := range r.ExtraIndexURLs {
		if !slices.ContainsFunc(p.Indexes, func(old Index) bool { return old.URL == u }) {
			p.Indexes = append(p.Indexes, Index{Name: fmt.Sprintf("extra-%d", len(p.Indexes)+1), URL: u})
		}
	}
}

// addNew appends the strings that are not there yet.
func addNew(to, from []string) []string {
	for _, s := range from {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

// without drops what an inner runtime has asked for at the same place, as
// requirements-dev.txt does with "-r requirements.txt".
func without(reqs []Requirement, inner []Runtime) []Requirement {
	have := map[Origin]bool{}
	for _, rt := range inner {
		for _, r := range rt.Requirements {
			have[r.Origin] = true
		}
	}
	var out []Requirement
	for _, r := range reqs {
		if !have[r.Origin] {
			out = append(out, r)
		}
	}
	return out
}
