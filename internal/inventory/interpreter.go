package inventory

import (
	"context"
	"path"
	"regexp"
	"strings"

	"github.com/package-url/packageurl-go"

	"snug/internal/component"
	"snug/internal/fault"
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

// interpreter tells the facts of the one whose standard library is in lib.
func (t *tree) interpreter(ctx context.Context, lib string) (*Facts, error) {
	version, from := t.pythonVersion(lib)
	if version == "" {
		return nil, fault.New(fault.Input, "install it whole", "the interpreter of %s does not tell its version", lib)
	}
	r := &reading{tree: t, ctx: ctx, site: path.Join(lib, "site-packages"), facts: &Facts{Schema: Schema, Package: cpython(version)}}
	r.facts.Package.Paths, r.facts.Package.How = []string{from}, []string{"patchlevel.h"}
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
		PURL: packageurl.NewPackageURL("generic", "", "cpython", version, nil, "").ToString(), CPE: cpe("python:python", version),
	}
}

// cpe names a product of NVD's, "vendor:product", in a version.
func cpe(product, version string) string {
	if product == "" || version == "" {
		return ""
	}
	return "cpe:2.3:a:" + product + ":" + version + ":*:*:*:*:*:*:*"
}

// pythonVersion is the version in the headers, and their path.
func (t *tree) pythonVersion(lib string) (version, from string) {
	prefix := path.Dir(path.Dir(lib))
	names := []string{path.Join(prefix, "include", path.Base(lib), "patchlevel.h"), path.Join(path.Dir(lib), "include", "patchlevel.h"), path.Join(path.Dir(lib), "Include", "patchlevel.h")}
	for _, name := range names {
		f, ok := t.find(name)
		if !ok {
			continue
		}
		if text, ok := t.read(f.Path, maxPatchLevel); ok {
			if m := regexp.MustCompile(`#define PY_VERSION\s+"([0-9]+\.[0-9]+\.[0-9]+[a-z0-9+]*)"`).FindSubmatch(text); m != nil {
				return string(m[1]), f.Path
			}
		}
	}
	return "", ""
}
