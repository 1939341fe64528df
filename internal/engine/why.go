package engine

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// Chain is one way from a runtime's own requirement to a package.
type Chain struct {
	Runtime string   `json:"runtime"`
	Targets []string `json:"targets"`
	Names   []string `json:"names"` // the required package first, the asked one last
}

// maxChains bounds what Why lists for one runtime: a web of dependencies has
// exponentially many paths, and nobody reads past these.
const maxChains = 50

// Why lists every chain that brings name into each runtime and target, the
// shortest first, at most maxChains for each runtime. It reads the lock only.
func Why(l *lock.Lock, name string) ([]Chain, error) {
	key := pep508.NormalizeName(name)
	if !slices.ContainsFunc(l.Packages, func(p lock.Package) bool { return p.Name == key }) {
		return nil, fault.New(fault.NotFound, "snug list shows what is locked; snug why-not "+name+" says what it takes to have it", "%s is not in the lock", name)
	}
	var out []Chain
	for _, r := range l.Tool.Runtimes {
		chains, err := chainsIn(l, r, key)
		if err != nil {
			return nil, err
		}
		out = append(out, chains...)
	}
	return out, nil
}

func chainsIn(l *lock.Lock, r lock.Runtime, key string) ([]Chain, error) {
	byPath := map[string]*Chain{}
	var order []string
	for _, lt := range l.Tool.Targets {
		g, err := graphOf(l, r, lt)
		if err != nil {
			return nil, err
		}
		for _, names := range g.paths(key) {
			id := strings.Join(names, " ")
			if byPath[id] == nil {
				byPath[id] = &Chain{Runtime: r.Name, Names: names}
				order = append(order, id)
			}
			byPath[id].Targets = append(byPath[id].Targets, lt.Name)
		}
	}
	out := make([]Chain, 0, len(order))
	for _, id := range order {
		out = append(out, *byPath[id])
	}
	return out, nil
}

// graph is what one runtime holds on one target.
type graph struct {
	roots []string
	edges map[string][]string
}

func graphOf(l *lock.Lock, r lock.Runtime, lt lock.Target) (*graph, error) {
	env, tags, py, err := contextOf(lt)
	if err != nil {
		return nil, err
	}
	selected, err := l.Select(env, []string{r.Name}, nil, tags, py)
	if err != nil {
		return nil, err
	}
	return graphAmong(l, r, env, selected)
}

// graphAmong is the graph of what was selected for a runtime in that environment.
func graphAmong(l *lock.Lock, r lock.Runtime, env pep508.Environment, selected []lock.Selected) (*graph, error) {
	there := map[string]bool{}
	for _, s := range selected {
		there[s.Package.Name] = true
	}
	g := &graph{edges: map[string][]string{}}
	for _, s := range selected {
		deps := []string{}
		for _, d := range s.Package.Dependencies {
			if there[d.Name] { // else it is needed on other targets
				deps = append(deps, d.Name)
			}
		}
		g.edges[s.Package.Name] = deps
	}
	return g, g.addRoots(l, r, env)
}

// addRoots takes the requirements of r and of every runtime it contains.
func (g *graph) addRoots(l *lock.Lock, r lock.Runtime, env pep508.Environment) error {
	for _, text := range rootsOf(l, r) {
		req, err := pep508.Parse(text)
		if err != nil {
			return fmt.Errorf("lock: root of runtime %s: %w", r.Name, err)
		}
		if req.Marker != nil {
			if ok, err := req.Marker.Eval(env, pep508.Context{}); err != nil || !ok {
				continue
			}
		}
		if !slices.Contains(g.roots, req.Key()) {
			g.roots = append(g.roots, req.Key())
		}
	}
	return nil
}

func rootsOf(l *lock.Lock, r lock.Runtime) []string {
	roots := slices.Clone(r.Roots)
	for r.Contains != "" {
		i := slices.IndexFunc(l.Tool.Runtimes, func(o lock.Runtime) bool { return o.Name == r.Contains })
		if i < 0 {
			break
		}
		r = l.Tool.Runtimes[i]
		roots = append(roots, r.Roots...)
	}
	return roots
}

// paths lists simple paths from a root to key, breadth first.
func (g *graph) paths(key string) [][]string {
	useful := g.leadingTo(key)
	var queue, out [][]string
	for _, root := range g.roots {
		queue = append(queue, []string{root})
	}
	for len(queue) > 0 && len(out) < maxChains {
		path := queue[0]
		queue = queue[1:]
		last := path[len(path)-1]
		if last == key {
			out = append(out, path)
			continue
		}
		for _, next := range g.edges[last] {
			if useful[next] && !slices.Contains(path, next) {
				queue = append(queue, append(slices.Clone(path), next))
			}
		}
	}
	return out
}

// shortest is the shortest path from a root to each package, of equal ones the
// first.
func (g *graph) shortest() map[string][]string {
	out := map[string][]string{}
	var queue []string
	for _, root := range g.roots {
		if _, there := g.edges[root]; there && out[root] == nil {
			out[root] = []string{root}
			queue = append(queue, root)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, next := range g.edges[queue[0]] {
			if out[next] == nil {
				out[next] = append(slices.Clone(out[queue[0]]), next)
				queue = append(queue, next)
			}
		}
	}
	return out
}

// leadingTo is the set of packages from which key can be reached.
func (g *graph) leadingTo(key string) map[string]bool {
	back := map[string][]string{}
	for from, tos := range g.edges {
		for _, to := range tos {
			back[to] = append(back[to], from)
		}
	}
	seen := map[string]bool{key: true}
	for queue := []string{key}; len(queue) > 0; queue = queue[1:] {
		for _, from := range back[queue[0]] {
			if !seen[from] {
				seen[from] = true
				queue = append(queue, from)
			}
		}
	}
	return seen
}

// contextOf is the marker environment and the tags of a locked target.
func contextOf(lt lock.Target) (pep508.Environment, *pytag.Set, pep440.Version, error) {
	t, err := pytag.ParseTarget(lt.Name)
	if err != nil {
		return pep508.Environment{}, nil, pep440.Version{}, err
	}
	py, err := pep440.Parse(lt.Python)
	if err != nil {
		return pep508.Environment{}, nil, pep440.Version{}, fmt.Errorf("lock: python of target %s: %w", lt.Name, err)
	}
	return pytag.Environment(t, py), pytag.Supported(t, py), py, nil
}
