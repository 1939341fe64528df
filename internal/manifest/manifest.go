// Package manifest is what a project asks for: pyproject.toml by PEP 621 and
// PEP 735 with the optional [tool.snug], or requirements files alone, and the
// edits that snug add and snug remove make to them.
//
// It reads files and decides nothing: no index, no interpreter, no choice of
// versions. Nothing of the project is run, so what only running it could tell
// (dynamic fields, extension modules) is said in notes.
//
// The one hard idea is that edits are splices of bytes. The file is read
// twice: by a TOML library for what it means, and by package toml's scanner for
// where every value stands. An edit replaces bytes inside one array and is accepted
// only if the library then reads the old document with just that array changed.
package manifest

import (
	"fmt"
	"time"

	"snug/internal/cooldown"
	"snug/internal/dist"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/policy"
	"snug/internal/toml"
)

// Limits of what is read from a project.
const (
	maxFileSize = 8 << 20 // bytes of one manifest file
	maxIncludes = 100     // requirements files reached from one
	maxNotes    = 200
	maxJobs     = 10_000
)

// Origin is the place where something was asked for.
type Origin struct {
	File  string `json:"file"`            // relative to the project where it lies below it
	Line  int    `json:"line,omitempty"`  // from 1; 0 when unknown
	Table string `json:"table,omitempty"` // "[dependency-groups] test" in TOML, else empty
}

// String is "pyproject.toml: [dependency-groups] test" or "requirements.txt:3".
func (o Origin) String() string {
	switch {
	case o.Table != "":
		return o.File + ": " + o.Table
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	}
	return o.File
}

// Requirement is one asked-for package with where it was asked.
type Requirement struct {
	pep508.Requirement
	Origin   Origin
	Hashes   []string // "sha256:…", as given with --hash; empty: any file will do
	Index    string   // name of the extra index that must have it; empty: any
	Editable bool     // asked with -e
	login    string   // the scheme, login and host of a URL that had a login; URL itself has none
	Path     string   // local folder or file, slashes, relative to the project's root; empty: not local; what is no first-party project is built
	within   string   // the subdirectory of a Path in which the package lies
	virtual  bool     // of a folder: what it depends on, not itself
	refused  error    // why snug cannot take it from where its table says

	// VersionOnly is said of an override: it replaces the versions that a
	// requirement asks for, and leaves its extras and its marker.
	VersionOnly bool
}

// Runtime is one of the project's nested runtimes.
type Runtime struct {
	Name         string
	Contains     string   // the runtime inside this one; empty for the innermost
	Groups       []string // dependency groups, normalised
	Requirements []Requirement
	asked        []Requirement // as they are written
	Members      []Member      // other first-party projects that it holds, with what they need among Requirements
	Isolated     bool
	NoBytecode   bool     // Python compiles for itself what it imports
	Shared       bool     // made once for all projects with the same lock
	Slim         string   // "", "safe" or "reachable"
	EntryPoints  []string // what Slim "reachable" starts from, "module:attr"
}

// Local is the project itself, as its static [project] table describes it.
type Local struct {
	Name, Version string
	Dir           string // its folder, slashes, relative to the project's root; empty: the root
	Metadata      []byte // METADATA 2.4, without the description
	EntryPoints   []dist.EntryPoint
	Paths         []string // import roots relative to Dir: "." or "src"
	Extras        map[string][]Requirement
	Notes         []string // what is not done, with the reason

	file string // for messages
}

// Index is an extra package index.
type Index struct {
	Name, URL string // no URL: the default index
	Explicit  bool   // asked only for packages that are mapped to it
	Last      bool   // asked after IndexURL
}

// Project is everything that was asked for. Its slices are in a fixed order;
// callers may override Python, Targets, AsOf, MinAge and Strategy before Digest is taken.
type Project struct {
	Root           string   // absolute
	Loose          bool     // of the command line alone: Root is where it was typed
	Files          []string // what was read, absolute
	Name           string   // normalised; the folder's name if the project has none
	RequiresPython pep440.Specifiers
	Python         string        // asked minor or patch; empty: newest that fits
	PythonBuild    *PythonBuild  // nil: an interpreter that others built
	Build          BuildSettings // what is built from source, and with what
	Sandbox        string        // the least level that builds may run at; empty: any
	Targets        []string
	Runtimes       []Runtime     // innermost first: a runtime stands after the one it contains
	Constraints    []Requirement // bounds on versions that ask for nothing
	Overrides      []Requirement // each stands in place of every requirement on its name
	Excludes       []Requirement // bare names that are dropped from every requirement
	Local          *Local        // nil: nothing of the project is installed
	IndexURL       string
	Indexes        []Index
	Logins         []string          // addresses with logins, "https://user:password@host", that requirements' URLs had
	PackageIndex   map[string]string // normalised name -> Index.Name
	Prereleases    []string          // names of which pre-releases count as any version; of all: Strategy
	AsOf           time.Time
	MinAge         cooldown.Policy
	Strategy       Strategy
	Feeds          map[string]string // of advisories: an address or a path by each of FeedKinds
	Policy         *policy.Policy    // never nil; while it Extends what is at an address, that is still to be fetched
	Overlaps       map[string]string // glob of installed paths -> the package that wins
	PythonMirror   string
	TrustedRoot    string // Sigstore's trusted_root.json; relative to Root
	PinIdentities  bool   // locks record who published what they lock (PEP 740)
	PythonSources  string // where CPython's own sources are
	Home           string // store and cache, absolute; empty: the user's
	Offline        bool
	Jobs           int      // 0: one for each core
	Notes          []string // what was read and not obeyed, with its place

	dynamic         bool     // [project] dependencies stand elsewhere:
	dynamicFiles    []string // in these requirements files, absolute; none: only the build backend knows
	pyproject       bool     // what is wanted stands in pyproject.toml
	defaultRuntimes bool     // there is no [tool.snug.runtimes]
	policyRuntimes  toml.Table

	env          func(string) string
	top          *Project            // of a member: the project it was reached from
	members      map[string]*Project // first-party projects below Root, by folder
	workspace    map[string]string   // members of the uv workspace: names to folders
	sources      map[string][]source // where packages come from, by name
	inherited    map[string][]source // the same, by the uv workspace above
	environments []environment       // what targets must be one of; none: anything
	unpackaged   bool                // another tool's table says that the project is no package
	poetry       *toml.Table         // [tool.poetry], if there is one
	poetryBase   bool                // it has the dependencies, not [project]
	poetryGroups map[string]bool     // groups that stand there

	uv     string // what [tool.uv] says of indexes, for the digest
	self   string // normalised name in [project]; empty: the project is no package
	base   []Requirement
	extras map[string][]Requirement
}

// Runtime returns the runtime of that name.
func (p *Project) Runtime(name string) (Runtime, bool) {
	for _, r := range p.Runtimes {
		if r.Name == name {
			return r, true
		}
	}
	return Runtime{}, false
}

// Declared reports whether pyproject.toml says what is wanted, rather than
// requirements files.
func (p *Project) Declared() bool { return p.pyproject }
