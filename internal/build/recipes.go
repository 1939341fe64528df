package build

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/toml"
)

//go:embed recipes/*.toml
var shipped embed.FS

// Limits of a folder of recipes.
const (
	maxRecipe  = 1 << 20
	maxRecipes = 1000
)

// Recipes are the shipped ones and those of a project, by normalised name.
type Recipes map[string]*Recipe

// ReadRecipes reads the shipped recipes and lays those of the folder over them,
// whole files by name. The folder "" or one that is not there has none.
func ReadRecipes(folder string) (Recipes, error) {
	out := Recipes{}
	sub, err := fs.Sub(shipped, "recipes")
	if err != nil {
		return nil, err
	}
	if err := out.read(sub, "snug's recipes"); err != nil {
		return nil, err
	}
	if folder == "" {
		return out, nil
	}
	if err := out.read(os.DirFS(folder), folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return out, nil
}

func (rs Recipes) read(from fs.FS, folder string) error {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".toml") {
			continue
		}
		if len(rs) >= maxRecipes {
			return fault.New(fault.Input, "", "%s: more than %d recipes", folder, maxRecipes)
		}
		text, err := readRecipe(from, e.Name())
		if err != nil {
			return err
		}
		r, err := ParseRecipe(filepath.Join(folder, e.Name()), text)
		if err != nil {
			return err
		}
		rs[r.Name] = r
	}
	return nil
}

func readRecipe(from fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(from, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxRecipe {
		return nil, fault.New(fault.Input, "a recipe is a small text file", "%s is not a file of at most %d bytes", name, maxRecipe)
	}
	return fs.ReadFile(from, name)
}

// For is the recipe of a package in a version; false where it needs none.
func (rs Recipes) For(name string, v pep440.Version) (*Recipe, bool) {
	r, ok := rs[pep508.NormalizeName(name)]
	if !ok || !r.For(v) {
		return nil, false
	}
	return r, true
}

// ParseRecipe reads one recipe. The name of the file is that of the package.
func ParseRecipe(file string, text []byte) (*Recipe, error) {
	name := strings.TrimSuffix(filepath.Base(file), ".toml")
	if !pep508.ValidName(name) || pep508.NormalizeName(name) != name {
		return nil, fault.New(fault.Input, "name it "+pep508.NormalizeName(name)+".toml", "%s: a recipe's file is named by the normalised name of its package", file)
	}
	doc, err := toml.Parse(file, text)
	if err != nil {
		return nil, err
	}
	r := &Recipe{Name: name, File: file, Digest: digest.Of(text)}
	t := doc.Top()
	if err := t.Only("reason", "versions", "excluded", "because", "native", "rust", "env", "settings", "requires", "system", "patch"); err != nil {
		return nil, err
	}
	for _, read := range []func(toml.Table) error{r.readTop, r.readRequires, r.readEnv, r.readSettings, r.readSystem, r.readPatches} {
		if err := read(t); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Recipe) readTop(t toml.Table) (err error) {
	if r.Reason, err = t.Text("reason"); err != nil {
		return err
	}
	if r.Reason == "" {
		return t.Bad("reason", `reason = "links libfoo"`, "a recipe must say why the package needs it: reason is missing")
	}
	if r.Versions, err = specifiers(t, "versions"); err != nil {
		return err
	}
	if r.Excluded, err = specifiers(t, "excluded"); err != nil {
		return err
	}
	if r.Because, err = t.Text("because"); err != nil {
		return err
	}
	if (r.Because == "") != (len(r.Excluded) == 0) {
		return t.Bad("excluded", `excluded = "<2.0" and because = "…"`, "excluded and because belong together")
	}
	if r.Native, err = t.Bool("native", false); err != nil {
		return err
	}
	r.Rust, err = t.Bool("rust", false)
	return err
}

func specifiers(t toml.Table, key string) (pep440.Specifiers, error) {
	text, err := t.Text(key)
	if err != nil || text == "" {
		return nil, err
	}
	s, err := pep440.ParseSpecifiers(text)
	if err != nil {
		return nil, t.Bad(key, `such as ">=1.2,<2"`, "%s: %v", key, err)
	}
	return s, nil
}

func (r *Recipe) readRequires(t toml.Table) (err error) {
	if r.Requires, err = t.Texts("requires"); err != nil {
		return err
	}
	for _, text := range r.Requires {
		if _, err := pep508.Parse(text); err != nil {
			return t.Bad("requires", `such as requires = ["cython<3"]`, "requires: %v", err)
		}
	}
	return nil
}

var (
	envName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

	// conditions of a build are not a recipe's to change.
	fixedEnv = []string{"HOME", "TMPDIR", "PATH", "LC_ALL", "TZ", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME"}
)

func (r *Recipe) readEnv(t toml.Table) (err error) {
	if r.Env, err = t.TextMap("env"); err != nil {
		return err
	}
	sub, _, err := t.Table("env")
	for name := range r.Env {
		if !envName().MatchString(name) {
			return sub.Bad(name, "letters, digits and underscores", "%q cannot be the name of a variable", name)
		}
		if slices.Contains(fixedEnv, name) {
			return sub.Bad(name, "leave it out", "%s is a condition that is the same for every build", name)
		}
	}
	return err
}

func (r *Recipe) readSettings(t toml.Table) error {
	sub, there, err := t.Table("settings")
	if err != nil || !there {
		return err
	}
	r.Settings = map[string][]string{}
	for name, value := range sub.Values {
		if text, ok := value.(string); ok {
			r.Settings[name] = []string{text}
			continue
		}
		if r.Settings[name], err = sub.Texts(name); err != nil {
			return err
		}
	}
	return nil
}

// distributions whose names of packages a recipe may give.
var distributions = []string{"debian", "fedora", "alpine", "arch", "homebrew"}

func (r *Recipe) readSystem(t toml.Table) error {
	tables, err := t.Tables("system")
	if err != nil {
		return err
	}
	for _, sub := range tables {
		if err := sub.Only(append([]string{"name", "header"}, distributions...)...); err != nil {
			return err
		}
		s := System{Called: map[string]string{}}
		for key := range sub.Values {
			text, err := sub.Text(key)
			if err != nil {
				return err
			}
			switch key {
			case "name":
				s.Name = text
			case "header":
				s.Header = text
			default:
				s.Called[key] = text
			}
		}
		if s.Name == "" {
			return sub.Bad("", `name = "libpq"`, "a system library needs a name")
		}
		r.System = append(r.System, s)
	}
	return nil
}

func (r *Recipe) readPatches(t toml.Table) error {
	tables, err := t.Tables("patch")
	if err != nil {
		return err
	}
	for _, sub := range tables {
		if err := sub.Only("file", "from", "to", "versions"); err != nil {
			return err
		}
		var p Patch
		for key, to := range map[string]*string{"file": &p.File, "from": &p.From, "to": &p.To} {
			if *to, err = sub.Text(key); err != nil {
				return err
			}
		}
		if !filepath.IsLocal(filepath.FromSlash(p.File)) || p.From == "" {
			return sub.Bad("", `file = "setup.py", from = "…", to = "…"`, "a patch names a file of the sources and the text that it replaces")
		}
		if p.Versions, err = specifiers(sub, "versions"); err != nil {
			return err
		}
		r.Patches = append(r.Patches, p)
	}
	return nil
}
