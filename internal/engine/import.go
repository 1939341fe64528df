package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/foreign"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/resolve"
)

// Imported is what became of the versions that other tools had locked.
type Imported struct {
	Files    []string       `json:"files"`
	Locked   int            `json:"locked"` // versions in them
	Kept     int            `json:"kept"`   // wherever they are locked for
	Moved    []resolve.Move `json:"moved"`
	Unneeded []string       `json:"unneeded"` // "name version": nothing that is asked brings them in
	Unlisted []string       `json:"unlisted"` // files of kept versions that had no hash in them
	Left     []foreign.Left `json:"left"`

	imports []*foreign.Import
}

// readImports reads the files and says what of them is not carried over; nil
// where there are none.
func (e *Engine) readImports(p *manifest.Project, paths []string) (*Imported, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	cfg, err := e.indexes(p)
	if err != nil {
		return nil, err
	}
	out := &Imported{Files: paths, Moved: []resolve.Move{}, Unneeded: []string{}, Unlisted: []string{}, Left: []foreign.Left{}}
	for _, path := range paths {
		m, err := foreign.Read(path, e.Env)
		if err != nil {
			return nil, err
		}
		left := append(slices.Clone(m.Left), unasked(m, cfg)...)
		e.sayLeft(m.Path, left)
		out.Left = append(out.Left, left...)
		out.imports = append(out.imports, m)
	}
	return out, nil
}

// unasked are the indexes that an import names and that are not asked.
func unasked(m *foreign.Import, cfg index.Config) []foreign.Left {
	var out []foreign.Left
	for _, x := range append(slices.Clone(m.Indexes), manifest.Index{URL: m.IndexURL}) {
		same := func(to index.Extra) bool { return sameIndex(x.URL, to.URL) }
		if x.URL == "" || same(index.Extra{URL: index.DefaultURL()}) || same(index.Extra{URL: cfg.IndexURL}) || slices.ContainsFunc(cfg.Extra, same) {
			continue
		}
		out = append(out, foreign.Left{What: "the index " + x.URL, Why: "it is not asked: name it in [tool.snug] extra-index"})
	}
	return out
}

// sayLeft tells what was not carried over, one note for each reason.
func (e *Engine) sayLeft(path string, left []foreign.Left) {
	byReason := map[string][]string{}
	var order []string
	for _, l := range left {
		if byReason[l.Why] == nil {
			order = append(order, l.Why)
		}
		byReason[l.Why] = append(byReason[l.Why], l.What)
	}
	for _, why := range order {
		e.say("manifest", event.Note, "", fmt.Sprintf("%s: not carried over: %s (%s)", path, strings.Join(byReason[why], ", "), why))
	}
}

// over is the imported versions before those of the project's own lock, which
// may be nil.
func (m *Imported) over(own *lock.Lock) *lock.Lock {
	out := foreign.Lock(m.imports)
	if own == nil {
		return out
	}
	imported := map[string]bool{}
	for _, p := range out.Packages {
		imported[p.Name] = true
	}
	for _, p := range own.Packages {
		if !imported[p.Name] {
			out.Packages = append(out.Packages, p)
		}
	}
	out.DependencyGroups = append(out.DependencyGroups, own.DependencyGroups...)
	out.Extras = append(out.Extras, own.Extras...)
	return out
}

// noteMoves learns which versions were not kept. Those of the project's own lock
// are told as its changes.
func (m *Imported) noteMoves(moves []resolve.Move) {
	for _, move := range moves {
		if slices.ContainsFunc(m.imports, func(i *foreign.Import) bool {
			return slices.ContainsFunc(i.Pins, func(p foreign.Pin) bool { return p.Name == move.Name && p.Version == move.Before })
		}) {
			m.Moved = append(m.Moved, move)
		}
	}
}

