package lock

import (
	"fmt"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// BuildRuntime is the runtime, and so the dependency group, of packages that are resolved to build others with.
const BuildRuntime = "build"

// Build is one set of build requirements with the packages that meet it, for all that is built with that set.
type Build struct {
	Requires []string  // PEP 508, those that the source names and those that its backend asked for; sorted
	Sdists   []BuildOf // what is built with it, by name and version
	Packages []Package // as in Lock.Packages; markers are about targets only
}

// BuildOf names a source that is built.
type BuildOf struct {
	Name, Version string
	SHA256        string // of the archive; "" of a folder or a repository
}

// NewBuild takes the packages of a lock of one runtime, BuildRuntime, that was resolved for requires.
func NewBuild(resolved *Lock, requires []string, of []BuildOf) Build {
	b := Build{Requires: slices.Compact(slices.Sorted(slices.Values(requires))), Sdists: sortedSources(of), Packages: sortedPackages(resolved.Packages)}
	for i := range b.Packages {
		if b.Packages[i].Marker == fmt.Sprintf("'%s' in dependency_groups", BuildRuntime) {
			b.Packages[i].Marker = "" // all of them are for the one thing
		}
	}
	return b
}

// Lock is a lock of one runtime, BuildRuntime, that holds the packages of b; what it says of targets is of.
func (b Build) Lock(of *Lock) *Lock {
	return &Lock{LockVersion: of.LockVersion, Environments: of.Environments, CreatedBy: of.CreatedBy,
		DependencyGroups: []string{BuildRuntime}, DefaultGroups: []string{BuildRuntime}, Packages: b.Packages,
		Tool: Tool{Targets: of.Tool.Targets, Runtimes: []Runtime{{Name: BuildRuntime, NoBytecode: true, Roots: b.Requires}}}}
}

// Build finds the build requirements of a source.
func (l *Lock) Build(of BuildOf) (Build, bool) {
	for _, b := range l.Tool.Builds {
		if slices.Contains(b.Sdists, of) {
			return b, true
		}
	}
	return Build{}, false
}

// AddBuilds adds builds, those with the same requirements and packages as one.
func (l *Lock) AddBuilds(builds ...Build) {
	for _, b := range builds {
		i := slices.IndexFunc(l.Tool.Builds, func(have Build) bool {
			return slices.Equal(have.Requires, b.Requires) && have.written() == b.written()
		})
		if i < 0 {
			l.Tool.Builds = append(l.Tool.Builds, b)
			continue
		}
		l.Tool.Builds[i].Sdists = sortedSources(append(slices.Clone(l.Tool.Builds[i].Sdists), b.Sdists...))
	}
}

// written is all of b but what is built with it, as a lock says it: the same moment,
// read from a page and from what was kept of the page, is not the same time.Time.
func (b Build) written() string {
	var w writer
	w.builds([]Build{{Requires: b.Requires, Packages: b.Packages}})
	return w.String()
}

func sortedSources(of []BuildOf) []BuildOf {
	sorted := slices.Clone(of)
	slices.SortFunc(sorted, func(a, b BuildOf) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		if c := compareVersions(a.Version, b.Version); c != 0 {
			return c
		}
		return strings.Compare(a.SHA256, b.SHA256)
	})
	return slices.Compact(sorted)
}

// builds writes them, each as the packages of a lock are written, sorted by what they require.
func (w *writer) builds(list []Build) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Build) int { return slices.Compare(a.Requires, b.Requires) })
	for _, b := range sorted {
		w.line("\n[[tool.snug.builds]]")
		w.row("requires", b.Requires)
		var sources []string
		for _, s := range sortedSources(b.Sdists) {
			sources = append(sources, inline(pair("name", s.Name), pair("version", s.Version), pair("sha256", s.SHA256)))
		}
		w.lines("sdists", sources)
		for _, p := range sortedPackages(b.Packages) {
			w.pkg("tool.snug.builds.packages", p)
		}
	}
}

// builds reads tool.snug.builds. All of them together are within the limits of packages.
func (t table) builds() []Build {
	var out []Build
	left := MaxPackages
	for _, entry := range t.tables("builds") {
		b := Build{Requires: entry.texts("requires")}
		for i, text := range b.Requires {
			if _, err := pep508.Parse(text); err != nil {
				entry.fail(fmt.Sprintf("requires[%d]", i), "%v", err)
			}
		}
		for _, source := range entry.tables("sdists") {
			b.Sdists = append(b.Sdists, source.buildOf())
		}
		packages := entry.tables("packages")
		if left -= 1 + len(b.Sdists) + len(packages); left < 0 {
			entry.fail("packages", "more than %d entries", MaxPackages)
			return nil
		}
		for _, p := range packages {
			b.Packages = append(b.Packages, p.pkg())
		}
		out = append(out, b)
	}
	return out
}

func (t table) buildOf() BuildOf {
	of := BuildOf{t.required("name"), t.text("version"), t.text("sha256")}
	if of.Name != "" && !isNormalized(of.Name) {
		t.fail("name", "%q is not normalized, want %q", of.Name, pep508.NormalizeName(of.Name))
	}
	if _, err := pep440.Parse(of.Version); of.Version != "" && err != nil {
		t.fail("version", "%v", err)
	}
	if _, err := digest.Parse(of.SHA256); of.SHA256 != "" && err != nil {
		t.fail("sha256", "%v", err)
	}
	return of
}
