package manifest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/pep440"
	"snug/internal/toml"
)

// unknownVersion stands where only running the build backend could tell it.
const unknownVersion = "0+dynamic"

// readLocal reads the project as an editable install needs it. t is [project].
func readLocal(root string, doc *toml.Document, t toml.Table) (*Local, error) {
	name, err := t.Text("name")
	if err != nil {
		return nil, err
	}
	l := &Local{Name: name, file: doc.File}
	if err := l.readVersion(t); err != nil {
		return nil, err
	}
	if err := l.noteDynamic(t); err != nil {
		return nil, err
	}
	if l.EntryPoints, err = readEntryPoints(t); err != nil {
		return nil, err
	}
	l.Paths = importRoots(root, doc.Root)
	l.noteExtensions(root, doc.Root)
	l.Metadata, err = metadata(l, t)
	return l, err
}

func (l *Local) readVersion(t toml.Table) error {
	text, err := t.Text("version")
	if err != nil {
		return err
	}
	dynamic, err := t.Texts("dynamic")
	if err != nil {
		return err
	}
	switch {
	case text == "" && !slices.Contains(dynamic, "version"):
		return t.Bad("", `add version = "0.1.0", or package = false to [tool.snug]`, "version is missing (PEP 621)")
	case text == "":
		l.Version = unknownVersion
		return nil
	}
	v, err := pep440.Parse(text)
	if err != nil {
		return t.Bad("version", "PEP 440: such as 1.4.0", "version: %v", err)
	}
	l.Version = v.String()
	return nil
}

// noteDynamic names the dynamic fields that are left out.
func (l *Local) noteDynamic(t toml.Table) error {
	dynamic, err := t.Texts("dynamic")
	if err != nil {
		return err
	}
	for _, field := range dynamic {
		if _, both := t.Values[field]; both {
			return t.Bad("dynamic", "remove it from one of them", "%s is both static and dynamic (PEP 621)", field)
		}
		switch field {
		case "dependencies": // said, or followed, where requirements are read
		case "version":
			l.note("version is dynamic: only running the build backend could tell it; installed as %s", unknownVersion)
		default:
			l.note("%s is dynamic: only running the build backend could tell it; left out", field)
		}
	}
	return nil
}

func (l *Local) note(format string, args ...any) {
	l.Notes = append(l.Notes, l.file+": [project] "+fmt.Sprintf(format, args...))
}

// readEntryPoints reads scripts, gui-scripts and entry-points, sorted.
func readEntryPoints(t toml.Table) ([]dist.EntryPoint, error) {
	sections := map[string]toml.Table{}
	for key, group := range map[string]string{"scripts": "console_scripts", "gui-scripts": "gui_scripts"} {
		sub, ok, err := t.Table(key)
		if err != nil {
			return nil, err
		}
		if ok {
			sections[group] = sub
		}
	}
	outer, _, err := t.Table("entry-points")
	if err != nil {
		return nil, err
	}
	for group := range outer.Values {
		if group == "console_scripts" || group == "gui_scripts" {
			return nil, outer.Bad(group, "use [project.scripts] or [project.gui-scripts]", "%s may not stand here (PEP 621)", group)
		}
		if sections[group], _, err = outer.Table(group); err != nil {
			return nil, err
		}
	}
	var out []dist.EntryPoint
	for _, group := range slices.Sorted(maps.Keys(sections)) {
		eps, err := entryPoints(group, sections[group])
		if err != nil {
			return nil, err
		}
		out = append(out, eps...)
	}
	return out, nil
}

// entryPoints reads one group by the rules of entry_points.txt.
func entryPoints(group string, t toml.Table) ([]dist.EntryPoint, error) {
	var out []dist.EntryPoint
	for _, name := range slices.Sorted(maps.Keys(t.Values)) {
		ref, err := t.Text(name)
		if err != nil {
			return nil, err
		}
		eps, err := dist.ParseEntryPoints([]byte("[" + group + "]\n" + name + " = " + ref + "\n"))
		if err != nil || len(eps) != 1 || strings.ContainsAny(group+name+ref, "\r\n") {
			return nil, t.Bad(name, `such as "package.module:function"`, "%s = %q is no entry point", name, ref)
		}
		out = append(out, eps...)
	}
	return out, nil
}

