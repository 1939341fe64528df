// Package foreign reads what other tools wrote of a project: the locks of uv,
// poetry, pdm and pipenv, requirements files as pip-compile writes them,
// Pipfile, and conda's environment.yml. It decides nothing and writes nothing:
// what it reads becomes a pyproject.toml (manifest.Init) or the versions that
// resolving prefers (Lock).
//
// The one hard idea is Left. No two of these formats can say the same things,
// so every parser ends with a list of what snug has no word for, each with the
// reason. A reader that would rather skip something puts it there.
package foreign

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/manifest"
)

// Limits of what is read.
const (
	MaxSize  = lock.MaxSize     // bytes of one file
	maxPins  = lock.MaxPackages // locked versions of one file
	maxRoots = 10_000           // requirements of one file
	maxLeft  = 10_000           // things that are not carried over
)

// The formats, by the name of their usual file.
const (
	Uv           = "uv.lock"
	Poetry       = "poetry.lock"
	Pdm          = "pdm.lock"
	PipfileLock  = "Pipfile.lock"
	Pipfile      = "Pipfile"
	Requirements = "requirements.txt"
	Conda        = "environment.yml"
	Pylock       = "pylock.toml"
)

// Import is what one file says.
type Import struct {
	Format         string
	Path           string // as it was given
	Name, Version  string // of the project; "" where the format does not tell
	RequiresPython string // PEP 440; "": any
	// Rooted says that the file tells which packages were asked for. Those are
	// Dependencies, the Groups by name and the Extras by name.
	Rooted         bool
	Dependencies   []manifest.Requirement
	Groups, Extras map[string][]manifest.Requirement
	Sources        []string // files that a compiled file was made from, as it names them
	Compiled       bool     // a requirements file that tells why each package is there
	Pins           []Pin
	Loose          []Loose  // packages of which no version of an index is locked
	MarkerGroups   []string // dependency groups and extras that the markers of pins may
	MarkerExtras   []string // speak of
	IndexURL       string   // the index that is asked last, without a login; "": not said
	Indexes        []manifest.Index
	Left           []Left
}

// Pin is one version that was locked. Files and Hashes are what the format
// tells of its files: sha256 by file name, or without the names.
type Pin struct {
	Name    string // normalised
	Version string // PEP 440, normalised
	Marker  string // "" for always
	Files   map[string]string
	Hashes  []string
	Needs   []string // normalised names of what it depends on, where the format tells
	File    string   // where a list includes others: the one that pins it, from the list's folder; "": the file itself
	Line    int      // 0: not known
}

// Loose is a package that is asked for or locked without a version of an index.
type Loose struct {
	Name string // as it is written, where it is no name
	What string // the requirement, or what it comes from: "a folder", "git"
	Own  bool   // a folder: code of the project's own
	File string // as in Pin
	Line int    // 0: not known
}

// Left is something that could not be carried over.
type Left struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// format is one row of the table of formats.
type format struct {
	name  string
	is    func(file string) bool
	parse func(data []byte, path string) (*Import, error)
}

// formats are told by the file's name; the first row that fits wins. env is
// where requirements files find their ${VARIABLE}.
func formats(env func(string) string) []format {
	named := func(name string) func(string) bool { return func(file string) bool { return file == name } }
	ending := func(ends ...string) func(string) bool {
		return func(file string) bool { return slices.Contains(ends, filepath.Ext(file)) }
	}
	withEnv := func(parse func([]byte, string, func(string) string) (*Import, error)) func([]byte, string) (*Import, error) {
		return func(data []byte, path string) (*Import, error) { return parse(data, path, env) }
	}
	return []format{
		{Uv, named(Uv), ParseUv},
		{Poetry, named(Poetry), ParsePoetry},
		{Pdm, named(Pdm), ParsePdm},
		{PipfileLock, named(PipfileLock), ParsePipfileLock},
		{Pipfile, named(Pipfile), ParsePipfile},
		{Pylock, lock.IsFileName, ParsePylock},
		{Conda, ending(".yml", ".yaml"), withEnv(ParseConda)},
		{Requirements, ending(".txt", ".in"), withEnv(ParseRequirements)},
	}
}

// Knows tells whether a file's name tells its format.
func Knows(path string) bool {
	return slices.ContainsFunc(formats(nil), func(f format) bool { return f.is(filepath.Base(path)) })
}

// Read reads a file whose name tells its format. Errors are fault.NotFound,
// fault.Usage for a name that tells none, fault.Input with file and line, or
// fault.Unsupported for a version of the format that is not known.
func Read(path string, env func(string) string) (*Import, error) {
	base := filepath.Base(path)
	for _, f := range formats(env) {
		if !f.is(base) {
			continue
		}
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		return f.parse(data, path)
	}
	return nil, fault.New(fault.Usage, "its name tells the format: "+strings.Join([]string{Uv, Poetry, Pdm, PipfileLock, Pipfile, "*.txt", "*.yml", Pylock}, ", "),
		"%s: not a lock or a list that snug reads", path)
}

// ReadRequirements is Read for a requirements file of any name.
func ReadRequirements(path string, env func(string) string) (*Import, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseRequirements(data, path, env)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the path starts from the folder that snug is run in", "there is no %s", path)
	}
	if err != nil {
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	}
	return data, nil
}

// Locks are the files in a folder that lock versions for somebody else than
// snug, the most telling first. A requirements file counts where a tool says in
// it that it made it.
func Locks(root string) []string {
	var out []string
	for _, name := range []string{Uv, Poetry, Pdm, PipfileLock} {
		if isFile(filepath.Join(root, name)) {
			out = append(out, name)
		}
	}
	if compiled(filepath.Join(root, Requirements)) {
		out = append(out, Requirements)
	}
	return out
}

// Manifests are the files in a folder that say what is wanted without being a
// pyproject.toml or a requirements file, the most telling first.
func Manifests(root string) []string {
	var out []string
	for _, name := range []string{Pipfile, Uv, Conda, "environment.yaml"} {
		if isFile(filepath.Join(root, name)) {
			out = append(out, name)
		}
	}
	return out
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// compiled tells by its head whether pip-compile or uv wrote the file.
func compiled(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 512))
	return err == nil && strings.Contains(string(head), "autogenerated by")
}

// Lock is the versions of several files as resolving prefers them; of two files
// the first speaks first.
func Lock(imports []*Import) *lock.Lock {
	out := &lock.Lock{LockVersion: lock.Version}
	for _, m := range imports {
		out.CreatedBy = m.Format
		out.DependencyGroups = append(out.DependencyGroups, m.MarkerGroups...)
		out.Extras = append(out.Extras, m.MarkerExtras...)
		for _, p := range m.Pins {
			out.Packages = append(out.Packages, lock.Package{Name: p.Name, Version: p.Version, Marker: p.Marker})
		}
	}
	return out
}

// Draft is what manifest.Init writes of an import.
func (m *Import) Draft() manifest.Draft {
	return manifest.Draft{
		Name: m.Name, Version: m.Version, RequiresPython: m.RequiresPython, Dependencies: m.Dependencies, Groups: m.Groups, Extras: m.Extras,
		IndexURL: m.IndexURL, Indexes: m.Indexes,
	}
}
