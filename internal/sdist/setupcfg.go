package sdist

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/dist"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// metadataVersion is what composed metadata calls itself.
const metadataVersion = "2.2"

// setupCfg takes what setuptools reads of a setup.cfg, where it says all of it
// itself and no setup.py could say more.
func (s *Source) setupCfg(cfg, setup []byte) {
	if cfg == nil || !plainSetup(setup) || !strings.HasPrefix(s.Build.Backend, "setuptools.build_meta") || len(s.Build.BackendPath) > 0 {
		return
	}
	sections, ok := parseCfg(string(cfg))
	if !ok {
		return
	}
	metadata, options := sections["metadata"], sections["options"]
	m := dist.Metadata{MetadataVersion: metadataVersion, Name: s.Name, Version: s.Version}
	if m.Name == "" {
		m.Name = metadata["name"]
	}
	if m.Version == "" {
		m.Version = metadata["version"]
	}
	if !pep508.ValidName(m.Name) || !isVersion(m.Version) {
		return // attr: and file: are neither
	}
	s.Name, s.Version = m.Name, m.Version
	m.RequiresPython = options["python_requires"]
	if _, err := pep440.ParseSpecifiers(m.RequiresPython); err != nil && m.RequiresPython != "" {
		return
	}
	if m.RequiresDist, ok = listed(options["install_requires"]); !ok {
		return
	}
	extras := sections["options.extras_require"]
	for _, extra := range sortedTexts(extras) {
		needs, ok := listed(extras[extra])
		if !ok || !pep508.ValidName(extra) { // "extra:marker" is one more way to say it
			return
		}
		m.ProvidesExtra = append(m.ProvidesExtra, pep508.NormalizeName(extra))
		for _, need := range needs {
			m.RequiresDist = append(m.RequiresDist, ofExtra(need, extra))
		}
	}
	s.Metadata = m.Essential()
}

// listed reads a list of requirements, one a line; ok is false for what is not
// written there ("file: …"), and for one line with a semicolon, which setuptools
// takes as a list.
func listed(text string) (out []string, ok bool) {
	if strings.Contains(text, ";") && !strings.Contains(text, "\n") {
		return nil, false
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		q, _, err := pep508.ParseLenient(line)
		if err != nil || len(out) >= maxList {
			return nil, false
		}
		out = append(out, q.String())
	}
	return out, true
}

// parseCfg reads the sections of a setup.cfg that are asked for here. It knows less
// than Python's configparser, and ok is false where that would read more into it:
// a section or key given twice, a key of no form, "%" in a value.
func parseCfg(text string) (sections map[string]map[string]string, ok bool) {
	sections = map[string]map[string]string{}
	var section map[string]string
	key := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		plain := strings.TrimSpace(line)
		if plain == "" || plain[0] == '#' || plain[0] == ';' {
			continue
		}
		if name, is := strings.CutPrefix(line, "["); is {
			name, is = strings.CutSuffix(name, "]")
			if !is || sections[name] != nil {
				return nil, false
			}
			section, key = map[string]string{}, ""
			sections[name] = section
			continue
		}
		if section == nil || strings.Contains(plain, "%") {
			return nil, false
		}
		if line[0] == ' ' || line[0] == '\t' {
			if key == "" {
				return nil, false
			}
			section[key] += "\n" + plain
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 1 {
			return nil, false
		}
		key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(line[:at])), "-", "_")
		if _, twice := section[key]; twice {
			return nil, false
		}
		section[key] = strings.TrimSpace(line[at+1:])
	}
	return sections, true
}

func sortedTexts(texts map[string]string) []string {
	var out []string
	for key := range texts {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// bareSetup is a setup.py that says nothing itself.
var bareSetup = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(from setuptools import setup|import setuptools)\s+(setuptools\.)?setup\(\s*\)$`)
})

// plainSetup tells whether a setup.py leaves all to setup.cfg.
func plainSetup(setup []byte) bool {
	if setup == nil {
		return true
	}
	var lines []string
	for line := range strings.Lines(string(setup)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "\n")
	text = strings.Replace(text, "if __name__ == \"__main__\":\nsetup", "setup", 1)
	return text == "" || bareSetup().MatchString(text)
}

// speaks is what a setup.py says that makes extension modules.
var speaks = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`ext_modules|\bExtension\(|cythonize|cffi_modules|rust_extensions|RustExtension`)
})

// nativeBackends make extension modules and little else.
var nativeBackends = []string{"maturin", "mesonpy", "scikit_build_core", "sipbuild", "setuptools_rust", "pybind11_build"}

// requires tells whether one of some packages is a build requirement.
func (b BuildSystem) requires(names []string) bool {
	return slices.ContainsFunc(b.Requires, func(text string) bool {
		q, _, err := pep508.ParseLenient(text)
		return err == nil && slices.Contains(names, q.Key())
	})
}

// rusty tells whether what builds with Cargo is required.
func (b BuildSystem) rusty() bool {
	return slices.ContainsFunc(b.Requires, func(text string) bool {
		q, _, err := pep508.ParseLenient(text)
		return err == nil && (q.Key() == "maturin" || strings.Contains(q.Key(), "rust"))
	})
}

// nativeRequires are what only extension modules are built with.
var nativeRequires = []string{"cython", "cffi", "pybind11", "nanobind", "numpy", "scikit-build", "cmake", "ninja", "hatch-cython"}

// extends tells whether the build speaks of extension modules. A backend that lies
// among the sources may make anything of them.
func extends(b BuildSystem, setup []byte, pyproject *toml.Table) bool {
	module, _, _ := strings.Cut(b.Backend, ":")
	module, _, _ = strings.Cut(module, ".")
	if slices.Contains(nativeBackends, module) || speaks().Match(setup) || len(b.BackendPath) > 0 || b.rusty() || b.requires(nativeRequires) {
		return true
	}
	if pyproject == nil {
		return false
	}
	tool, _ := pyproject.Values["tool"].(map[string]any)
	setuptools, _ := tool["setuptools"].(map[string]any)
	poetry, _ := tool["poetry"].(map[string]any)
	return setuptools["ext-modules"] != nil || tool["setuptools-rust"] != nil || poetry["build"] != nil
}
