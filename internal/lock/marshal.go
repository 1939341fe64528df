package lock

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"snug/internal/cooldown"
	"snug/internal/pep440"
	"snug/internal/toml"
)

// Marshal writes the lock as snug keeps it: packages sorted by name, version and marker, one file a line, so that a changed
// package changes its own lines only. Equal locks give equal bytes. Invalid UTF-8 is replaced.
func (l *Lock) Marshal() []byte {
	var w writer
	w.text("lock-version", l.LockVersion)
	w.lines("environments", quoteAll(l.Environments))
	w.text("requires-python", l.RequiresPython)
	w.row("extras", l.Extras)
	w.row("dependency-groups", l.DependencyGroups)
	w.row("default-groups", l.DefaultGroups)
	w.text("created-by", l.CreatedBy)
	if len(l.Packages) == 0 {
		w.line("packages = []")
	}
	for _, p := range sortedPackages(l.Packages) {
		w.pkg("packages", p)
	}
	w.tool(l.Tool)
	return w.Bytes()
}

func sortedPackages(packages []Package) []Package {
	sorted := slices.Clone(packages)
	slices.SortStableFunc(sorted, func(a, b Package) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		if c := compareVersions(a.Version, b.Version); c != 0 {
			return c
		}
		return strings.Compare(a.Marker, b.Marker)
	})
	return sorted
}

func compareVersions(a, b string) int {
	va, errA := pep440.Parse(a)
	vb, errB := pep440.Parse(b)
	if errA == nil && errB == nil && va.Compare(vb) != 0 {
		return va.Compare(vb)
	}
	return strings.Compare(a, b) // "" (a source tree's) comes first
}

// writer puts down TOML lines; keys with zero values are left out.
type writer struct{ bytes.Buffer }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) text(key, value string) {
	if value != "" {
		w.line("%s = %s", key, toml.Quote(value))
	}
}

// row writes an array in one line.
func (w *writer) row(key string, values []string) {
	if len(values) > 0 {
		w.line("%s = [%s]", key, strings.Join(quoteAll(values), ", "))
	}
}

// lines writes an array with one item a line.
func (w *writer) lines(key string, items []string) {
	if len(items) == 0 {
		return
	}
	w.line("%s = [", key)
	for _, item := range items {
		w.line("    %s,", item)
	}
	w.line("]")
}

// pkg writes an entry of a table of packages.
func (w *writer) pkg(table string, p Package) {
	w.line("\n[[%s]]", table)
	w.text("name", p.Name)
	w.text("version", p.Version)
	w.text("marker", p.Marker)
	w.text("requires-python", p.RequiresPython)
	w.text("index", p.Index)
	w.lines("dependencies", dependencies(p.Dependencies))
	if v := p.VCS; v != nil {
		w.line("vcs = %s", inline(pair("type", v.Type), pair("url", v.URL), pair("path", v.Path),
			pair("requested-revision", v.RequestedRevision), pair("commit-id", v.CommitID), pair("subdirectory", v.Subdirectory)))
	}
	if d := p.Directory; d != nil {
		editable := ""
		if d.Editable {
			editable = "editable = true"
		}
		w.line("directory = %s", inline(pair("path", d.Path), editable, pair("subdirectory", d.Subdirectory)))
	}
	if a := p.Archive; a != nil {
		w.line("archive = %s", inline(timePair("upload-time", a.UploadTime), pair("url", a.URL), pair("path", a.Path),
			sizePair(a.Size), hashPair(a.Hashes), pair("subdirectory", a.Subdirectory)))
	}
	if p.Sdist != nil {
		w.line("sdist = %s", fileTable(*p.Sdist))
	}
	wheels := make([]string, 0, len(p.Wheels))
	for _, f := range slices.SortedStableFunc(slices.Values(p.Wheels), func(a, b File) int {
		return strings.Compare(a.FileName(), b.FileName())
	}) {
		wheels = append(wheels, fileTable(f))
	}
	w.lines("wheels", wheels)
	identities := make([]string, 0, len(p.AttestationIdentities))
	for _, identity := range p.AttestationIdentities {
		identities = append(identities, stringTable(identity))
	}
	w.lines("attestation-identities", identities)
	if len(p.Notes) > 0 {
		w.line("\n[%s.tool.snug]", table)
		w.lines("notes", quoteAll(p.Notes))
	}
}

