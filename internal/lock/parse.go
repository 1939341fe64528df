package lock

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"snug/internal/cooldown"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// Parse reads a lock file; name is what errors call it. It is strict as PEP 751 asks: required keys, types, one source an
// entry, markers, specifiers and file names that agree with their entry. Unknown keys are ignored. The error is a
// fault.Input, or a fault.Unsupported for another major lock-version than 1.
func Parse(data []byte, name string) (*Lock, error) {
	if len(bytes.Trim(data, "\x00")) == 0 {
		return nil, fault.New(fault.Input, remedy, "%s: it is empty, as a power cut may leave a new file", name)
	}
	document, err := decode(data)
	if err != nil {
		return nil, fault.New(fault.Input, remedy, "%s: %w", name, err)
	}
	var complaint error
	root := table{"", document, &complaint}
	l := &Lock{LockVersion: root.required("lock-version")}
	if complaint == nil {
		if version, err := pep440.Parse(l.LockVersion); err != nil || version.Major() != 1 || version.Epoch() != 0 {
			return nil, fault.New(fault.Unsupported, "make it again with snug lock, or take a newer snug",
				"%s: lock-version %q is not supported, want 1.x", name, l.LockVersion)
		}
	}
	l.read(root)
	if complaint != nil {
		return nil, fault.New(fault.Input, remedy, "%s: %w", name+lineOf(data, complaint.Error()), complaint)
	}
	return l, nil
}

// lineOf is ":LINE" of the entry that a complaint is about, "" where it is about
// none or the entries are not written as [[packages]].
func lineOf(data []byte, complaint string) string {
	number, _, _ := strings.Cut(strings.TrimPrefix(complaint, "packages["), "]")
	want, err := strconv.Atoi(number)
	if err != nil {
		return ""
	}
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		if strings.HasPrefix(strings.ReplaceAll(text, " ", ""), "[[packages]]") {
			if want--; want < 0 {
				return fmt.Sprintf(":%d", line)
			}
		}
	}
	return ""
}

const remedy = "restore the file from version control, or remove it and run snug lock"

func (l *Lock) read(t table) {
	l.Environments = t.texts("environments")
	l.RequiresPython = t.specifiers("requires-python")
	l.Extras = t.texts("extras")
	l.DependencyGroups, l.DefaultGroups = t.texts("dependency-groups"), t.texts("default-groups")
	l.CreatedBy = t.required("created-by")
	for i, text := range l.Environments {
		t.checkMarker(fmt.Sprintf("environments[%d]", i), text, true)
	}
	for i, extra := range l.Extras {
		if !isNormalized(extra) {
			t.fail(fmt.Sprintf("extras[%d]", i), "%q is not normalized", extra)
		}
	}
	if _, given := t.values["packages"]; !given {
		t.fail("packages", "is required")
	}
	packages := t.tables("packages")
	if len(packages) > MaxPackages {
		t.fail("packages", "%d entries, more than %d", len(packages), MaxPackages)
		return
	}
	for _, entry := range packages {
		l.Packages = append(l.Packages, entry.pkg())
	}
	l.Tool = t.tool()
}

func (t table) pkg() Package {
	p := Package{
		Name:           t.required("name"),
		Version:        t.text("version"),
		Marker:         t.text("marker"),
		RequiresPython: t.specifiers("requires-python"),
		Index:          t.text("index"),
	}
	if p.Name != "" && !isNormalized(p.Name) {
		t.fail("name", "%q is not normalized, want %q", p.Name, pep508.NormalizeName(p.Name))
	}
	if p.Name != "" { // from here on complaints say which package, not only which number
		t.at += "(" + p.Name + ")."
	}
	if _, err := pep440.Parse(p.Version); p.Version != "" && err != nil {
		t.fail("version", "%v", err)
	}
	t.checkMarker("marker", p.Marker, false)
	for _, d := range t.tables("dependencies") {
		p.Dependencies = append(p.Dependencies, Dependency{d.text("name"), d.text("version")})
	}
	for _, identity := range t.tables("attestation-identities") {
		identity.required("kind")
		p.AttestationIdentities = append(p.AttestationIdentities, onlyTexts(identity.values))
	}
	t.sources(&p)
	if outer, ok := t.table("tool"); ok {
		if own, ok := outer.table("snug"); ok {
			p.Notes = own.texts("notes")
		}
	}
	return p
}

func onlyTexts(values map[string]any) map[string]string {
	texts := map[string]string{}
	for key, value := range values {
		if text, ok := value.(string); ok {
			texts[key] = text
		}
	}
	return texts
}

// sources reads where the package comes from: one of vcs, directory and archive, or else sdist and wheels.
func (t table) sources(p *Package) {
	direct := 0
	if s, ok := t.table("vcs"); ok {
		p.VCS = &VCS{s.required("type"), s.text("url"), s.text("path"), s.text("requested-revision"),
			s.required("commit-id"), s.text("subdirectory")}
		s.checkPlace(p.VCS.URL, p.VCS.Path)
		direct++
	}
	if s, ok := t.table("directory"); ok {
		p.Directory = &Directory{s.required("path"), s.boolean("editable"), s.text("subdirectory")}
		direct++
	}
	if s, ok := t.table("archive"); ok {
		p.Archive = &Archive{s.text("url"), s.text("path"), s.size("size"), s.instant("upload-time"), s.hashes(),
			s.text("subdirectory")}
		s.checkPlace(p.Archive.URL, p.Archive.Path)
		direct++
	}
	if s, ok := t.table("sdist"); ok {
		file := s.file()
		p.Sdist = &file
		found, err := dist.ParseSdistName(file.FileName(), p.Name)
		s.checkName(p, file, found.Name, found.Version, err)
	}
	for _, s := range t.tables("wheels") {
		file := s.file()
		p.Wheels = append(p.Wheels, file)
		found, err := dist.ParseWheelName(file.FileName())
		s.checkName(p, file, found.Name, found.Version, err)
	}
	fromIndex := p.Sdist != nil || len(p.Wheels) > 0
	if fromIndex && direct > 0 || !fromIndex && direct != 1 {
		t.fail("", "want one source: vcs, directory or archive, or else sdist and wheels")
	}
}

