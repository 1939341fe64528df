package assemble

import (
	_ "embed"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/generation"
	"snug/internal/manifest"
	"snug/internal/wheel"
)

// projectPth puts the project on sys.path where site is at work.
const projectPth = "_snug_project.pth"

// externallyManaged is what pip and uv print (PEP 668).
const externallyManaged = `[externally-managed]
Error=This Python is a runtime that snug assembled: exactly what its lock says.
 To add a package, run:

     snug add NAME
     snug build

 For something to throw away: snug run dev -- python -m venv DIR
`

// isolatedDir comes first on an isolated runtime's path: it holds what stands
// before a module of the standard library there.
const isolatedDir = "share/snug/isolated"

// venvStop is what `python -m venv` meets in an isolated runtime.
//
//go:embed venv.py
var venvStop string

// ensurepip is how `python -m venv` gets its pip where the interpreter has no
// ensurepip of its own.
//
//go:embed ensurepip.py
var ensurepip string

// noPip is what externallyManaged adds where nothing could put pip into a
// virtual environment.
const noPip = " This Python came without a pip to put there: snug add pip --runtime dev, first.\n"

// addControl adds the control files: the closed list of what snug adds.
func (in *Input) addControl(own *ownFiles, wheels []layer, code []*manifest.Local) error {
	control := map[string]string{generation.LockPath: string(in.LockBytes)}
	if in.Bytecode {
		control[wheel.SealedPath] = "launchers write no bytecode here\n"
	}
	in.addPipControl(control, wheels)
	pth, err := in.readPth(wheels)
	if err != nil {
		return err
	}
	roots, err := in.importRoots(code)
	if err != nil {
		return err
	}
	if in.Isolated {
		control["python"+in.minor()+"._pth"] = in.isolatedPath(pth.paths, roots)
		control[isolatedDir+"/venv.py"] = venvStop
		own.manifest.Notes = append(own.manifest.Notes, pth.lost...)
	} else if len(roots) > 0 {
		control[in.sitePackages()+"/"+projectPth] = strings.Join(roots, "\n") + "\n"
	}
	for name, text := range control {
		own.add(name, []byte(text), generation.Control, generation.OwnerSnug)
	}
	return in.addApp(own)
}

// addPipControl says what pip may do here, and brings an ensurepip where the
// interpreter has none and virtual environments can be made.
func (in *Input) addPipControl(control map[string]string, wheels []layer) {
	lib := "lib/python" + in.minor()
	managed := externallyManaged
	if !in.Isolated && !in.bringsEnsurepip() {
		control[lib+"/ensurepip.py"] = ensurepip
		if !slices.ContainsFunc(wheels, func(l layer) bool { return l.name == "pip" }) {
			managed += noPip
		}
	}
	control[lib+"/EXTERNALLY-MANAGED"] = managed
}

func (in *Input) bringsEnsurepip() bool {
	own := "lib/python" + in.minor() + "/ensurepip/__init__.py"
	return slices.ContainsFunc(in.Interpreter.Files, func(f generation.File) bool { return f.Path == own })
}

// isolatedPath is the text of ._pth: relative lines, so that it may be moved,
// and no "import site", so that nothing else gets in.
func (in *Input) isolatedPath(fromWheels, roots []string) string {
	lib := "lib/python" + in.minor()
	lines := append([]string{isolatedDir, lib, lib + "/lib-dynload", lib + "/site-packages"}, fromWheels...)
	return strings.Join(append(lines, roots...), "\n") + "\n"
}

// importRoots are the lines that put first-party code on sys.path: through
// `app` from the runtime's root where it is isolated or copied, else straight
// to the project, relative to site-packages, so that tracebacks, coverage and
// breakpoints name the files that people edit.
func (in *Input) importRoots(code []*manifest.Local) ([]string, error) {
	if !in.hasProject() {
		return nil, nil
	}
	base := "app"
	if !in.Isolated {
		project := filepath.Join(in.at(), "app")
		if !in.Copy {
			project = in.Project.Root
		}
		rel, err := filepath.Rel(filepath.Join(in.at(), filepath.FromSlash(in.sitePackages())), project)
		if err != nil {
			return nil, err
		}
		base = filepath.ToSlash(rel)
	}
	roots := []string{base}
	for _, local := range code {
		for _, p := range local.Paths {
			p = path.Join(local.Dir, p)
			if !filepath.IsLocal(filepath.FromSlash(p)) {
				return nil, fmt.Errorf("import root %q leaves the project", p)
			}
			if root := base + "/" + p; p != "." && !slices.Contains(roots, root) {
				roots = append(roots, root)
			}
		}
	}
	return roots, nil
}

// hasProject tells whether there is first-party code. A folder in which somebody
// only asked for packages has none: whatever lies in it is not ours to deliver.
func (in *Input) hasProject() bool {
	return in.Project != nil && in.Project.Root != "" && (!in.Project.Loose || len(in.Project.Own()) > 0)
}
