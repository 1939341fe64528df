package engine

import (
	"fmt"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"snug/internal/fault"
	"snug/internal/generation"
)

// Change is one package that differs between two runtimes. An empty version
// means that the package is not there.
type Change struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Difference compares two assembled runtimes.
type Difference struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Packages []Change `json:"packages"`
	Added    int      `json:"added"` // files, as the next two
	Removed  int      `json:"removed"`
	Changed  int      `json:"changed"`
	Bytes    int64    `json:"bytes"` // size of To less size of From
}

// Diff compares two runtimes written as NAME or NAME@GENERATION.
func (e *Engine) Diff(root, from, to string) (*Difference, error) {
	a, err := e.manifestOf(root, from)
	if err != nil {
		return nil, err
	}
	b, err := e.manifestOf(root, to)
	if err != nil {
		return nil, err
	}
	d := &Difference{From: from, To: to, Packages: packageChanges(a, b)}
	d.countFiles(a, b)
	return d, nil
}

func packageChanges(a, b *generation.Manifest) []Change {
	before, after := map[string]string{}, map[string]string{}
	for _, p := range a.Packages {
		before[p.Name] = p.Version
	}
	for _, p := range b.Packages {
		after[p.Name] = p.Version
	}
	return changesOf(before, after)
}

// changesOf compares versions by name, sorted.
func changesOf(before, after map[string]string) []Change {
	out := []Change{}
	for name, version := range before {
		if after[name] != version {
			out = append(out, Change{Name: name, Before: version, After: after[name]})
		}
	}
	for name, version := range after {
		if _, ok := before[name]; !ok {
			out = append(out, Change{Name: name, After: version})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (d *Difference) countFiles(a, b *generation.Manifest) {
	before := map[string]generation.File{}
	for _, f := range a.Files {
		before[f.Path] = f
		d.Bytes -= f.Size
	}
	for _, f := range b.Files {
		d.Bytes += f.Size
		old, ok := before[f.Path]
		switch {
		case !ok:
			d.Added++
		case old.SHA256 != f.SHA256 || old.Mode != f.Mode:
			d.Changed++
		}
		delete(before, f.Path)
	}
	d.Removed = len(before)
}

// manifestOf reads the manifest of "prod" (its current generation) or "prod@3".
func (e *Engine) manifestOf(root, name string) (*generation.Manifest, error) {
	dir, err := runtimeDir(root, name)
	if err != nil {
		return nil, err
	}
	return generation.Read(dir)
}

// runtimeDir is the folder of "prod" (its current generation) or "prod@3".
func runtimeDir(root, name string) (string, error) {
	base, gen, numbered := strings.Cut(name, "@")
	room := roomOf(root, base)
	n, ok := room.Current()
	if numbered {
		var err error
		if n, err = strconv.Atoi(gen); err != nil || n < 1 {
			return "", fault.New(fault.Usage, "write it as "+base+"@3; snug history "+base+" lists the numbers", "%q is no generation", gen)
		}
		ok = room.Has(n)
	}
	if !ok {
		return "", fault.New(fault.NotFound, fmt.Sprintf("snug build %s makes it", base), "runtime %s is not built", name)
	}
	return room.Path(n), nil
}

func roomOf(root, name string) generation.Room {
	return generation.Room{Dir: filepath.Join(root, ".snug", name)}
}
