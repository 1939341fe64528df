package foreign

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"snug/internal/manifest"
	"snug/internal/pep440"
)

const (
	maxYAML    = 4 << 20
	noSetting  = "snug has no such setting"
	noBounds   = "its bounds could not be translated: none are written"
	notKnown   = "it is not known which package of the index it is: snug add NAME asks for one"
	notPython  = "it is no Python package"
	noChannel  = "channels are conda's: packages come from the package index"
	noVersions = "its version is no Python version (PEP 440): none is written"
)

// ParseConda reads conda's environment.yml: the pip part as it stands, and of
// conda's own those packages whose name on the index is known. A version with a
// build string, as conda env export writes it, is a locked one; others are bounds.
func ParseConda(data []byte, path string, env func(string) string) (*Import, error) {
	r := newReader(Conda, path)
	if len(data) > maxYAML {
		return nil, r.bad(0, "is it that file? name another", "more than %d MB", maxYAML>>20)
	}
	if err := r.size(data); err != nil {
		return nil, err
	}
	top, err := r.yaml(data)
	if err != nil {
		return nil, err
	}
	r.out.Rooted = true
	for key, value := range pairs(top) {
		switch key.Value {
		case "name":
		case "dependencies":
			err = r.conda(value, env)
		case "channels":
			for _, c := range value.Content {
				r.leave("the channel "+c.Value, noChannel)
			}
		case "prefix":
			r.leave("prefix", "runtimes lie in .snug")
		case "variables":
			for name := range pairs(value) {
				r.leave("the variable "+name.Value, noSetting)
			}
		default:
			r.leave(key.Value, noSetting)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.done()
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`) })

// yaml reads a document that is a mapping. Aliases, by which a small file grows
// large, are refused; nodes are looked at where they stand, and never expanded.
func (r *reader) yaml(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		line := 0
		text := err.Error()
		if m := yamlLine().FindStringSubmatch(text); m != nil {
			text = m[2]
			if _, scan := fmt.Sscan(m[1], &line); scan != nil {
				line = 0 // the library names no line for some errors
			}
		}
		return nil, r.bad(line, "the file must be YAML", "%s", text)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, r.bad(doc.Line, "name, channels and dependencies stand in it", "the file is not a mapping")
	}
	if n := alias(&doc); n != nil {
		return nil, r.bad(n.Line, "write out what it stands for", "aliases (*%s) are not read", n.Value)
	}
	return doc.Content[0], nil
}

// alias is the first alias at or below a node.
func alias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, c := range n.Content {
		if found := alias(c); found != nil {
			return found
		}
	}
	return nil
}

// pairs are the keys and values of a mapping; other nodes have none.
func pairs(n *yaml.Node) func(yield func(k, v *yaml.Node) bool) {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// conda reads the list of dependencies.
func (r *reader) conda(list *yaml.Node, env func(string) string) error {
	if list.Kind != yaml.SequenceNode {
		return r.bad(list.Line, "dependencies:\n  - numpy", "dependencies must be a list")
	}
	for _, item := range list.Content {
		var err error
		switch item.Kind {
		case yaml.ScalarNode:
			err = r.condaSpec(item.Value, item.Line)
		case yaml.MappingNode:
			for key, value := range pairs(item) {
				if key.Value != "pip" {
					r.leave(key.Value, noSetting)
					continue
				}
				if err := r.condaPip(value, env); err != nil {
					return err
				}
			}
		default:
			err = r.bad(item.Line, "write it as - numpy=2.1", "a dependency must be a string or pip:")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// condaPip reads the pip part: the lines of a requirements file.
func (r *reader) condaPip(list *yaml.Node, env func(string) string) error {
	if list.Kind != yaml.SequenceNode {
		return r.bad(list.Line, "pip:\n  - name", "pip must be a list")
	}
	var text strings.Builder
	line := 1
	for _, item := range list.Content {
		value := strings.ReplaceAll(item.Value, "\n", " ")
		if strings.Contains(value, "git+") {
			r.source(nameIn(value), "git", item.Line)
			continue
		}
		for ; line < item.Line; line++ {
			text.WriteByte('\n')
		}
		text.WriteString(value)
	}
	read, err := manifest.ParseRequirements([]byte(text.String()), r.file, env)
	if err != nil {
		return err
	}
	r.options(read)
	for _, q := range read.Requirements {
		r.out.Dependencies = append(r.out.Dependencies, q)
		if _, exact := exactly(q.Specifiers); exact {
			if err := r.pinned(q); err != nil {
				return err
			}
		} else if q.Path != "." {
			r.loosen(Loose{Name: q.Name, What: q.Requirement.String(), Line: q.Origin.Line})
		}
	}
	return r.bounded(list.Line)
}

// condaForm is CHANNEL::NAME and what follows; condaBuild is VERSION=BUILD or
// "VERSION BUILD" with its operator.
var (
	condaForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:([^\s:]+)::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(.*)$`)
	})
	condaBuild = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(={0,2})\s*([A-Za-z0-9_.!+]+)(?:=|\s+)([A-Za-z0-9_.*]+)$`)
	})
)

// condaSpec reads one package, such as "numpy=1.26.4=py311h64a7726_0".
func (r *reader) condaSpec(text string, line int) error {
	m := condaForm().FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		r.leave(text, "it is not understood")
		return nil
	}
	if m[1] != "" {
		r.leave("the channel "+m[1], noChannel)
	}
	name, rest := strings.ToLower(m[2]), m[3]
	known, why := onIndex(name)
	if known == "" && name != "python" {
		if why != notPython {
			r.loosen(Loose{Name: text, What: "conda, and what it is on the index is not known", Line: line})
		}
		r.leave(text, why)
		return nil
	}
	version, bounds := "", ""
	if b := condaBuild().FindStringSubmatch(rest); b != nil && !strings.Contains(b[3], "*") {
		version = b[2]
	} else if b != nil { // which build it is does not matter here
		bounds = condaBounds("=" + b[2])
	} else if bounds = condaBounds(rest); bounds == "" && strings.Trim(rest, "* ") != "" {
		r.leave(text, noBounds)
	}
	if name == "python" {
		return r.condaPython(version, bounds, line)
	}
	if single, exact := exactly(mustSpecifiers(bounds)); exact {
		version = single
	}
	if _, err := pep440.Parse(version); version != "" && err != nil {
		r.leave(text, noVersions)
		version = ""
	}
	if version != "" {
		if err := r.pin(Pin{Name: known, Version: version, Line: line}); err != nil {
			return err
		}
	} else {
		r.loosen(Loose{Name: known, What: text, Line: line})
	}
	return r.add("", ask{name: known, specifier: bounds, line: line})
}

// condaBounds translates conda's version clauses into PEP 440, "" where that
// cannot be done or there are none.
func condaBounds(text string) string {
	var out []string
	for _, clause := range strings.Split(strings.ReplaceAll(text, " ", ""), ",") {
		version := strings.TrimLeft(clause, "=<>!~")
		op := clause[:len(clause)-len(version)]
		prefix := strings.TrimSuffix(strings.TrimSuffix(version, "*"), ".")
		switch {
		case clause == "*":
			continue
		case op == "=" || op == "" && prefix != version || op == "==" && prefix != version:
			clause = "==" + prefix + ".*"
		case op == "":
			clause = "==" + version
		case op != "!=" && prefix != version:
			clause = op + prefix
		}
		out = append(out, clause)
	}
	joined := strings.Join(out, ",")
	if _, err := pep440.ParseSpecifiers(joined); err != nil {
		return ""
	}
	return joined
}

// mustSpecifiers reads what condaBounds made.
func mustSpecifiers(text string) pep440.Specifiers {
	s, err := pep440.ParseSpecifiers(text)
	if err != nil {
		return nil // condaBounds has made it empty already
	}
	return s
}

// condaPython turns the Python that is asked for into requires-python.
func (r *reader) condaPython(version, bounds string, line int) error {
	single, exact := exactly(mustSpecifiers(bounds))
	switch {
	case version != "":
	case exact:
		version = single
	case strings.HasSuffix(bounds, ".*") && strings.Count(bounds, ".") == 3 && strings.HasPrefix(bounds, "=="):
		version = strings.TrimSuffix(strings.TrimPrefix(bounds, "=="), ".*")
	default:
		r.out.RequiresPython = bounds
		return nil
	}
	return r.python(version, line)
}
