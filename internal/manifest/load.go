package manifest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/toml"
)

// FileName is the manifest's name by PEP 518.
const FileName = "pyproject.toml"

// Load reads the project in the folder root: pyproject.toml where it has
// [project] or [dependency-groups], else the requirements files that lie there
// (with [tool.snug] of pyproject.toml, if any). Errors are fault.Input with
// file and line, or fault.NotFound where there is nothing to read.
func Load(root string, env func(string) string) (*Project, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	p := &Project{Root: root, Name: projectName(filepath.Base(root)), env: env}
	doc, err := p.readTOML()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return p.load(doc)
}

// Parse is Load for a pyproject.toml that is not on disk: src, as if it lay in
// root. It has [project].
func Parse(root string, src []byte, env func(string) string) (*Project, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	doc, err := toml.Parse(FileName, src)
	if err != nil {
		return nil, err
	}
	p := &Project{Root: root, Name: projectName(filepath.Base(root)), env: env}
	return p.load(doc)
}

// load reads the project of a document, or of requirements files.
func (p *Project) load(doc *toml.Document) (*Project, error) {
	var err error
	if doc != nil && declares(doc) {
		err = p.fromPyproject(doc)
	} else {
		err = p.fromRequirements(doc, p.env)
	}
	if err == nil {
		err = p.refuseUvFile()
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// projectName makes a folder's name usable as a project's.
func projectName(folder string) string {
	name := strings.Trim(pep508.NormalizeName(strings.Map(func(r rune) rune {
		if r < 0x80 && (toml.IsBare(byte(r)) || r == '.') {
			return r
		}
		return '-'
	}, folder)), "-")
	if name == "" {
		return "project"
	}
	return name
}

// readTOML reads pyproject.toml; fs.ErrNotExist when there is none.
func (p *Project) readTOML() (*toml.Document, error) {
	path := filepath.Join(p.Root, FileName)
	src, err := readFile(path)
	if err != nil {
		return nil, err
	}
	p.Files = append(p.Files, path)
	return toml.Parse(p.label(), src)
}

// label is how messages call the project's pyproject.toml.
func (p *Project) label() string {
	if p.top == nil {
		return FileName
	}
	return path.Join(p.below("."), FileName)
}

// declares reports whether the document itself says what is wanted.
func declares(d *toml.Document) bool {
	_, project := d.Root["project"]
	_, groups := d.Root["dependency-groups"]
	return project || groups || poetic(d)
}

// poetic reports whether [tool.poetry] says what the project is.
func poetic(d *toml.Document) bool {
	for _, key := range []string{"dependencies", "dev-dependencies", "group"} {
		if at(d.Root, "tool", "poetry", key) != nil {
			return true
		}
	}
	return false
}

// readFile reads a bounded file: fs.ErrNotExist, or fault.Input where it cannot
// be read.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(data) > maxFileSize {
		return nil, fault.New(fault.Input, "name the file that holds the requirements: this one is something else", "%s: larger than %d MB", path, maxFileSize>>20)
	}
	return data, nil
}

func unreadable(path string, err error) error {
	var at *fs.PathError // says the path once more
	if errors.As(err, &at) {
		err = at.Err
	}
	return fault.New(fault.Input, "name a text file that this user may read", "read %s: %w", path, err)
}

// Loose makes a project of one runtime, "prod", from requirements given one by
// one and in files, without a project. dir is what relative paths start from.
func Loose(dir string, args, files, constraints []string, env func(string) string) (*Project, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &Project{Root: root, Loose: true, Name: projectName(filepath.Base(root)), env: env}
	rt := Runtime{Name: "prod", Isolated: true}
	for _, arg := range args {
		rd := &reader{root: root, env: env, out: &Requirements{}}
		if err := rd.requirement(arg, Origin{File: argument + arg}, root, false); err != nil {
			return nil, err
		}
		rt.Requirements = append(rt.Requirements, rd.out.Requirements...)
	}
	for _, f := range files {
		read, err := readRequirements(root, f, env)
		if err != nil {
			return nil, err
		}
		p.take(read)
		rt.Requirements = append(rt.Requirements, read.Requirements...)
	}
	for _, f := range constraints {
		read, err := readRequirements(root, f, env)
		if err != nil {
			return nil, err
		}
		p.Constraints = append(append(p.Constraints, read.Constraints...), read.Requirements...)
	}
	p.Runtimes = []Runtime{rt}
	if err := p.takeSelf(); err != nil {
		return nil, err
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	return p, nil
}

// takeSelf reads the project in the root where a requirement names it, as
// "-e ." does.
func (p *Project) takeSelf() error {
	for _, r := range p.Runtimes[0].Requirements {
		if r.Path != "." {
			continue
		}
		doc, err := p.readTOML()
		if err != nil {
			return err
		}
		if err := p.readForeign(doc, nil); err != nil {
			return err
		}
		return p.readProject(doc)
	}
	return nil
}
