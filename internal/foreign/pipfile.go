package foreign

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

type pipfileHead struct {
	Sources  []pipSource `toml:"source"`
	Requires struct {
		Version string `toml:"python_version"`
		Full    string `toml:"python_full_version"`
	} `toml:"requires"`
}

type pipSource struct {
	Name string `toml:"name" json:"name"`
	URL  string `toml:"url" json:"url"`
}

// ParsePipfile reads Pipfile: packages, dev-packages as the group dev, and the
// categories as groups of their names.
func ParsePipfile(data []byte, path string) (*Import, error) {
	r := newReader(Pipfile, path)
	var head pipfileHead
	if err := r.toml(data, &head); err != nil {
		return nil, err
	}
	var tables map[string]any
	if err := r.toml(data, &tables); err != nil {
		return nil, err
	}
	lines := keyLines(data)
	r.out.Rooted = true
	r.pipSources(head.Sources)
	if err := r.pipRequires(head.Requires.Version, head.Requires.Full, lines["requires\x00"]); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		table, isTable := tables[name].(map[string]any)
		switch {
		case name == "source" || name == "requires":
		case name == "scripts" || name == "pipenv" || !isTable:
			for _, key := range slices.Sorted(maps.Keys(table)) {
				r.leave("["+name+"] "+key, noSetting)
			}
			if !isTable {
				r.leave(name, noSetting)
			}
		default:
			if err := r.category(lines, name, table); err != nil {
				return nil, err
			}
		}
	}
	return r.done()
}

// pipSources reads the indexes: the first is asked for everything, the others
// only for packages that name them.
func (r *reader) pipSources(sources []pipSource) {
	for i, s := range sources {
		if i == 0 {
			r.out.IndexURL = r.bare("the index "+s.Name, s.URL)
		} else {
			r.index(s.Name, s.URL, true)
		}
	}
}

// pipRequires reads the Python that is asked for.
func (r *reader) pipRequires(minor, full string, line int) error {
	version := cmp.Or(full, strings.TrimSuffix(minor, ".*"))
	if version == "" || version == "*" {
		return nil
	}
	return r.python(version, line)
}

func (r *reader) category(lines map[string]int, name string, table map[string]any) error {
	group := map[string]string{"packages": "", "dev-packages": "dev"}
	to, ok := group[name]
	if !ok {
		to = name
	}
	for _, pkg := range slices.Sorted(maps.Keys(table)) {
		if err := r.pipPackage(to, pkg, table[pkg], lines[name+"\x00"+pkg]); err != nil {
			return err
		}
	}
	return nil
}

// pipSourceKeys name sources other than an index, pipMarkerKeys are the
// variables of markers that may be keys.
var (
	pipSourceKeys = map[string]string{"git": "git", "hg": "a repository", "svn": "a repository", "bzr": "a repository", "path": "a folder or file"}
	pipMarkerKeys = []string{"os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release", "platform_system",
		"platform_version", "python_version", "python_full_version", "implementation_name", "implementation_version"}
)

// pipPackage reads `name = "~=1.4"` or `name = { version = …, … }`.
func (r *reader) pipPackage(group, name string, value any, line int) error {
	a := ask{name: name, line: line}
	table, isTable := value.(map[string]any)
	if text, ok := value.(string); ok {
		table, isTable = map[string]any{"version": text}, true
	}
	if !isTable {
		return r.bad(line, name+` = "*" or a table`, "%s must be a string or a table", name)
	}
	if kind := pipKind(table); kind == "." {
		r.leave(name, "it is the project itself: name it in [project], and it is installed")
		return nil
	} else if kind != "" {
		r.source(name, kind, 0)
		return nil
	}
	var markers []string
	for _, key := range slices.Sorted(maps.Keys(table)) {
		text, isText := table[key].(string)
		switch {
		case key == "version" && isText:
			a.specifier = strings.TrimSpace(text)
			if a.specifier == "*" {
				a.specifier = ""
			}
		case key == "file" && isText:
			a.url = text
		case key == "markers" && isText:
			markers = append(markers, "("+text+")")
		case key == "index" && isText:
			a.index = r.named(text)
		case key == "extras":
			extras, err := r.texts(line, name+": extras", table[key])
			if err != nil {
				return err
			}
			a.extras = extras
		case slices.Contains(pipMarkerKeys, key) && isText:
			markers = append(markers, key+" "+text)
		default:
			r.leave(name+": "+key, noSetting)
		}
	}
	a.marker = strings.Join(markers, " and ")
	return r.add(group, a)
}

// pipKind is where a package comes from that is of no index: "." for the
// project itself, "" for an index.
func pipKind(table map[string]any) string {
	for key, kind := range pipSourceKeys {
		switch table[key] {
		case nil:
		case ".":
			return "."
		default:
			return kind
		}
	}
	return ""
}

// named is an index of that name, "" for the first source.
func (r *reader) named(name string) string {
	for _, x := range r.out.Indexes {
		if x.Name == name {
			return name
		}
	}
	return ""
}

func (r *reader) texts(line int, what string, value any) ([]string, error) {
	list, ok := value.([]any)
	out := make([]string, len(list))
	for i := range list {
		text, isText := list[i].(string)
		ok = ok && isText
		out[i] = text
	}
	if !ok {
		return nil, r.bad(line, `["…", "…"]`, "%s must be an array of strings", what)
	}
	return out, nil
}

var tomlHeader = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*\[+\s*([^\]]+?)\s*\]+`) })

// keyLines are the lines of the keys in the tables of a TOML file, as
// "table\x00key", and of the tables themselves, with an empty key. What is
// written in some way that this does not see is not there.
func keyLines(data []byte) map[string]int {
	out := map[string]int{}
	line, table := 0, ""
	for text := range strings.Lines(string(data)) {
		line++
		if m := tomlHeader().FindStringSubmatch(text); m != nil {
			table = strings.ReplaceAll(m[1], `"`, "")
			out[table+"\x00"] = line
			if outer, key, ok := strings.Cut(table, "."); ok {
				out[outer+"\x00"+key] = line
			}
			continue
		}
		if before, _, ok := strings.Cut(text, "="); ok {
			out[table+"\x00"+strings.Trim(strings.TrimSpace(before), `"'`)] = line
		}
	}
	return out
}