// importRoots are the folders that an editable install puts on sys.path: what
// setuptools, hatch, uv, Poetry or PDM are told, else src where that holds code, else the root.
func importRoots(root string, doc map[string]any) []string {
	for _, keys := range [][]string{
		{"tool", "setuptools", "package-dir", ""},
		{"tool", "setuptools", "packages", "find", "where"},
	} {
		if roots := existing(root, stringsAt(doc, keys...)); len(roots) > 0 {
			return roots
		}
	}
	var parents []string
	packages, _ := at(doc, "tool", "poetry", "packages").([]any)
	for _, pkg := range packages {
		from, _ := at(pkg, "from").(string)
		parents = append(parents, from)
	}
	for _, keys := range [][]string{{"tool", "uv", "build-backend", "module-root"}, {"tool", "pdm", "package-dir"}, {"tool", "pdm", "build", "package-dir"}} {
		parents = append(parents, stringsAt(doc, keys...)...)
	}
	for _, pkg := range stringsAt(doc, "tool", "hatch", "build", "targets", "wheel", "packages") {
		parents = append(parents, filepath.Dir(filepath.FromSlash(pkg)))
	}
	if roots := existing(root, parents); len(roots) > 0 {
		return roots
	}
	if holdsCode(filepath.Join(root, "src")) {
		return []string{"src"}
	}
	return []string{"."}
}

// existing keeps the folders below root that are there, cleaned, once each.
func existing(root string, dirs []string) []string {
	var out []string
	for _, d := range dirs {
		d = filepath.Clean(filepath.FromSlash(d))
		info, err := os.Stat(filepath.Join(root, d))
		if !filepath.IsLocal(d) || err != nil || !info.IsDir() {
			continue
		}
		if slash := filepath.ToSlash(d); !slices.Contains(out, slash) {
			out = append(out, slash)
		}
	}
	return out
}

// holdsCode reports whether a src folder is a layout: it holds a module or a
// package and is not a package itself.
func holdsCode(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	found := false
	for _, e := range entries {
		if e.Name() == "__init__.py" {
			return false
		}
		found = found || strings.HasSuffix(e.Name(), ".py")
		if e.IsDir() {
			inner, _ := filepath.Glob(filepath.Join(dir, e.Name(), "*.py")) // only a bad pattern is an error
			found = found || len(inner) > 0
		}
	}
	return found
}

// nativeBackends build extension modules.
var nativeBackends = []string{"maturin", "scikit_build_core", "mesonpy", "setuptools_rust", "pymsbuild"}

// noteExtensions says where the project has extension modules: they need a
// build, which an editable install of static metadata does not do.
func (l *Local) noteExtensions(root string, doc map[string]any) {
	for _, backend := range stringsAt(doc, "build-system", "build-backend") {
		module, _, _ := strings.Cut(backend, ".")
		if slices.Contains(nativeBackends, module) {
			l.note("the build backend %s makes extension modules: they are not built here", module)
			return
		}
	}
	if at(doc, "tool", "poetry", "build") != nil {
		l.note("Poetry's build script is not run: what it makes, such as extension modules, is not there")
	}
	setup, err := readFile(filepath.Join(root, "setup.py"))
	if err == nil && strings.Contains(string(setup), "ext_modules") || at(doc, "tool", "setuptools", "ext-modules") != nil {
		l.note("setuptools' ext-modules are not built here")
	}
}

// at follows keys through tables; nil where one is missing. It is lenient: the
// tables are other tools'.
func at(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// stringsAt is the string or the strings at keys.
func stringsAt(v any, keys ...string) []string {
	switch v := at(v, keys...).(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
