// Package inventory tells what is really in a runtime: of each package and of the
// interpreter, what its metadata says, the licences, the code that runs when Python
// starts, the native files, and the components inside: native libraries and Python
// packages that it carries along. It judges nothing and asks nobody: what a version
// means is for advisory, what may ship is for policy.
//
// The hard idea: a component's version is told only where something that was built
// into it says so (a bill of materials, its METADATA, its own version text). A
// library whose version nothing tells is still named, with the version left empty:
// a guess would be a false alarm, or worse, a false peace.
//
// What is read was made by strangers. Every file is read up to a bound, every list
// has a longest length, and what is too large or broken is named in Facts.Notes.
package inventory

import (
	"snug/internal/component"
	"snug/internal/licensetext"
)

// Schema changes whenever the same tree would give other facts.
const Schema = 6

// The bounds of what is kept of one tree.
const (
	maxFiles   = 500_000
	maxText    = 64 << 10 // bytes of one text of METADATA
	maxList    = 5_000    // entries of one list
	maxPaths   = 20       // of one component
	maxNotes   = 100
	maxPth     = 1 << 20 // bytes of a .pth file
	maxPthLine = 4 << 10 // bytes of a line of one, as it is kept
)

// Facts are what one distribution or one interpreter holds. Paths have slashes and
// are relative to the tree that was read: in a runtime, to the runtime. Lists are
// sorted, unless their order means something.
type Facts struct {
	Schema  int                 `json:"schema"`
	Package component.Component `json:"package"`
	// Metadata is empty for an interpreter.
	Metadata   Metadata              `json:"metadata"`
	Components []component.Component `json:"components,omitempty"` // inside it; Owner is Package.Name

	Licenses []licensetext.Text `json:"licenses,omitempty"` // every file that speaks of licences, its own and of what it bundles

	Pth     []Pth    `json:"pth,omitempty"`   // .pth and .start files
	Hooks   []string `json:"hooks,omitempty"` // paths of modules that Python imports when it starts: sitecustomize, usercustomize
	Natives []Native `json:"natives,omitempty"`

	TopLevel    []string     `json:"topLevel,omitempty"`    // names that can be imported
	Scripts     []string     `json:"scripts,omitempty"`     // names of programs on the PATH
	EntryPoints []EntryPoint `json:"entryPoints,omitempty"` // but those that are scripts
	SBOMs       []string     `json:"sboms,omitempty"`       // paths of bills of materials (PEP 770, and others by name)
	Notes       []string     `json:"notes,omitempty"`       // what could not be read, and why
}

// Metadata is what METADATA says that licences, bills of materials and reviews ask for.
type Metadata struct {
	Summary           string   `json:"summary,omitempty"`
	License           string   `json:"license,omitempty"`           // free text, at times the whole licence
	LicenseExpression string   `json:"licenseExpression,omitempty"` // PEP 639
	LicenseFiles      []string `json:"licenseFiles,omitempty"`      // as METADATA names them
	Classifiers       []string `json:"classifiers,omitempty"`       // those about licences
	Supplier          string   `json:"supplier,omitempty"`          // who publishes it: the maintainer, else the author; "" where neither is told
	SupplierEmail     string   `json:"supplierEmail,omitempty"`
	Author            string   `json:"author,omitempty"`
	URLs              []URL    `json:"urls,omitempty"` // labels as written; "Homepage" for the old field
	Requires          []string `json:"requires,omitempty"`
	RequiresPython    string   `json:"requiresPython,omitempty"`
}

// URL is a labelled link.
type URL struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Pth is a file that site reads when Python starts, its lines parted by what site
// does with them. Code lines run; one that is longer than 4 KiB is cut there.
type Pth struct {
	Path   string   `json:"path"`
	SHA256 string   `json:"sha256,omitempty"` // of the whole file
	Paths  []string `json:"paths,omitempty"`  // added to sys.path
	Code   []string `json:"code,omitempty"`   // run; of a .start file, all lines
}

// Native is a file of machine code.
type Native struct {
	Path    string   `json:"path"`
	Format  string   `json:"format"` // "elf", "pe", "macho"
	SHA256  string   `json:"sha256,omitempty"`
	Size    int64    `json:"size"`
	SoName  string   `json:"soname,omitempty"`  // ELF only
	Needed  []string `json:"needed,omitempty"`  // ELF only
	Program bool     `json:"program,omitempty"` // ELF only: can be started
}

// EntryPoint is an advertised object that other programs load (entry points specification).
type EntryPoint struct {
	Group string `json:"group"`
	Name  string `json:"name"`
	Value string `json:"value"` // "module:attribute"
}
