package manifest

import (
	"slices"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// The hints that several keys share.
const (
	noPrefs     = `name the versions that are meant in the requirement, such as ">=2.0b1" for a pre-release`
	useFiles    = "lock what differs in a file of its own: snug lock -r FILE -o pylock.NAME.toml"
	useSettings = "set it by the environment or for snug itself: docs/formats.md lists the settings"
)

// uvKeys are the keys of [tool.uv].
var uvKeys = keys{
	obeyed: []string{"index", "index-url", "extra-index-url", "no-index", "sources", "no-sources", "workspace", "constraint-dependencies", "override-dependencies",
		"exclude-dependencies", "dev-dependencies", "default-groups", "environments", "exclude-newer", "exclude-newer-package", "package", "offline", "build-backend",
		"no-binary", "no-binary-package", "no-build", "no-build-package"},
	harmless: map[string]string{
		"add-bounds": "style", "allow-insecure-host": "strict", "audit": "uv's", "build-constraint-dependencies": "builds", "cache-dir": "uv's", "cache-keys": "uv's",
		"check-url": "publishing", "compile-bytecode": "runtimes", "concurrent-builds": "uv's", "concurrent-downloads": "uv's", "concurrent-installs": "uv's",
		"config-settings": "builds", "config-settings-package": "builds", "conflicts": "runtimes", "extra-build-dependencies": "builds", "extra-build-variables": "builds",
		"fork-strategy": "targets", "link-mode": "uv's", "managed": "uv's", "native-tls": "strict", "no-build-isolation": "builds",
		"no-build-isolation-package": "builds", "no-cache": "uv's", "pip": "uv's", "preview": "uv's", "preview-features": "uv's", "publish-url": "publishing",
		"pypy-install-mirror": "uv's", "python-downloads": "uv's", "python-downloads-json-url": "uv's", "python-install-mirror": "uv's", "python-preference": "uv's",
		"reinstall": "uv's", "reinstall-package": "uv's", "required-environments": "targets", "required-version": "uv's", "system-certs": "strict",
		"trusted-publishing": "publishing", "upgrade": "uv's", "upgrade-package": "uv's",
	},
	refused: map[string]refusal{
		"dependency-groups":   {"say what Python the whole project needs in [project] requires-python", []string{"map[]"}},
		"dependency-metadata": {"override or exclude what the package's metadata gets wrong: override-dependencies, exclude-dependencies", []string{"[]"}},
		"find-links":          {"put the wheels on an index, or name each by its path in sources", []string{"[]"}},
		"http-proxy":          {useSettings, nil},
		"https-proxy":         {useSettings, nil},
		"no-proxy":            {useSettings, []string{"[]"}},
		"index-strategy":      {"map the packages in question to an index: [tool.uv.sources] name = { index = … }", []string{"first-index"}},
		"keyring-provider":    {"logins are read from netrc and the variables of docs/formats.md", []string{"disabled"}},
		"no-sources-package":  {"remove the source of the package", []string{"[]"}},
		"prerelease":          {noPrefs, []string{"if-necessary", "if-necessary-or-explicit", "allow"}},
		"resolution":          {"it is one of highest, lowest, lowest-direct", []string{"highest", "lowest", "lowest-direct"}},
		"torch-backend":       {"name the index: [[tool.uv.index]], and [tool.uv.sources] torch = { index = … }", nil},
	},
}

// uvIndexKeys are those of [[tool.uv.index]].
var uvIndexKeys = keys{
	obeyed:   []string{"name", "url", "default", "explicit"},
	harmless: map[string]string{"publish-url": "publishing", "authenticate": "logins", "ignore-error-codes": "strict", "cache-control": "uv's"},
	refused: map[string]refusal{
		"format":        {"a flat list of files is no index: put them on one, or name each by its address in sources", []string{"simple"}},
		"exclude-newer": {"name the index for snug: [tool.snug] extra-index.NAME = { url = …, min-age = \"8d\" }, and 0 for none", nil},
	},
}

// readUv reads [tool.uv]. Where packages come from (index and the like) is read
// with uv's other configuration, in package index.
func (p *Project) readUv(t toml.Table, g *groups) error {
	if err := uvKeys.check(t); err != nil {
		return err
	}
	indexes, err := t.Tables("index")
	if err != nil {
		return err
	}
	for _, ix := range indexes {
		if err := uvIndexKeys.check(ix); err != nil {
			return err
		}
	}
	if err := p.readRules(t, ruleKeys{"constraint-dependencies", "override-dependencies", "exclude-dependencies"}); err != nil {
		return err
	}
	if err := p.readUvGroups(t, g); err != nil {
		return err
	}
	if err := p.readUvSettings(t); err != nil {
		return err
	}
	return p.readUvSources(t)
}

// readUvGroups reads dev-dependencies, which are the group dev, and the groups
// that are synced by default, which dev runtimes get.
func (p *Project) readUvGroups(t toml.Table, g *groups) error {
	dev, err := requirementsAt(t, "dev-dependencies")
	if err != nil {
		return err
	}
	if g == nil {
		return groupless(t, "dev-dependencies")
	}
	if len(dev) > 0 {
		g.join("dev", dev)
	}
	if t.Values["default-groups"] == "all" {
		g.byDefault = slices.Clone(g.names())
		return nil
	}
	names, err := t.Texts("default-groups")
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := g.written[pep508.NormalizeName(name)]; !ok && pep508.NormalizeName(name) != "dev" {
			return t.Bad("default-groups", g.known(), "unknown dependency group %q", name)
		}
		g.byDefault = append(g.byDefault, pep508.NormalizeName(name))
	}
	return nil
}

// readUvSettings reads what is about the resolution as a whole.
func (p *Project) readUvSettings(t toml.Table) error {
	markers, err := t.Texts("environments")
	if text, one := t.Values["environments"].(string); one {
		markers, err = []string{text}, nil
	}
	if err != nil {
		return err
	}
	for _, text := range markers {
		m, err := pep508.ParseMarker(text)
		if err != nil {
			return t.Bad("environments", markerHint, "environments: %v", err)
		}
		p.environments = append(p.environments, environment{m, originOf(t, "environments")})
	}
	on, err := t.Bool("package", true)
	if err != nil {
		return err
	}
	p.unpackaged = p.unpackaged || !on
	if t.Values["prerelease"] == "allow" {
		p.Strategy.Prereleases = true
	}
	if text, ok := t.Values["resolution"].(string); ok && p.Strategy.Resolution == Highest { // else [tool.snug] says it
		p.Strategy.Resolution, err = ParseResolution(text)
		if err != nil {
			return err
		}
	}
	offline, err := t.Bool("offline", false)
	if err != nil {
		return err
	}
	p.Offline = p.Offline || offline
	if err := p.readUvBuild(t); err != nil {
		return err
	}
	return p.readUvTime(t)
}
