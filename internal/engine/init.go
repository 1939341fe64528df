package engine

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/foreign"
	"snug/internal/manifest"
	"snug/internal/store"
)

// InitRequest is what a new pyproject.toml says.
type InitRequest struct {
	Name, Python string
	Packages     []string // for production
	Test         []string // for the tests
}

// Initialized is what became of pyproject.toml.
type Initialized struct {
	Path    string
	Written bool           // false: there is a project already
	Filled  bool           // it asks for something
	From    []string       // the files that it was made from
	Left    []foreign.Left // what of them it does not hold
	Locks   []string       // files beside it whose versions Lock can keep
}

// Lists are the files in root, besides requirements files, in which Init would
// look for what the project needs.
func Lists(root string) []string { return foreign.Manifests(root) }

// Init writes a minimal pyproject.toml below root, or adds [project] to one
// that has none, taking in what lies there: a Pipfile, uv.lock, requirements
// files, or conda's environment.yml. Where there is a project already it writes
// nothing, which is no error.
func (e *Engine) Init(root string, req InitRequest) (*Initialized, error) {
	out := &Initialized{Path: filepath.Join(root, manifest.FileName)}
	p, err := manifest.Load(root, e.Env)
	switch {
	case err == nil && p.Declared():
		return out, nil
	case err != nil && fault.CodeOf(err) != fault.NotFound:
		return out, err
	}
	before, err := os.ReadFile(out.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	draft, err := e.draftFolder(root, p, out)
	if err != nil {
		return out, err
	}
	e.sayUnread(root, out)
	out.fit(&draft, before)
	if from := strings.Join(out.From, ", "); from != "" {
		e.say("manifest", event.Note, "", taken(from, draft))
		e.sayLeft(from, out.Left)
	}
	draft.Name, draft.RequiresPython = cmp.Or(req.Name, draft.Name, folderName(root)), cmp.Or(req.Python, draft.RequiresPython)
	data, err := manifest.Init(before, draft)
	if err != nil {
		return out, err
	}
	if data, err = manifest.AddTo(data, manifest.Dependencies(), req.Packages); err != nil {
		return out, err
	}
	if data, err = manifest.AddTo(data, manifest.Group("test"), req.Test); err != nil {
		return out, err
	}
	out.Written, out.Filled = true, draft.Asks() || len(req.Packages)+len(req.Test) > 0
	return out, store.WriteFile(out.Path, data, 0o644)
}

func folderName(root string) string {
	if abs, err := filepath.Abs(root); err == nil {
		root = abs
	}
	return filepath.Base(root)
}

// sayUnread names the lists in root that were not taken.
func (e *Engine) sayUnread(root string, out *Initialized) {
	for _, name := range append(foreign.Manifests(root), foreign.Requirements) {
		_, err := os.Stat(filepath.Join(root, name))
		if err == nil && len(out.From) > 0 && !slices.Contains(out.From, name) && name != foreign.Uv {
			e.say("manifest", event.Note, "", fmt.Sprintf("%s is not taken: %s says what is wanted", name, out.From[0]))
		}
	}
	if len(out.From) == 0 && len(out.Locks) > 0 {
		name := filepath.Base(out.Locks[0])
		e.say("manifest", event.Note, "", name+" does not say which of its packages were asked for: snug add them, then snug lock --from "+name+" keeps its versions")
	}
}

// taken tells what the draft has of the files.
func taken(files string, d manifest.Draft) string {
	text := fmt.Sprintf("%s: taken: %d dependencies", files, len(d.Dependencies))
	for _, name := range slices.Sorted(maps.Keys(d.Groups)) {
		if len(d.Groups[name]) == 0 {
			continue
		}
		text += fmt.Sprintf(", %d of group %s", len(d.Groups[name]), name)
		if name != "dev" && name != "test" {
			text += " (in no runtime until [tool.snug.runtimes] names it)"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Extras)) {
		text += fmt.Sprintf(", %d of extra %s", len(d.Extras[name]), name)
	}
	if d.RequiresPython != "" {
		text += ", requires-python " + d.RequiresPython
	}
	return text
}