// settle counts what was kept, and holds the files of those versions to the
// hashes that were locked. The locks are what was made, one for each file.
func (m *Imported) settle(ctx context.Context, from resolve.Source, locks ...*lock.Lock) error {
	var packages []lock.Package
	for _, l := range locks {
		packages = append(packages, l.Packages...)
	}
	counted := map[string]bool{}
	for _, i := range m.imports {
		for _, pin := range i.Pins {
			key := pin.Name + " " + pin.Version
			at := slices.IndexFunc(packages, func(p lock.Package) bool { return p.Name == pin.Name && p.Version == pin.Version })
			if at >= 0 {
				if err := m.compare(ctx, i.Path, pin, packages[at], from); err != nil {
					return err
				}
			}
			if counted[key] {
				continue
			}
			counted[key] = true
			m.Locked++
			switch moved := slices.ContainsFunc(m.Moved, func(move resolve.Move) bool { return move.Name == pin.Name && move.Before == pin.Version }); {
			case moved:
			case at >= 0:
				m.Kept++
			default:
				m.Unneeded = append(m.Unneeded, key)
			}
		}
	}
	slices.Sort(m.Unneeded)
	slices.Sort(m.Unlisted)
	m.Unlisted = slices.Compact(m.Unlisted)
	return nil
}

// compare holds the index's files of a kept version to the hashes of its pin. A
// file that the pin does not know may have been uploaded since, and is listed.
func (m *Imported) compare(ctx context.Context, path string, pin foreign.Pin, p lock.Package, from resolve.Source) error {
	if len(pin.Files)+len(pin.Hashes) == 0 || p.Archive != nil {
		return nil
	}
	files, err := releaseFiles(ctx, p, from)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, f := range files {
		sum := f.Hashes.Sum("sha256")
		want, named := pin.Files[f.Name]
		if named && sum != "" && want != sum {
			return fault.New(fault.Integrity, "one of the two was replaced: ask those who publish it, and lock without --from once you know",
				"%s %s: %s has sha256 %s on the index and %s in %s", p.Name, p.Version, f.Name, sum, want, path)
		}
		known[f.Name] = named || slices.Contains(pin.Hashes, sum)
	}
	if len(pin.Files) == 0 && !slices.Contains(slices.Collect(maps.Values(known)), true) {
		return fault.New(fault.Integrity, "its files were replaced on the index, or in that file: ask those who publish it, and lock without --from once you know",
			"%s %s: no file on the index has a hash that %s has of it", p.Name, p.Version, path)
	}
	for _, f := range p.Wheels {
		if !known[f.FileName()] {
			m.Unlisted = append(m.Unlisted, f.FileName())
		}
	}
	return nil
}

func releaseFiles(ctx context.Context, p lock.Package, from resolve.Source) ([]index.File, error) {
	listing, err := from.Listing(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	v, err := pep440.Parse(p.Version)
	if err != nil {
		return nil, err
	}
	r := listing.Release(v)
	if r == nil {
		return nil, fmt.Errorf("snug: internal error: %s %s was locked and is not listed", p.Name, v)
	}
	return r.Files()
}

// offerImport says how to keep the versions that another tool has locked in
// the project's folder.
func (e *Engine) offerImport(p *manifest.Project) {
	for _, name := range foreign.Locks(p.Root) {
		if name == foreign.Requirements && !p.Declared() {
			continue // its versions are what is asked
		}
		e.say("lock", event.Note, "", name+" is not read: snug lock --from "+name+" keeps its versions")
	}
}

// ProjectOf is what the files ask for, as the pyproject.toml that Init would
// write says it, for a folder without a project.
func (e *Engine) ProjectOf(root string, paths []string) (*manifest.Project, error) {
	for _, path := range paths {
		m, err := foreign.Read(path, e.Env)
		if err == nil && !m.Rooted && m.Format == foreign.PipfileLock {
			m, err = foreign.Read(strings.TrimSuffix(path, ".lock"), e.Env)
			if fault.CodeOf(err) == fault.NotFound {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		if !m.Rooted {
			continue
		}
		draft, left, err := e.draftOf(m)
		if err != nil {
			return nil, err
		}
		if slices.Contains(paths, m.Path) {
			left = left[len(m.Left):] // the others are said when its versions are read
		}
		e.sayLeft(m.Path, left)
		dropDefault(&draft)
		draft.Name = cmp.Or(draft.Name, folderName(root))
		text, err := manifest.Init(nil, draft)
		if err != nil {
			return nil, err
		}
		return manifest.Parse(root, text, e.Env)
	}
	return nil, fault.New(fault.NotFound, "put the project's own list beside it: pyproject.toml, Pipfile or requirements.txt",
		"%s does not say which of its packages were asked for, and there is no project in %s", strings.Join(paths, ", "), root)
}