func (t table) file() File {
	f := File{t.text("name"), t.text("url"), t.text("path"), t.size("size"), t.instant("upload-time"), t.hashes()}
	t.checkPlace(f.URL, f.Path)
	return f
}

func (t table) checkPlace(url, path string) {
	if url == "" && path == "" {
		t.fail("url", "url or path is required")
	}
}

// checkName holds a file name to its entry. An entry without a version takes any.
func (t table) checkName(p *Package, file File, name string, version pep440.Version, err error) {
	switch {
	case err != nil:
		t.fail("name", "%v", err)
	case name != p.Name:
		t.fail("name", "%q belongs to %s, not to %s", file.FileName(), name, p.Name)
	case p.Version != "":
		want, err := pep440.Parse(p.Version)
		if err == nil && want.Compare(version) != 0 { // a bad version is complained of at its key
			t.fail("name", "%q is version %s, not %s", file.FileName(), version, p.Version)
		}
	}
}

// hashes reads a non-empty table of hashes; sha256, if there, must be one.
func (t table) hashes() map[string]string {
	hashes := t.stringMap("hashes")
	if len(hashes) == 0 {
		t.fail("hashes", "at least one is required")
	}
	for algorithm, hex := range hashes {
		hashes[algorithm] = strings.ToLower(hex)
	}
	if hex, ok := hashes["sha256"]; ok {
		if _, err := digest.Parse(hex); err != nil {
			t.fail("hashes.sha256", "%v", err)
		}
	}
	return hashes
}

func (t table) specifiers(key string) string {
	text := t.text(key)
	if _, err := pep440.ParseSpecifiers(text); text != "" && err != nil {
		t.fail(key, "%v", err)
	}
	return text
}

// checkMarker reads a marker; those of environments may not speak of extras and groups.
func (t table) checkMarker(key, text string, environment bool) {
	if text == "" && !environment {
		return
	}
	marker, err := pep508.ParseMarker(text)
	if err != nil {
		t.fail(key, "%v", err)
		return
	}
	for _, variable := range marker.Variables() {
		if environment && slices.Contains([]string{"extra", "extras", "dependency_groups"}, variable) {
			t.fail(key, "an environment cannot depend on %s", variable)
		}
	}
}

func isNormalized(name string) bool {
	return name != "" && name == pep508.NormalizeName(name) && !strings.HasPrefix(name, "-") &&
		!strings.HasSuffix(name, "-") && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

// tool reads [tool.snug].
func (t table) tool() Tool {
	outer, _ := t.table("tool")
	own, ok := outer.table("snug")
	if !ok {
		return Tool{}
	}
	tool := Tool{Asked: own.text("asked"), AsOf: own.instant("as-of"), MinAge: own.minAge(), MinAgeAt: own.instant("min-age-at"), Resolution: own.text("resolution"), Prereleases: own.boolean("prereleases"), Apart: own.stringMap("apart"), Overlaps: own.stringMap("overlaps")}
	for _, name := range slices.Sorted(maps.Keys(tool.Apart)) { // it names a file
		if _, err := pytag.ParseTarget(name); err != nil {
			own.fail("apart", "%v", err)
		}
	}
	for _, entry := range own.tables("targets") {
		tool.Targets = append(tool.Targets, entry.target())
	}
	for _, entry := range own.tables("runtimes") {
		tool.Runtimes = append(tool.Runtimes, Runtime{entry.required("name"), entry.text("contains"),
			entry.boolean("isolated"), entry.boolean("no-bytecode"), entry.text("slim"), entry.texts("roots")})
	}
	tool.Builds = own.builds()
	return tool
}

// minAge reads the cooldown.
func (t table) minAge() cooldown.Policy {
	var p cooldown.Policy
	var err error
	if text := t.text("min-age"); text != "" {
		if p.Default, err = cooldown.ParseAge(text); err != nil {
			t.fail("min-age", "%v", err)
		}
	}
	if p.Packages, err = cooldown.ParseAges(t.stringMap("min-age-package")); err != nil {
		t.fail("min-age-package", "%v", err)
	}
	if p.Indexes, err = cooldown.ParseAges(t.stringMap("min-age-index")); err != nil {
		t.fail("min-age-index", "%v", err)
	}
	return p
}

// target reads one entry of tool.snug.targets; what names files in the store is held to its form.
func (t table) target() Target {
	interpreter, _ := t.table("interpreter")
	out := Target{t.required("name"), t.required("python"),
		Interpreter{interpreter.text("source"), interpreter.text("id"), interpreter.text("sha256")}}
	if _, err := pytag.ParseTarget(out.Name); err != nil {
		t.fail("name", "%v", err)
	}
	if _, err := pep440.Parse(out.Python); err != nil {
		t.fail("python", "%v", err)
	}
	if _, err := digest.Parse(out.Interpreter.SHA256); out.Interpreter.SHA256 != "" && err != nil {
		interpreter.fail("sha256", "%v", err)
	}
	return out
}
