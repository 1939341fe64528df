package manifest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/pep440"
	"snug/internal/toml"
)

var person = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^<]*?)\s*<([^>]+)>$`) })

// poetryMetadata is what Poetry's keys say of the project, in the shape of
// [project].
func (p *Project) poetryMetadata(t toml.Table) (map[string]any, error) {
	m := map[string]any{}
	for _, key := range []string{"name", "version", "description", "keywords", "classifiers"} {
		if v, ok := t.Values[key]; ok {
			m[key] = v
		}
	}
	if text, ok := t.Values["description"].(string); ok {
		m["description"] = strings.Join(strings.Fields(text), " ")
	}
	if text, ok := t.Values["license"].(string); ok {
		m["license"] = map[string]any{"text": text}
	}
	for _, write := range []func(toml.Table, map[string]any) error{poetryPeople, poetryURLs, poetryEntryPoints} {
		if err := write(t, m); err != nil {
			return nil, err
		}
	}
	requires, err := poetryPython(t)
	if requires != "" {
		m["requires-python"] = requires
	}
	return m, err
}

func poetryPeople(t toml.Table, m map[string]any) error {
	for _, key := range []string{"authors", "maintainers"} {
		texts, err := t.Texts(key)
		if err != nil {
			return err
		}
		people := []any{}
		for _, text := range texts {
			one := map[string]any{"name": text}
			if who := person().FindStringSubmatch(text); who != nil {
				one = map[string]any{"name": who[1], "email": who[2]}
			}
			people = append(people, one)
		}
		m[key] = people
	}
	return nil
}

func poetryURLs(t toml.Table, m map[string]any) error {
	urls, err := t.TextMap("urls")
	if err != nil {
		return err
	}
	sites := map[string]any{}
	for label, url := range urls {
		sites[label] = url
	}
	for _, key := range []string{"homepage", "repository", "documentation"} {
		text, err := t.Text(key)
		if err != nil {
			return err
		}
		if text != "" {
			sites[strings.ToUpper(key[:1])+key[1:]] = text
		}
	}
	m["urls"] = sites
	return nil
}

// poetryPython is the requires-python of the dependency python. What is only for
// Pythons before 3 is no news to snug, which has none.
func poetryPython(t toml.Table) (string, error) {
	deps, _, err := t.Table("dependencies")
	if err != nil {
		return "", err
	}
	text, err := deps.Text("python")
	if err != nil || text == "" {
		return "", err
	}
	all, err := PoetryConstraint(text)
	if err != nil {
		return "", deps.Bad("python", `such as "^3.11"`, "python: %v", err)
	}
	all = slices.DeleteFunc(all, before3)
	if len(all) != 1 {
		return "", deps.Bad("python", `such as "^3.11"`, "python: %s is %d ranges of Python 3, and requires-python can only say one", text, len(all))
	}
	return all[0].String(), nil
}

// before3 tells that a range of Pythons ends before the first that snug could
// make.
func before3(s pep440.Specifiers) bool {
	return slices.ContainsFunc(s, func(b pep440.Specifier) bool {
		v, err := pep440.Parse(strings.TrimSuffix(b.Raw, ".*"))
		switch b.Op {
		case pep440.Less:
			return err == nil && (v.Major() < 3 || v.Equal(v.Base()) && v.Major() == 3 && v.Minor()+v.Micro() == 0)
		case pep440.LessEqual, pep440.Equal, pep440.Arbitrary, pep440.Compatible:
			return err == nil && v.Major() < 3
		}
		return false
	})
}

// poetryEntryPoints reads scripts and plugins into the shape of [project].
func poetryEntryPoints(t toml.Table, m map[string]any) error {
	scripts, _, err := t.Table("scripts")
	if err != nil {
		return err
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(scripts.Values)) {
		if out[name], err = poetryScript(scripts, name); err != nil {
			return err
		}
	}
	m["scripts"] = out
	plugins, _, err := t.Table("plugins")
	m["entry-points"] = maps.Clone(plugins.Values)
	if plugins.Values == nil {
		m["entry-points"] = map[string]any{}
	}
	return err
}

// poetryScript reads "package.module:function", or a table with that as
// reference (callable in older projects).
func poetryScript(scripts toml.Table, name string) (string, error) {
	if ref, plain := scripts.Values[name].(string); plain {
		return ref, nil
	}
	s, _, err := scripts.Table(name)
	if err != nil {
		return "", err
	}
	ref, err := s.Text("reference")
	if err == nil && ref == "" {
		ref, err = s.Text("callable")
	}
	if err == nil && (s.Values["type"] == "file" || ref == "") {
		err = scripts.Bad(name, `name a function: "package.module:function"`, "the script %s is a file, which is not installed", name)
	}
	return ref, err
}
