package manifest

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/toml"
)

var (
	named   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*@`) })
	bareURL = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9+]+://|^file:`) })
)

// parse reads the requirement itself: PEP 508, a bare URL, or a local path.
func (rd *reader) parse(text string, at Origin, dir string) (Requirement, error) {
	switch {
	case named().MatchString(text):
	case bareURL().MatchString(text):
		return rd.parseURL(text, at)
	case looksLocal(text, dir):
		return rd.parsePath(text, at, dir)
	}
	r, err := pep508.Parse(text)
	if err != nil {
		return Requirement{}, inputAt(at.File, at.Line, RequirementHint, "%s", withoutLogin(err.Error()))
	}
	return newRequirement(r, at), nil
}

// looksLocal tells a path from a name, as pip does: it has a separator or
// starts with a dot, or it names an archive that is there.
func looksLocal(text, dir string) bool {
	p, _, _ := splitPath(text)
	if strings.HasPrefix(p, ".") || strings.ContainsAny(p, `/\`) {
		return true
	}
	if !isArchive(p) {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, p))
	return err == nil
}

// isArchive tells whether a file name is a wheel's or a source archive's.
func isArchive(file string) bool {
	return slices.ContainsFunc([]string{".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz"}, func(ext string) bool { return strings.HasSuffix(file, ext) })
}

// splitPath cuts "path[extras] ; marker".
func splitPath(text string) (path, extras, marker string) {
	path, marker, _ = strings.Cut(text, ";")
	path = strings.TrimSpace(path)
	if i := strings.LastIndexByte(path, '['); i > 0 && strings.HasSuffix(path, "]") {
		path, extras = path[:i], path[i:]
	}
	return strings.TrimSpace(path), extras, strings.TrimSpace(marker)
}

// parseURL names a bare URL by its #egg= or its file name.
func (rd *reader) parseURL(text string, at Origin) (Requirement, error) {
	link, marker, _ := strings.Cut(text, " ;")
	link = strings.TrimSpace(link)
	u, err := url.Parse(link)
	if err != nil {
		return Requirement{}, inputAt(at.File, at.Line, "such as https://index.example/idna-3.9-py3-none-any.whl", "malformed URL %s", redact(link))
	}
	frag, _ := url.ParseQuery(u.Fragment)
	name := frag.Get("egg")
	if name == "" {
		name = nameOfFile(path.Base(u.Path))
	}
	if name == "" {
		return Requirement{}, inputAt(at.File, at.Line, "write name @ "+redact(link), "%s does not tell the package's name", redact(link))
	}
	return finish(name+" @ "+link, marker, at)
}

// finish parses a composed requirement with its marker.
func finish(text, marker string, at Origin) (Requirement, error) {
	if marker = strings.TrimSpace(marker); marker != "" {
		text += " ; " + marker
	}
	r, err := pep508.Parse(text)
	if err != nil {
		return Requirement{}, inputAt(at.File, at.Line, RequirementHint, "%s", withoutLogin(err.Error()))
	}
	return newRequirement(r, at), nil
}

// nameOfFile is the project name in a wheel's or sdist's file name, or "".
func nameOfFile(file string) string {
	if w, err := dist.ParseWheelName(file); err == nil {
		return w.Name
	}
	for _, ext := range []string{".tar.gz", ".zip", ".tar.bz2", ".tgz"} {
		if stem, ok := strings.CutSuffix(file, ext); ok {
			if i := strings.LastIndexByte(stem, '-'); i > 0 {
				return stem[:i]
			}
		}
	}
	return ""
}

// parsePath names a local folder by its static [project], an archive by its
// file name. Path is relative to the root.
func (rd *reader) parsePath(text string, at Origin, dir string) (Requirement, error) {
	p, extras, marker := splitPath(text)
	p = filepath.FromSlash(p)
	if !filepath.IsAbs(p) {
		p = filepath.Join(dir, p)
	}
	info, err := os.Stat(p)
	if err != nil {
		return Requirement{}, inputAt(at.File, at.Line, pathHint, "no file or folder %s", text)
	}
	name := nameOfFile(filepath.Base(p))
	if info.IsDir() {
		if name, err = nameOfFolder(p, at); err != nil {
			return Requirement{}, err
		}
	}
	if name == "" {
		return Requirement{}, inputAt(at.File, at.Line, "write name @ file:///…", "%s does not tell the package's name", text)
	}
	r, err := finish(name+extras, marker, at)
	r.Path = Relative(rd.root, p)
	if rel, err := filepath.Rel(rd.root, p); err == nil {
		r.Path = filepath.ToSlash(rel)
	}
	return r, err
}

// nameOfFolder reads the name in a folder's [project].
func nameOfFolder(dir string, at Origin) (string, error) {
	src, err := readFile(filepath.Join(dir, FileName))
	if err != nil {
		return "", fault.New(fault.Unsupported, nameHint, "%s: %s has no readable pyproject.toml, and snug runs no setup.py to learn its name", at, filepath.Base(dir))
	}
	doc, err := toml.Parse(filepath.Join(dir, FileName), src)
	if err != nil {
		return "", err
	}
	name := staticName(doc)
	if name == "" {
		return "", fault.New(fault.Unsupported, nameHint, "%s: the pyproject.toml of %s has no static name", at, filepath.Base(dir))
	}
	return name, nil
}

// staticName is the name that [project] or [tool.poetry] gives; "" if none.
func staticName(d *toml.Document) string {
	name, _ := at(d.Root, "project", "name").(string)
	if name == "" {
		name, _ = at(d.Root, "tool", "poetry", "name").(string)
	}
	return name
}
