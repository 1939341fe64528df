package manifest

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// pdmKeys are the keys of [tool.pdm].
var pdmKeys = keys{
	obeyed: []string{"dev-dependencies", "source", "resolution", "distribution", "package-type", "package-dir", "build", "allow_prereleases"},
	harmless: map[string]string{"version": "dynamic", "scripts": "PDM's", "options": "PDM's", "plugins": "PDM's", "publish": "publishing", "lock": "PDM's",
		"ignore_package_warnings": "PDM's", "autoexport": "PDM's", "includes": "publishing", "excludes": "publishing", "source-includes": "publishing"},
}

// pdmSourceKeys are those of [[tool.pdm.source]].
var pdmSourceKeys = keys{
	obeyed: []string{"name", "url", "include_packages"},
	refused: map[string]refusal{
		"type":             {"a flat list of files is no index: put them on one, or name each by its address", []string{"index"}},
		"verify_ssl":       {"certificates are always checked; name yours with SSL_CERT_FILE", []string{"true"}},
		"exclude_packages": {"map the packages that it does have: include_packages", []string{"[]"}},
		"username":         {"logins are read from netrc and the variables of docs/formats.md", nil},
		"password":         {"logins are read from netrc and the variables of docs/formats.md", nil},
	},
}

// readPdm reads [tool.pdm]. Its groups of dev-dependencies are all installed
// when PDM is told nothing, so dev runtimes get them.
func (p *Project) readPdm(t toml.Table, g *groups) error {
	if err := pdmKeys.check(t); err != nil {
		return err
	}
	if kind, err := t.Text("package-type"); err != nil {
		return err
	} else if kind != "" {
		p.unpackaged = p.unpackaged || kind == "application"
	}
	if on, said := t.Values["distribution"].(bool); said {
		p.unpackaged = p.unpackaged || !on
	}
	if err := p.readPdmIndexes(t); err != nil {
		return err
	}
	if err := p.readPdmResolution(t); err != nil {
		return err
	}
	if g == nil {
		return groupless(t, "dev-dependencies")
	}
	return p.readPdmGroups(t, g)
}

func (p *Project) readPdmGroups(t toml.Table, g *groups) error {
	dev, _, err := t.Table("dev-dependencies")
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(dev.Values)) {
		texts, err := dev.Texts(name)
		if err != nil {
			return err
		}
		var reqs []Requirement
		for i, text := range texts {
			r, err := p.pdmRequirement(dev, name, i, text)
			if err != nil {
				return err
			}
			reqs = append(reqs, r)
		}
		g.join(name, reqs)
		g.byDefault = append(g.byDefault, pep508.NormalizeName(name))
	}
	return nil
}

var pdmEditable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^-e\s+file:///\$\{PROJECT_ROOT\}/?([^#]*)(?:#egg=(.+))?$`)
})

// pdmRequirement reads PEP 508, or PDM's "-e file:///${PROJECT_ROOT}/x#egg=x".
func (p *Project) pdmRequirement(t toml.Table, key string, i int, text string) (Requirement, error) {
	m := pdmEditable().FindStringSubmatch(text)
	if m == nil {
		if strings.HasPrefix(text, "-e") {
			return Requirement{}, t.Bad(key, "such as -e file:///${PROJECT_ROOT}/packages/core#egg=core; of a repository: NAME @ git+https://…@REVISION, without -e", "%s: %s is no folder of the project", key, redact(text))
		}
		return requirementAt(t, key, i, strings.ReplaceAll(text, "file:///${PROJECT_ROOT}", "file://"+p.Root))
	}
	name := m[2]
	if name == "" {
		name = path.Base(m[1])
	}
	r, err := requirementAt(t, key, i, name)
	r.Path, r.Editable = p.below(m[1]), true
	return r, err
}

// readPdmIndexes reads [[tool.pdm.source]]: one called pypi takes the place of
// the default index, the others are asked after it.
func (p *Project) readPdmIndexes(t toml.Table) error {
	sources, err := t.Tables("source")
	if err != nil {
		return err
	}
	for _, s := range sources {
		ix, err := readPdmIndex(s)
		if err != nil {
			return err
		}
		if ix.Explicit && p.IndexURL == "" {
			p.IndexURL = ix.URL
		}
		names, err := s.Texts("include_packages")
		if err != nil {
			return err
		}
		for _, name := range names {
			if !pep508.ValidName(name) {
				return s.Bad("include_packages", "name each package", "include_packages: %q is no name of a package", name)
			}
			p.addSource(name, source{index: ix.Name, origin: originOf(s, "include_packages")})
		}
		p.Indexes = append(p.Indexes, ix)
	}
	return nil
}

func readPdmIndex(s toml.Table) (ix Index, err error) {
	if err := pdmSourceKeys.check(s); err != nil {
		return ix, err
	}
	if ix.Name, err = s.Text("name"); err != nil {
		return ix, err
	}
	if ix.URL, err = s.Text("url"); err != nil {
		return ix, err
	}
	if ix.Name == "" || ix.URL == "" {
		return ix, s.Bad("", `add name = "…" and url = "…"`, "an index needs a name and a url")
	}
	if strings.Contains(ix.URL, "${") {
		return ix, s.Bad("url", "write the address without it; logins are read from netrc and the variables of docs/formats.md", "url: variables are not followed")
	}
	ix.Explicit = ix.Name == defaultIndex // packages may name it all the same
	ix.Last = !ix.Explicit
	return ix, nil
}

// readPdmResolution reads [tool.pdm.resolution].
func (p *Project) readPdmResolution(t toml.Table) error {
	res, _, err := t.Table("resolution")
	if err != nil {
		return err
	}
	if err := res.Only("overrides", "excludes", "allow-prereleases", "respect-source-order"); err != nil {
		return err
	}
	older, err := t.Bool("allow_prereleases", false)
	if err != nil {
		return err
	}
	pre, err := res.Bool("allow-prereleases", older)
	if err != nil {
		return err
	}
	if pre {
		p.Strategy.Prereleases = true
	}
	if err := p.readRules(res, ruleKeys{excludes: "excludes"}); err != nil {
		return err
	}
	overrides, err := res.TextMap("overrides")
	if err != nil {
		return err
	}
	over, _, err := res.Table("overrides")
	if err != nil {
		return err
	}
	var out []Requirement
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		r, err := pdmOverride(over, name, overrides[name])
		if err != nil {
			return err
		}
		out = append(out, r)
	}
	return p.override(res, "overrides", out)
}

// pdmOverride reads a version (1.0 is ==1.0), specifiers or an address.
func pdmOverride(t toml.Table, name, text string) (Requirement, error) {
	written := name + " " + text
	switch {
	case strings.Contains(text, "://"):
		written = name + " @ " + text
	case text != "" && text[0] >= '0' && text[0] <= '9':
		written = name + "==" + text
	}
	r, err := pep508.Parse(written)
	if err != nil {
		return Requirement{}, t.Bad(name, `such as "1.2.3", ">=1.2" or an address`, "%s: %s", name, withoutLogin(err.Error()))
	}
	out := newRequirement(r, originOf(t, name))
	out.VersionOnly = true
	return out, nil
}
