package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep440"

	"snug/internal/toml"
)

// Draft is what a new pyproject.toml says.
type Draft struct {
	Name           string // made to fit
	Version        string // "": 0.1.0
	RequiresPython string // PEP 440; "": any
	Dependencies   []Requirement
	Groups, Extras map[string][]Requirement // by name; the groups test and dev are always written
	IndexURL       string                   // asked last; "": what the machine's configuration says
	Indexes        []Index                  // those that a requirement's Index names are among them
	Build          BuildSettings            // of requirements files: FromSource and Never
}

// requirements are all of the draft.
func (d Draft) requirements() []Requirement {
	out := slices.Clone(d.Dependencies)
	for _, m := range []map[string][]Requirement{d.Extras, d.Groups} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			out = append(out, m[name]...)
		}
	}
	return out
}

// Asks reports whether the draft asks for any package.
func (d Draft) Asks() bool { return len(d.requirements()) > 0 }

// Draft is a project of requirements files as a pyproject.toml has it.
func (p *Project) Draft() Draft {
	d := Draft{Name: p.Name, Groups: map[string][]Requirement{}, IndexURL: bare(p.IndexURL), Build: p.Build}
	for _, x := range p.Indexes {
		x.URL = bare(x.URL)
		d.Indexes = append(d.Indexes, x)
	}
	for _, rt := range p.Runtimes {
		if rt.Contains == "" {
			d.Dependencies = rt.asked
		} else {
			d.Groups[rt.Name] = rt.asked
		}
	}
	return d
}

// Init is a minimal pyproject.toml, behind what src holds of other tools; src
// has no [project] and no [dependency-groups]. What pyproject.toml cannot hold
// (local paths) is named in comments; hashes are left to the lock.
func Init(src []byte, d Draft) ([]byte, error) {
	if _, err := pep440.ParseSpecifiers(d.RequiresPython); err != nil {
		return nil, fault.New(fault.Usage, `such as ">=3.12"`, "requires-python: %w", err)
	}
	var b strings.Builder
	if b.Write(src); len(src) > 0 {
		b.WriteString(strings.Repeat("\n", 2-min(1, strings.Count(string(src[len(src)-1:]), "\n"))))
	}
	fmt.Fprintf(&b, "[project]\nname = %s\nversion = %s\n", toml.Quote(projectName(d.Name)), toml.Quote(cmp.Or(d.Version, "0.1.0")))
	if d.RequiresPython != "" {
		fmt.Fprintf(&b, "requires-python = %s\n", toml.Quote(d.RequiresPython))
	}
	writeArray(&b, "dependencies", d.Dependencies)
	if len(d.Extras) > 0 {
		b.WriteString("\n[project.optional-dependencies]\n")
		for _, name := range slices.Sorted(maps.Keys(d.Extras)) {
			writeArray(&b, toml.Key(name), d.Extras[name])
		}
	}
	b.WriteString("\n[dependency-groups]\n")
	writeArray(&b, "test", d.Groups["test"])
	writeArray(&b, "dev", d.Groups["dev"])
	for _, name := range slices.Sorted(maps.Keys(d.Groups)) {
		if name != "test" && name != "dev" {
			writeArray(&b, toml.Key(name), d.Groups[name])
		}
	}
	if d.IndexURL != "" || len(d.Indexes)+len(d.Build.FromSource)+len(d.Build.Never) > 0 {
		b.WriteString("\n[tool.snug]\n")
		d.writeIndexes(&b)
		d.writeBuild(&b)
	}
	out := []byte(b.String())
	if _, err := toml.Parse(FileName, out); err != nil {
		return nil, err
	}
	return out, nil
}

// writeBuild writes what is built from source.
func (d Draft) writeBuild(b *strings.Builder) {
	for _, list := range []struct {
		key   string
		names []string
	}{{"from-source", d.Build.FromSource}, {"never", d.Build.Never}} {
		var quoted []string
		for _, name := range list.names {
			quoted = append(quoted, toml.Quote(name))
		}
		if len(list.names) > 0 {
			fmt.Fprintf(b, "build.%s = [%s]\n", list.key, strings.Join(quoted, ", "))
		}
	}
}

// writeIndexes writes where packages come from.
func (d Draft) writeIndexes(b *strings.Builder) {
	if d.IndexURL != "" {
		fmt.Fprintf(b, "index-url = %s\n", toml.Quote(d.IndexURL))
	}
	for _, x := range d.Indexes {
		text := toml.Quote(x.URL)
		if x.Explicit {
			text = fmt.Sprintf("{ url = %s, explicit = true }", text)
		}
		fmt.Fprintf(b, "extra-index.%s = %s\n", toml.Key(x.Name), text)
	}
	said := map[string]bool{}
	for _, r := range d.requirements() {
		known := slices.ContainsFunc(d.Indexes, func(x Index) bool { return x.Name == r.Index })
		if known && !said[r.Key()] {
			said[r.Key()] = true
			fmt.Fprintf(b, "index.%s = %s\n", r.Key(), toml.Quote(r.Index))
		}
	}
}

func writeArray(b *strings.Builder, key string, reqs []Requirement) {
	if len(reqs) == 0 {
		fmt.Fprintf(b, "%s = []\n", key)
		return
	}
	fmt.Fprintf(b, "%s = [\n", key)
	for _, r := range reqs {
		switch {
		case r.Path == ".":
			// The project itself is installed by having [project].
		case r.Path != "":
			fmt.Fprintf(b, "    # %s: local path %s\n", r.Origin, r.Path)
		default:
			fmt.Fprintf(b, "    %s,\n", toml.Quote(r.String()))
		}
	}
	b.WriteString("]\n")
}

// HasTool reports whether a pyproject.toml has [tool.snug].
func HasTool(src []byte) bool {
	doc, err := toml.Parse(FileName, src)
	return err == nil && at(doc.Root, "tool", "snug") != nil
}
