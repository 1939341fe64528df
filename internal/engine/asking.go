package engine

import (
	"cmp"
	"fmt"
	"slices"

	"snug/internal/manifest"
	"snug/internal/pep508"
	"snug/internal/resolve"
)

// asking is the command that asked, as fixes repeat it.
type asking struct {
	typed    typed
	manifest bool     // what counts is the manifest and nothing else, so that a changed manifest is a fix
	added    []string // requirements of `snug add`, of the runtime; the manifest has them only if it works
	runtime  string
	removes  bool // `snug remove`, which leaves the manifest as it was: what would help it is not what helps that
	builds   bool // only targets that have this machine among them
	folder   string
}

// settings are the flags that another command for the same project has to repeat.
func (by asking) settings() typed {
	out := by.typed.settings()
	if by.folder != "" {
		out = append(out, "--project", by.folder)
	}
	return out
}

// addition is the command that puts requirements into a runtime.
func (by asking) addition(p *manifest.Project, reqs []string, runtime string) typed {
	line := append(typed{"add"}, reqs...)
	if runtime != "" && runtime != p.Runtimes[0].Name {
		line = append(line, "--runtime", runtime)
	}
	return append(line, by.settings()...)
}

// replace is the change of one of the project's requirements into another: as a
// command where snug add does exactly that, else as an edit.
func (a *adviser) replace(kind resolve.FixKind, q manifest.Requirement, other pep508.Requirement) (change, bool) {
	c := change{Fix: resolve.Fix{Kind: kind}, question: a.with(q, other)}
	if word, ok := q.Argument(); ok && slices.Contains(a.typed, word) {
		c.Command = a.typed.instead(word, other.String()).String()
		return c, true
	}
	c.Edit = edited(q, other)
	switch runtime, ok := a.project.RuntimeOf(q); {
	case !a.manifest:
		return c, true
	case len(a.added) > 0:
		added, ok := a.addedWith(q, other, runtime)
		return a.adding(c, added, a.runtime), ok
	case !ok:
		return c, true
	default:
		return a.adding(c, []string{other.String()}, runtime), true
	}
}

// edited says what to write by hand.
func edited(q manifest.Requirement, other pep508.Requirement) string {
	return fmt.Sprintf("write %s in the place of %s (%s)", other, q.Requirement, q.Origin)
}

// addedWith is what `snug add` would have to add so that other stands in the
// place of q, which is one of those that it adds, or stands in runtime.
func (a *adviser) addedWith(q manifest.Requirement, other pep508.Requirement, runtime string) (added []string, ok bool) {
	ok = q.Origin.File == "" || runtime == cmp.Or(a.runtime, a.project.Runtimes[0].Name)
	added = slices.Clone(a.added)
	if i := a.adds(q); i >= 0 {
		added[i] = other.String()
		return added, ok
	}
	return append(added, other.String()), ok
}

// also is the change that asks for one thing more.
func (a *adviser) also(q pep508.Requirement) (change, bool) {
	inner := a.project.Runtimes[0].Name
	c := change{Fix: resolve.Fix{Kind: resolve.FixPin}, question: a.question}
	c.project = a.project.Also(inner, manifest.Requirement{Requirement: q})
	switch {
	case !a.manifest:
		c.Edit = "ask for " + q.String() + " too"
		return c, true
	case a.runtime != "" && a.runtime != inner:
		return c, false
	}
	return a.adding(c, append(slices.Clone(a.added), q.String()), ""), true
}

func (a *adviser) adding(c change, reqs []string, runtime string) change {
	c.Command, c.Edit = a.addition(a.project, reqs, runtime).String(), ""
	return c
}

// adds is which of the requirements of `snug add` q is, -1 for none.
func (a *adviser) adds(q manifest.Requirement) int {
	return slices.IndexFunc(a.added, func(text string) bool {
		r, err := pep508.Parse(text)
		return err == nil && r.String() == q.Requirement.String()
	})
}

// asksOf are the project's own requirements of a name.
func asksOf(p *manifest.Project, key string) []manifest.Requirement {
	var out []manifest.Requirement
	for _, rt := range p.Runtimes {
		for _, q := range rt.Requirements {
			if q.Key() == key {
				out = append(out, q)
			}
		}
	}
	return out
}