func (w *writer) tool(t Tool) {
	if t.Asked == "" && t.AsOf.IsZero() && t.MinAge.IsZero() && t.MinAgeAt.IsZero() && t.Resolution == "" && !t.Prereleases && len(t.Targets) == 0 && len(t.Runtimes) == 0 && len(t.Apart) == 0 && len(t.Overlaps) == 0 && len(t.Builds) == 0 {
		return
	}
	w.line("\n[tool.snug]")
	w.text("asked", t.Asked)
	if !t.AsOf.IsZero() {
		w.line("%s", timePair("as-of", t.AsOf))
	}
	w.minAge(t.MinAge)
	if !t.MinAgeAt.IsZero() {
		w.line("%s", timePair("min-age-at", t.MinAgeAt))
	}
	w.text("resolution", t.Resolution)
	if t.Prereleases {
		w.line("prereleases = true")
	}
	for _, target := range t.Targets {
		w.line("\n[[tool.snug.targets]]")
		w.text("name", target.Name)
		w.text("python", target.Python)
		if i := target.Interpreter; i != (Interpreter{}) {
			w.line("interpreter = %s", inline(pair("source", i.Source), pair("id", i.ID), pair("sha256", i.SHA256)))
		}
	}
	for _, r := range t.Runtimes {
		w.line("\n[[tool.snug.runtimes]]")
		w.text("name", r.Name)
		w.text("contains", r.Contains)
		if r.Isolated {
			w.line("isolated = true")
		}
		if r.NoBytecode {
			w.line("no-bytecode = true")
		}
		w.text("slim", r.Slim)
		w.lines("roots", quoteAll(r.Roots))
	}
	w.textTable("tool.snug.apart", t.Apart)
	w.textTable("tool.snug.overlaps", t.Overlaps)
	w.builds(t.Builds)
}

// textTable writes a table of texts, sorted by its keys.
func (w *writer) textTable(name string, texts map[string]string) {
	if len(texts) == 0 {
		return
	}
	w.line("\n[%s]", name)
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		w.line("%s = %s", toml.Key(k), toml.Quote(texts[k]))
	}
}

func (w *writer) minAge(p cooldown.Policy) {
	if p.Default != 0 {
		w.text("min-age", p.Default.String())
	}
	if len(p.Packages) > 0 {
		w.line("min-age-package = %s", stringTable(cooldown.Texts(p.Packages)))
	}
	if len(p.Indexes) > 0 {
		w.line("min-age-index = %s", stringTable(cooldown.Texts(p.Indexes)))
	}
}

func dependencies(list []Dependency) []string {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Dependency) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return compareVersions(a.Version, b.Version)
	})
	var tables []string
	for _, d := range sorted {
		tables = append(tables, inline(pair("name", d.Name), pair("version", d.Version)))
	}
	return tables
}

func fileTable(f File) string {
	return inline(pair("name", f.Name), timePair("upload-time", f.UploadTime), pair("url", f.URL), pair("path", f.Path),
		sizePair(f.Size), hashPair(f.Hashes))
}

// inline joins the pairs that are not empty.
func inline(pairs ...string) string {
	given := slices.DeleteFunc(pairs, func(pair string) bool { return pair == "" })
	if len(given) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(given, ", ") + " }"
}

func pair(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " = " + toml.Quote(value)
}

func sizePair(size int64) string {
	if size == 0 {
		return ""
	}
	return "size = " + strconv.FormatInt(size, 10)
}

func timePair(name string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return name + " = " + t.UTC().Format(time.RFC3339Nano)
}

func hashPair(hashes map[string]string) string { return "hashes = " + stringTable(hashes) }

func stringTable(texts map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		pairs = append(pairs, toml.Key(name)+" = "+toml.Quote(texts[name]))
	}
	return inline(pairs...)
}

func quoteAll(texts []string) []string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = toml.Quote(text)
	}
	return quoted
}
