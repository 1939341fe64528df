package manifest

import (
	"maps"
	"slices"
	"strings"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// readRuntimes reads [tool.snug.runtimes]; where it is absent the runtimes are
// prod, test (group test) and dev (group dev), and a group that does not exist
// asks for nothing; dev also gets the groups that another tool installs by
// default. Where it is present it names every runtime.
func readRuntimes(tool toml.Table, g *groups) ([]Runtime, error) {
	t, ok, err := tool.Table("runtimes")
	if err != nil {
		return nil, err
	}
	if !ok {
		return defaultRuntimes(g), nil
	}
	if len(t.Values) == 0 {
		return nil, t.Bad("", "leave the table out to get prod, test and dev", "no runtime is named")
	}
	all := map[string]Runtime{}
	for name := range t.Values {
		if all[name], err = readRuntime(t, name, g); err != nil {
			return nil, err
		}
	}
	return nest(t, all)
}

func defaultRuntimes(g *groups) []Runtime {
	out := []Runtime{{Name: "prod", Slim: "safe", Isolated: true}, {Name: "test", Contains: "prod"}, {Name: "dev", Contains: "test"}}
	for i := range out[1:] {
		rt := &out[i+1]
		if _, ok := g.written[rt.Name]; ok {
			rt.Groups = []string{rt.Name}
			rt.Requirements = g.done[rt.Name]
		}
	}
	dev := &out[2]
	for _, name := range g.byDefault {
		if !slices.Contains(dev.Groups, name) && name != "test" {
			dev.Groups = append(dev.Groups, name)
			dev.Requirements = append(slices.Clone(dev.Requirements), g.done[name]...)
		}
	}
	return out
}

// readRuntime reads one entry. Only a runtime called prod is isolated unless
// told otherwise.
func readRuntime(t toml.Table, name string, g *groups) (Runtime, error) {
	rt := Runtime{Name: name}
	if name == "" || pep508.NormalizeName(name) != name || strings.Trim(name, "-") != name || projectName(name) != name {
		return rt, t.Bad(name, "lower case letters, digits and single dashes", "%q cannot name a runtime", name)
	}
	r, _, err := t.Table(name)
	if err != nil {
		return rt, err
	}
	if err := r.Only("groups", "contains", "slim", "isolated", "bytecode", "shared", "entry-points"); err != nil {
		return rt, err
	}
	if rt.Contains, err = r.Text("contains"); err != nil {
		return rt, err
	}
	if rt.Isolated, err = r.Bool("isolated", name == "prod"); err != nil {
		return rt, err
	}
	carried, err := r.Bool("bytecode", true)
	if err != nil {
		return rt, err
	}
	rt.NoBytecode = !carried
	if rt.Shared, err = r.Bool("shared", false); err != nil {
		return rt, err
	}
	if rt.Shared && rt.NoBytecode {
		return rt, r.Bad("shared", "leave bytecode = false out", "a shared runtime carries its bytecode: Python would write its own for all projects")
	}
	if rt.EntryPoints, err = r.Texts("entry-points"); err != nil {
		return rt, err
	}
	if rt.Slim, err = r.Text("slim"); err != nil {
		return rt, err
	}
	if !slices.Contains([]string{"", "safe", "reachable"}, rt.Slim) {
		return rt, r.Bad("slim", `"safe" or "reachable", or leave it out`, "slim = %q is unknown", rt.Slim)
	}
	return rt, readRuntimeGroups(r, &rt, g)
}

func readRuntimeGroups(r toml.Table, rt *Runtime, g *groups) error {
	names, err := r.Texts("groups")
	if err != nil {
		return err
	}
	for _, n := range names {
		key := pep508.NormalizeName(n)
		if _, ok := g.written[key]; !ok {
			return r.Bad("groups", g.known(), "unknown dependency group %q", n)
		}
		rt.Groups = append(rt.Groups, key)
		rt.Requirements = append(rt.Requirements, g.done[key]...)
	}
	return nil
}

// nest orders the runtimes so that each stands after the one it contains.
func nest(t toml.Table, all map[string]Runtime) ([]Runtime, error) {
	var out []Runtime
	placed := map[string]bool{}
	var place func(name string, via []string) error
	place = func(name string, via []string) error {
		if placed[name] {
			return nil
		}
		if slices.Contains(via, name) {
			return t.Bad(name, "remove one contains of the chain", "runtimes contain each other: %s", strings.Join(append(via[slices.Index(via, name):], name), " -> "))
		}
		if inner := all[name].Contains; inner != "" {
			if _, ok := all[inner]; !ok {
				return t.Bad(name, "runtimes: "+strings.Join(slices.Sorted(maps.Keys(all)), ", "), "%s contains the unknown runtime %q", name, inner)
			}
			if err := place(inner, append(via, name)); err != nil {
				return err
			}
		}
		placed[name] = true
		out = append(out, all[name])
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := place(name, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}
