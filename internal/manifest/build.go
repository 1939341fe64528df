package manifest

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// AllPackages stands for every package in lists of what is built, as pip writes it.
const AllPackages = ":all:"

// BuildSettings say which packages are built from source, and with what.
type BuildSettings struct {
	FromSource []string // normalised names or AllPackages, sorted: only their sdists count
	Never      []string // the same: only their wheels count
	Toolchain  string   // "", "host" or "zig"
	Glibc      string   // "2.28": what zig builds for; "": its own default
}

// PythonBuild is a Python that is built from source.
type PythonBuild struct {
	Profile  string // "" or "minimal", or "full"
	Optimize string // "" or "pgo"
}

// Forced tells whether only an sdist of the package counts. What is said of a name
// speaks before what is said of all.
func (b BuildSettings) Forced(name string) bool { return said(name, b.FromSource, b.Never) }

// Barred tells whether the package is never built.
func (b BuildSettings) Barred(name string) bool { return said(name, b.Never, b.FromSource) }

func said(name string, list, other []string) bool {
	return slices.Contains(list, name) || slices.Contains(list, AllPackages) && !slices.Contains(other, name)
}

func (b BuildSettings) isZero() bool {
	return len(b.FromSource)+len(b.Never) == 0 && b.Toolchain == "" && b.Glibc == ""
}

// BuildNames reads names of packages, or AllPackages: normalised, sorted, each once.
func BuildNames(texts []string) ([]string, error) {
	var out []string
	for _, text := range texts {
		if text != AllPackages {
			if !pep508.ValidName(text) {
				return nil, fault.New(fault.Usage, "a package's name as the index has it, or "+AllPackages, "%q names no package", text)
			}
			text = pep508.NormalizeName(text)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// also adds what a weaker source says of packages that b says nothing of.
func (b *BuildSettings) also(weaker BuildSettings) {
	strong := *b
	unsaid := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return slices.Contains(strong.FromSource, name) || slices.Contains(strong.Never, name) ||
				name != AllPackages && (slices.Contains(strong.FromSource, AllPackages) || slices.Contains(strong.Never, AllPackages))
		})
	}
	b.FromSource = union(b.FromSource, unsaid(weaker.FromSource))
	b.Never = union(b.Never, unsaid(weaker.Never))
}

// union is both lists, sorted, each name once; nil where both are empty.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// choose obeys one name of pip's --no-binary (source) or --only-binary: the last
// word on a name counts, and AllPackages wipes what was said before.
func (b *BuildSettings) choose(name string, source bool) {
	to, from := &b.FromSource, &b.Never
	if !source {
		to, from = from, to
	}
	switch name {
	case AllPackages:
		*to, *from = []string{AllPackages}, nil
	case nonePip:
		*to = nil
	default:
		*to = union(*to, []string{name})
		*from = slices.DeleteFunc(*from, func(have string) bool { return have == name })
	}
}

// nonePip empties a list of pip's.
const nonePip = ":none:"

// builds reads the names of --no-binary or --only-binary.
func (rd *reader) builds(option, names string, at Origin) error {
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		if name != AllPackages && name != nonePip {
			if !pep508.ValidName(name) {
				return inputAt(at.File, at.Line, "names of packages with commas between, or "+AllPackages, "%s: %q names no package", option, name)
			}
			name = pep508.NormalizeName(name)
		}
		rd.out.Build.choose(name, option == "--no-binary")
	}
	return nil
}

