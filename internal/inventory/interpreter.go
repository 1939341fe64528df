package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"snug/internal/component"
	"snug/internal/generation"
)

// maxPatchLevel bounds the header that names an interpreter's version.
const maxPatchLevel = 64 << 10

// stdlib is the folder of the standard library, if the tree has one.
func (t *tree) stdlib() (dir string, ok bool) {
	for _, dir := range t.stdlibs() {
		return dir, true
	}
	return "", false
}

// stdlibs are all such folders.
func (t *tree) stdlibs() (out []string) {
	for _, f := range t.files {
		dir, base := path.Split(f.Path)
		dir = strings.TrimSuffix(dir, "/")
		name := path.Base(dir)
		if base == "os.py" && (strings.HasPrefix(name, "python3.") && path.Base(path.Dir(dir)) == "lib" || name == "Lib") {
			out = append(out, dir)
		}
	}
	return out
}

// interpreter tells the facts of the one whose standard library is in lib. A version
// that nothing tells is left empty, and noted.
func (t *tree) interpreter(ctx context.Context, lib string) (*Facts, error) {
	r := &reading{tree: t, ctx: ctx, site: path.Join(lib, "site-packages"), facts: &Facts{Schema: Schema}}
	version, from, how := r.pythonVersion(lib)
	if version == "" {
		r.note("the interpreter of %s does not tell its version", lib)
	}
	r.facts.Package = cpython(version)
	r.facts.Package.Paths, r.facts.Package.How = []string{from}, []string{how}
	for _, step := range []func() error{r.pth, r.licenses, r.natives, r.sboms, r.vendored} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.finish()
	return r.facts, ctx.Err()
}

// cpython is the interpreter as a component.
func cpython(version string) component.Component {
	return component.Component{
		Class: component.Interpreter, Name: "cpython", Version: version,
		PURL: component.GenericURL("cpython", version), CPE: component.CPE("python:python", version),
	}
}

// pythonVersion is the interpreter's version, and which file tells it: the headers, what
// the build said of itself (PEP 739), or the text that is built in.
func (r *reading) pythonVersion(lib string) (version, from, how string) {
	up := path.Dir(lib)
	headers := []string{path.Join(path.Dir(up), "include", path.Base(lib), "patchlevel.h"), path.Join(up, "include", "patchlevel.h"), path.Join(up, "Include", "patchlevel.h")}
	for _, name := range headers {
		if text, ok := r.readIf(name, maxPatchLevel); ok {
			if m := regexp.MustCompile(`#define PY_VERSION\s+"([0-9]+\.[0-9]+\.[0-9]+[a-z0-9+]*)"`).FindSubmatch(text); m != nil {
				return string(m[1]), name, "patchlevel.h"
			}
		}
	}
	name := path.Join(lib, "build-details.json")
	if text, ok := r.readIf(name, maxPatchLevel); ok {
		if version := detailedVersion(text); version != "" {
			return version, name, "build-details.json"
		}
	}
	return r.builtInVersion(strings.TrimPrefix(path.Base(lib), "python"))
}

// readIf is read for a file that need not be there.
func (r *reading) readIf(name string, max int64) ([]byte, bool) {
	if _, ok := r.find(name); !ok {
		return nil, false
	}
	return r.read(name, max)
}

// detailedVersion reads "implementation.version" of build-details.json; "" where it is
// not that of a CPython.
func detailedVersion(text []byte) string {
	var details struct {
		Implementation struct {
			Name    string
			Version struct {
				Major, Minor, Micro int
				ReleaseLevel        string
				Serial              int
			}
		}
	}
	if json.Unmarshal(text, &details) != nil || details.Implementation.Name != "cpython" {
		return ""
	}
	v := details.Implementation.Version
	version := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Micro)
	switch v.ReleaseLevel {
	case "alpha", "beta":
		version += fmt.Sprintf("%c%d", v.ReleaseLevel[0], v.Serial)
	case "candidate":
		version += fmt.Sprintf("rc%d", v.Serial)
	}
	return version
}

// builtInVersion looks for the one text in libpython or the executable that is a version
// of the minor ("3.14"; another name of the folder than python3.14 tells none).
func (r *reading) builtInVersion(minor string) (version, from, how string) {
	want, err := regexp.Compile(`^` + regexp.QuoteMeta(minor) + `\.\d{1,2}(?:(?:a|b|rc)\d{1,2})?\+?$`)
	if err != nil || !strings.HasPrefix(minor, "3.") {
		return "", "", ""
	}
	for _, f := range r.files {
		base := path.Base(f.Path)
		if f.Link != "" || isText(f.Path) || !strings.HasPrefix(base, "libpython"+minor) && base != "python"+minor {
			continue
		}
		versions := map[string]bool{}
		err := r.constants(f, func(text []byte) {
			if want.Match(text) {
				versions[string(text)] = true
			}
		})
		if err != nil {
			r.note("%s: %v", f.Path, err)
		}
		for version := range versions {
			if len(versions) == 1 {
				return version, f.Path, howVersion
			}
		}
	}
	return "", "", ""
}

// constants calls found with the short texts of a native file.
func (r *reading) constants(f generation.File, found func(text []byte)) error {
	file, err := r.fsys.Open(f.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 4)
	if _, err := io.ReadFull(file, head); err != nil {
		return err
	}
	at, err := readerAt(file, head)
	if err != nil || formatOf(head) != "elf" {
		return err
	}
	spans, err := new(Native).readELF(at, f.Size)
	if err != nil {
		return err
	}
	return bareTexts(at, spans, found)
}
