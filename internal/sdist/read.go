package sdist

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// source reads what the files at the top say.
func (t *tree) source() (*Source, error) {
	pyproject, err := t.toml("pyproject.toml")
	if err != nil {
		return nil, err
	}
	setup, err := t.read("setup.py")
	if err != nil {
		return nil, err
	}
	if pyproject == nil && setup == nil {
		return nil, fault.New(fault.Input, "name the folder or the archive of a Python package", "neither pyproject.toml nor setup.py is there: it is no source of a Python package")
	}
	s := &Source{Build: Legacy(), Epoch: t.epoch(), CargoLock: t.cargo}
	if pyproject != nil {
		if s.Build, err = buildSystem(*pyproject); err != nil {
			return nil, err
		}
	}
	info, err := t.pkgInfo()
	if err != nil {
		return nil, err
	}
	if !s.Build.rusty() {
		s.CargoLock = ""
	}
	s.Extensions = t.native && extends(s.Build, setup, pyproject)
	if s.told(info) {
		return s, nil
	}
	if pyproject != nil && pyproject.Values["project"] != nil {
		return s, s.project(*pyproject)
	}
	cfg, err := t.read("setup.cfg")
	if err != nil {
		return nil, err
	}
	s.setupCfg(cfg, setup)
	return s, nil
}

// toml reads a TOML file at the top; no such file is nil.
func (t *tree) toml(name string) (*toml.Table, error) {
	data, err := t.read(name)
	if err != nil || data == nil {
		return nil, err
	}
	if err := lock.CheckDepth(string(data)); err != nil {
		return nil, fault.New(fault.Input, hintTree, "%s: %w", name, err)
	}
	doc, err := toml.Parse(name, data)
	if err != nil {
		return nil, err
	}
	top := doc.Top()
	return &top, nil
}

// buildSystem reads [build-system].
func buildSystem(top toml.Table) (BuildSystem, error) {
	t, ok, err := top.Table("build-system")
	if err != nil || !ok {
		return Legacy(), err
	}
	b := BuildSystem{Backend: legacyBackend}
	if b.Requires, err = requirements(t, "requires"); err != nil {
		return b, err
	}
	if t.Values["requires"] == nil {
		return b, t.Bad("", hintTree, "requires is missing (PEP 518)")
	}
	text, err := t.Text("build-backend")
	if err != nil {
		return b, err
	}
	if text != "" {
		b.Backend = text
	}
	if !entryPoint().MatchString(b.Backend) {
		return b, t.Bad("build-backend", hintTree, "build-backend: %q names no module", b.Backend)
	}
	if b.BackendPath, err = t.Texts("backend-path"); err != nil {
		return b, err
	}
	for i, folder := range b.BackendPath {
		if b.BackendPath[i] = path.Clean(folder); strings.Contains(folder, `\`) || !isBelow(b.BackendPath[i]) {
			return b, t.Bad("backend-path", hintTree, "backend-path: %q leaves the source tree", folder)
		}
	}
	return b, nil
}

var entryPoint = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?$`)
})

func isBelow(p string) bool {
	return p != "" && p != ".." && !strings.HasPrefix(p, "../") && !path.IsAbs(p) && !strings.Contains(p, ":")
}

// requirements reads an array of PEP 508 requirements.
func requirements(t toml.Table, key string) ([]string, error) {
	texts, err := t.Texts(key)
	if err != nil {
		return nil, err
	}
	if len(texts) > maxList {
		return nil, t.Bad(key, hintTree, "%s: more than %d", key, maxList)
	}
	for i, text := range texts {
		q, _, err := pep508.ParseLenient(text)
		if err != nil {
			return nil, t.Bad(key, hintTree, "%s: %v", key, err)
		}
		texts[i] = q.String()
	}
	return texts, nil
}

// pkgInfo reads the PKG-INFO at the top; one that cannot be read says nothing, as
// before there was a standard for it, and is nil.
func (t *tree) pkgInfo() (*dist.Metadata, error) {
	data, err := t.read("PKG-INFO")
	if err != nil || data == nil {
		return nil, err
	}
	m, err := dist.ParseMetadata(data)
	if err != nil {
		return nil, nil // only a build can tell: documented at Source
	}
	return m, nil
}

// told takes what a PKG-INFO says, and tells whether it says all (PEP 643).
func (s *Source) told(m *dist.Metadata) bool {
	if m == nil {
		return false
	}
	s.Name, s.Version = m.Name, m.Version
	for _, field := range []string{"Requires-Dist", "Requires-Python", "Provides-Extra"} {
		if !m.IsStatic(field) {
			return false
		}
	}
	s.Metadata = m.Essential()
	return true
}

// project takes what [project] says. What it says wrongly only its own build
// backend may judge: then there is no metadata.
func (s *Source) project(top toml.Table) error {
	t, _, err := top.Table("project")
	if err != nil {
		return err
	}
	dynamic, err := t.Texts("dynamic")
	if err != nil {
		return err
	}
	m := dist.Metadata{MetadataVersion: metadataVersion}
	if m.Name, err = t.Text("name"); err != nil {
		return err
	}
	if m.Version, err = t.Text("version"); err != nil {
		return err
	}
	if s.Name == "" {
		s.Name = m.Name
	}
	if s.Version == "" {
		s.Version = m.Version
	}
	m.Name, m.Version = s.Name, s.Version
	if !pep508.ValidName(m.Name) || !isVersion(m.Version) || slices.ContainsFunc(dynamic, func(field string) bool {
		return slices.Contains([]string{"dependencies", "optional-dependencies", "requires-python"}, field)
	}) {
		return nil
	}
	if m.RequiresPython, err = t.Text("requires-python"); err != nil {
		return err
	}
	if _, err := pep440.ParseSpecifiers(m.RequiresPython); err != nil && m.RequiresPython != "" {
		return t.Bad("requires-python", hintTree, "requires-python: %v", err)
	}
	if m.RequiresDist, err = requirements(t, "dependencies"); err != nil {
		return err
	}
	if err := extras(&m, t); err != nil {
		return err
	}
	s.Metadata = m.Essential()
	return nil
}

func isVersion(text string) bool {
	_, err := pep440.Parse(text)
	return err == nil
}

// extras reads optional-dependencies.
func extras(m *dist.Metadata, t toml.Table) error {
	optional, _, err := t.Table("optional-dependencies")
	if err != nil {
		return err
	}
	for _, extra := range slices.Sorted(maps.Keys(optional.Values)) {
		needs, err := requirements(optional, extra)
		if err == nil && !pep508.ValidName(extra) {
			err = optional.Bad(extra, hintTree, "%q can be no extra", extra)
		}
		if err != nil {
			return err
		}
		m.ProvidesExtra = append(m.ProvidesExtra, pep508.NormalizeName(extra))
		for _, text := range needs {
			m.RequiresDist = append(m.RequiresDist, ofExtra(text, extra))
		}
	}
	return nil
}

// ofExtra is a requirement that counts with an extra only.
func ofExtra(text, extra string) string {
	q, _ := pep508.Parse(text) // String printed it
	when := fmt.Sprintf("extra == '%s'", pep508.NormalizeName(extra))
	if q.Marker != nil {
		when = fmt.Sprintf("(%s) and %s", q.Marker, when)
		q.Marker = nil
	}
	if q.URL != "" {
		return q.String() + " ; " + when
	}
	return q.String() + "; " + when
}