var glibcFloor = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^2\.[1-9][0-9]?$`) })

// buildOf reads [tool.snug.build].
func buildOf(snug toml.Table) (b BuildSettings, err error) {
	t, _, err := snug.Table("build")
	if err != nil {
		return b, err
	}
	if err := t.Only("from-source", "never", "toolchain", "glibc"); err != nil {
		return b, err
	}
	if b.FromSource, err = buildNamesAt(t, "from-source"); err != nil {
		return b, err
	}
	if b.Never, err = buildNamesAt(t, "never"); err != nil {
		return b, err
	}
	for _, name := range b.FromSource {
		if slices.Contains(b.Never, name) {
			return b, t.Bad("never", "leave it in one of the two", "%s is both in from-source and in never", name)
		}
	}
	if b.Toolchain, err = oneOf(t, "toolchain", "host", "zig"); err != nil {
		return b, err
	}
	if b.Glibc, err = t.Text("glibc"); err != nil {
		return b, err
	}
	if b.Glibc != "" && !glibcFloor().MatchString(b.Glibc) {
		return b, t.Bad("glibc", `such as "2.28"`, "glibc: %q is no version of it", b.Glibc)
	}
	if b.Glibc != "" && b.Toolchain != "zig" {
		return b, t.Bad("glibc", `add toolchain = "zig"; the host's compiler builds for the host's own glibc`, "glibc is for another toolchain")
	}
	return b, nil
}

func buildNamesAt(t toml.Table, key string) ([]string, error) {
	texts, err := t.Texts(key)
	if err != nil {
		return nil, err
	}
	names, err := BuildNames(texts)
	if err != nil {
		return nil, t.Bad(key, fault.HintOf(err), "%s: %v", key, err)
	}
	return names, nil
}

// oneOf reads a word; absent is "".
func oneOf(t toml.Table, key string, words ...string) (string, error) {
	text, err := t.Text(key)
	if err == nil && text != "" && !slices.Contains(words, text) {
		err = t.Bad(key, "it is one of "+strings.Join(words, ", "), "unknown %s %q", key, text)
	}
	return text, err
}

// readBuild reads what [tool.snug] says of building: build, sandbox and python.
func (p *Project) readBuild(t toml.Table) error {
	b, err := buildOf(t)
	if err != nil {
		return err
	}
	b.also(p.Build) // of requirements files
	p.Build = b
	if p.Sandbox, err = oneOf(t, "sandbox", "none", "landlock", "netless", "hermetic"); err != nil {
		return err
	}
	if _, table := t.Values["python"].(map[string]any); !table {
		p.Python, err = t.Text("python")
		return err
	}
	python, _, err := t.Table("python")
	if err != nil {
		return err
	}
	return p.readPython(python)
}

// readPython reads python = { version, build, profile, optimize }.
func (p *Project) readPython(t toml.Table) (err error) {
	if err := t.Only("version", "build", "profile", "optimize"); err != nil {
		return err
	}
	if p.Python, err = t.Text("version"); err != nil {
		return err
	}
	build, err := oneOf(t, "build", "source")
	if err != nil {
		return err
	}
	var how PythonBuild
	if how.Profile, err = oneOf(t, "profile", "minimal", "full"); err != nil {
		return err
	}
	if how.Optimize, err = oneOf(t, "optimize", "pgo"); err != nil {
		return err
	}
	if build == "" && how != (PythonBuild{}) {
		return t.Bad("", `add build = "source", or leave them out`, "profile and optimize are about a Python that is built")
	}
	if build != "" {
		p.PythonBuild = &how
	}
	return nil
}

// sayBuild adds to the digest what decides which files are locked or built.
func (p *Project) sayBuild(say func(key string, values ...string)) {
	if p.Sandbox != "" {
		say("sandbox", p.Sandbox)
	}
	if b := p.PythonBuild; b != nil {
		say("python build", b.Profile, b.Optimize)
	}
	if p.Build.isZero() {
		return
	}
	say("from-source", p.Build.FromSource...)
	say("never", p.Build.Never...)
	say("toolchain", p.Build.Toolchain, p.Build.Glibc)
}

// readUvBuild reads what [tool.uv] says of building; [tool.snug] has the last word.
func (p *Project) readUvBuild(t toml.Table) error {
	var said BuildSettings
	for _, k := range []struct {
		all, some string
		to        *[]string
	}{{"no-binary", "no-binary-package", &said.FromSource}, {"no-build", "no-build-package", &said.Never}} {
		names, err := buildNamesAt(t, k.some)
		if err != nil {
			return err
		}
		all, err := t.Bool(k.all, false)
		if err != nil {
			return err
		}
		if all {
			names = union(names, []string{AllPackages})
		}
		*k.to = names
	}
	for _, name := range said.FromSource {
		if slices.Contains(said.Never, name) {
			return t.Bad("no-build", "leave one of the two out", "%s is neither to be built nor taken as a wheel", name)
		}
	}
	p.Build.also(said)
	return nil
}
