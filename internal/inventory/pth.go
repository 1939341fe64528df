package inventory

import (
	"path"
	"strings"

	"snug/internal/digest"
)

// pth reads the files at the top of site-packages that site reads when Python
// starts. Hidden ones, which site passes by since 3.12.3 and 3.11.9, count: older
// interpreters read them.
func (r *reading) pth() error {
	for _, f := range r.files {
		name, here := relative(r.site, f.Path)
		if !here || strings.Contains(name, "/") || f.Link != "" {
			continue
		}
		stem, _, _ := strings.Cut(name, ".")
		switch {
		case (stem == "sitecustomize" || stem == "usercustomize") && isModule(name):
			r.facts.Hooks = append(r.facts.Hooks, f.Path)
		case path.Ext(name) == ".pth" || path.Ext(name) == ".start":
			r.facts.Pth = append(r.facts.Pth, r.onePth(f.Path))
		}
	}
	for _, name := range []string{"sitecustomize", "usercustomize"} {
		if _, ok := r.find(path.Join(r.site, name, "__init__.py")); ok {
			r.facts.Hooks = append(r.facts.Hooks, path.Join(r.site, name, "__init__.py"))
		}
	}
	r.facts.Pth = bounded(r.tree, ".pth files", r.facts.Pth)
	return nil
}

func (r *reading) onePth(name string) Pth {
	out := Pth{Path: name}
	text, ok := r.read(name, maxPth)
	if !ok {
		return out
	}
	out.SHA256 = digest.Of(text).String()
	start := path.Ext(name) == ".start"
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r", "\n")) {
		kept := cut(strings.TrimRight(line, " \t\n\f\v"), maxPthLine)
		switch {
		case strings.TrimSpace(kept) == "" || strings.HasPrefix(kept, "#"):
		case start || strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "import\t"):
			out.Code = append(out.Code, kept)
		default:
			out.Paths = append(out.Paths, kept)
		}
	}
	out.Code, out.Paths = bounded(r.tree, "code lines in "+name, out.Code), bounded(r.tree, "paths in "+name, out.Paths)
	return out
}
