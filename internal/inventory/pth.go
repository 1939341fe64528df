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
		folder := path.Join(r.site, name)
		for _, f := range r.below(folder) {
			stem, _, _ := strings.Cut(path.Base(f.Path), ".")
			if path.Dir(f.Path) == folder && stem == "__init__" && isModule(f.Path) {
				r.facts.Hooks = append(r.facts.Hooks, f.Path)
			}
		}
	}
	r.facts.Pth = bounded(r.tree, ".pth files", r.facts.Pth)
	return nil
}

// lineEnds are the ends of lines of Python's str.splitlines, by which site parts a file
// since 3.13: code may begin behind each.
var lineEnds = strings.NewReplacer("\r", "\n", "\v", "\n", "\f", "\n", "\x1c", "\n", "\x1d", "\n", "\x1e", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func (r *reading) onePth(name string) Pth {
	out := Pth{Path: name}
	text, ok := r.read(name, maxPth)
	if !ok {
		return out
	}
	out.SHA256 = digest.Of(text).String()
	start := path.Ext(name) == ".start"
	for line := range strings.Lines(lineEnds.Replace(strings.TrimPrefix(string(text), "\ufeff"))) {
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
