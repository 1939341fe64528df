package manifest

import (
	"snug/internal/fault"
	"snug/internal/pep508"
)

// ToBuild is a project of one runtime, called name, that asks for what a source is
// built with. Where packages come from, how old they must be, the targets and what
// is built are those of p. Its constraints, overrides, excludes and strategy are
// not: they are about what it runs, and not about how a package is made. of is how
// messages call the source.
func (p *Project) ToBuild(name, of string, requires []string) (*Project, error) {
	rt := Runtime{Name: name}
	at := Origin{File: "what " + of + " is built with"}
	for _, text := range requires {
		q, _, err := pep508.ParseLenient(text)
		if err != nil {
			return nil, fault.New(fault.Input, "take another version of it", "%s: %w", at, err)
		}
		rt.Requirements = append(rt.Requirements, newRequirement(q, at))
	}
	return &Project{Root: p.Root, Loose: true, Name: p.Name, RequiresPython: p.RequiresPython, Python: p.Python, PythonBuild: p.PythonBuild,
		Build: p.Build, Sandbox: p.Sandbox, Targets: p.Targets, Runtimes: []Runtime{rt},
		IndexURL: p.IndexURL, Indexes: p.Indexes, Logins: p.Logins, PackageIndex: p.PackageIndex, AsOf: p.AsOf, MinAge: p.MinAge,
		PythonMirror: p.PythonMirror, Home: p.Home, Offline: p.Offline, Jobs: p.Jobs, env: p.env, uv: p.uv}, nil
}
