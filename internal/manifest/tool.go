package manifest

import (
	"maps"
	"path/filepath"
	"slices"

	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/pytag"
	"snug/internal/toml"
)

// snugTable is [tool.snug].
func snugTable(d *toml.Document) (toml.Table, error) {
	tool, _, err := d.Top().Table("tool")
	if err != nil {
		return toml.Table{}, err
	}
	t, _, err := tool.Table("snug")
	return t, err
}

// packaged is [tool.snug] package, true unless it says otherwise.
func packaged(doc *toml.Document) (bool, error) {
	snug, err := snugTable(doc)
	if err != nil {
		return false, err
	}
	return snug.Bool("package", true)
}

// toolKeys are those of [tool.snug].
var toolKeys = []string{"python", "targets", "runtimes", "index-url", "extra-index", "index", "as-of", "min-age", "min-age-package", "overlaps", "package", "python-mirror", "python-sources", "home", "offline", "jobs", "resolution", "prereleases", "constraints", "overrides", "exclude", "build", "sandbox", "policy", "advisories", "attestations", "trusted-root"}

// readTool reads [tool.snug] but for its runtimes.
func (p *Project) readTool(doc *toml.Document) error {
	p.uv = uvText(doc.Root)
	t, err := snugTable(doc)
	if err != nil {
		return err
	}
	if err := t.Only(toolKeys...); err != nil {
		return err
	}
	for _, f := range []struct {
		key string
		to  *string
	}{{"index-url", &p.IndexURL}, {"python-mirror", &p.PythonMirror}, {"python-sources", &p.PythonSources}, {"trusted-root", &p.TrustedRoot}} {
		s, err := t.Text(f.key)
		if err != nil {
			return err
		}
		if s != "" {
			*f.to = s
		}
	}
	if err := p.readBuild(t); err != nil {
		return err
	}
	if p.PinIdentities, err = pins(t); err != nil {
		return err
	}
	if p.Targets, err = targetsOf(t); err != nil {
		return err
	}
	if p.Overlaps, err = t.TextMap("overlaps"); err != nil {
		return err
	}
	if p.AsOf, err = t.Time("as-of"); err != nil {
		return err
	}
	if p.Strategy, err = strategyOf(t); err != nil {
		return err
	}
	if err := p.readIndexes(t); err != nil {
		return err
	}
	if err := p.readMinAge(t); err != nil {
		return err
	}
	if err := p.readRules(t, ruleKeys{"constraints", "overrides", "exclude"}); err != nil {
		return err
	}
	if p.top == nil {
		if err := p.readPolicy(t); err != nil {
			return err
		}
		if err := p.readFeeds(t); err != nil {
			return err
		}
	}
	return p.readMachine(t)
}

// readRuntimes reads the runtimes of [tool.snug].
func (p *Project) readRuntimes(doc *toml.Document, g *groups) error {
	t, err := snugTable(doc)
	if err != nil {
		return err
	}
	_, named := t.Values["runtimes"]
	p.pyproject, p.defaultRuntimes = true, !named
	p.Runtimes, err = readRuntimes(t, g)
	return err
}

// targetsOf are the targets of a table, each a known one.
func targetsOf(t toml.Table) ([]string, error) {
	names, err := t.Texts("targets")
	for _, name := range names {
		if _, err := pytag.ParseTarget(name); err != nil {
			return nil, t.Bad("targets", fault.HintOf(err), "targets: %v", err)
		}
	}
	return names, err
}

// pins reads whether locks record who published what they lock.
func pins(t toml.Table) (bool, error) {
	switch said, err := t.Text("attestations"); {
	case err != nil || said == "":
		return false, err
	case said != "pin":
		return false, t.Bad("attestations", `write attestations = "pin", or leave it out`, "attestations: %q is not known", said)
	}
	return true, nil
}

// readMachine reads what a project may say of the machine it is built on; none
// of it is part of what is asked.
func (p *Project) readMachine(t toml.Table) error {
	home, err := t.Text("home")
	if err != nil {
		return err
	}
	if home != "" && !filepath.IsAbs(home) {
		home = filepath.Join(p.Root, filepath.FromSlash(home))
	}
	p.Home = home
	if p.Offline, err = t.Bool("offline", false); err != nil {
		return err
	}
	jobs, ok := t.Values["jobs"].(int64)
	if t.Values["jobs"] != nil && (!ok || jobs < 1 || jobs > maxJobs) {
		return t.Bad("jobs", "leave it out to use every core", "jobs must be a number from 1 to %d", maxJobs)
	}
	p.Jobs = int(jobs)
	return nil
}

// readIndexes reads extra-index (NAME = "url" or { url, explicit }) and index
// (package = NAME).
func (p *Project) readIndexes(t toml.Table) error {
	extra, _, err := t.Table("extra-index")
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(extra.Values)) {
		ix := Index{Name: name}
		if _, plain := extra.Values[name].(string); plain {
			ix.URL, err = extra.Text(name)
		} else {
			ix, err = readIndex(extra, name)
		}
		if err != nil {
			return err
		}
		p.Indexes = append(p.Indexes, ix)
	}
	mapping, err := t.TextMap("index")
	if err != nil {
		return err
	}
	p.PackageIndex = make(map[string]string, len(mapping))
	for pkg, name := range mapping {
		if !slices.ContainsFunc(p.Indexes, func(ix Index) bool { return ix.Name == name }) {
			return t.Bad("index", "name it in [tool.snug.extra-index]", "index: %s is mapped to the unknown index %q", pkg, name)
		}
		p.PackageIndex[pep508.NormalizeName(pkg)] = name
	}
	return nil
}

func readIndex(extra toml.Table, name string) (Index, error) {
	ix := Index{Name: name}
	t, _, err := extra.Table(name)
	if err != nil {
		return ix, err
	}
	if err := t.Only("url", "explicit", "min-age"); err != nil {
		return ix, err
	}
	if ix.URL, err = t.Text("url"); err != nil {
		return ix, err
	}
	if ix.URL == "" {
		return ix, t.Bad("", `add url = "…"`, "url is missing")
	}
	ix.Explicit, err = t.Bool("explicit", false)
	return ix, err
}
