package assemble

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// pthLines is what the wheels' .pth files hold.
type pthLines struct {
	paths []string // relative to the runtime
	lost  []string // what does not count where site does not run, in words
}

// readPth reads the .pth files at the top of site-packages, as site would.
func (in *Input) readPth(wheels []layer) (pthLines, error) {
	var out pthLines
	site := in.sitePackages()
	for _, l := range wheels {
		for _, f := range l.tree.Files {
			name, here := strings.CutPrefix(f.Path, site+"/")
			if !here || !strings.HasSuffix(name, ".pth") || strings.Contains(name, "/") || strings.HasPrefix(name, ".") {
				continue // site passes hidden ones by, too
			}
			text, err := os.ReadFile(filepath.Join(l.tree.Dir, filepath.FromSlash(f.Path)))
			if err != nil {
				return out, err
			}
			out.add(l.name, site, name, string(text))
		}
	}
	return out, nil
}

func (p *pthLines) add(owner, site, file, text string) {
	code := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "import\t"):
			code = true
		default:
			dir := path.Join(site, line)
			if path.IsAbs(line) || !filepath.IsLocal(filepath.FromSlash(dir)) {
				p.lost = append(p.lost, fmt.Sprintf("%s: %s adds %s to the path, which lies outside of the runtime: left out where isolated", owner, file, line))
				continue
			}
			p.paths = append(p.paths, dir)
		}
	}
	if what := broken(file); code && what != "" {
		p.lost = append(p.lost, fmt.Sprintf("%s: %s runs code when Python starts, which does not happen where isolated: %s", owner, file, what))
	}
}

// broken is what a package misses where the code of its .pth file does not run;
// nothing for namespace packages of the old kind, which Python finds without
// since PEP 420. The files named here are those that are often seen.
func broken(file string) string {
	switch {
	case strings.HasSuffix(file, "-nspkg.pth"):
		return ""
	case file == "distutils-precedence.pth":
		return "distutils can be imported only after setuptools"
	case strings.Contains(file, "coverage") || file == "pytest-cov.pth":
		return "the coverage of child processes is not measured"
	case strings.HasPrefix(file, "__editable__"):
		return "the package is not found"
	}
	return "what it sets up is missing; snug prove shows whether the package still imports, isolated = false gives it back"
}
