// Package lock is pylock.toml (PEP 751): what every runtime is made of, exactly, for every target. It reads the files of
// other tools too, writes its own, and picks what an environment installs. It resolves nothing and fetches nothing.
//
// The one hard idea: the file must serve installers that know nothing of snug. So runtimes are dependency groups, a package
// carries a marker that names every group that contains it, and what the standard has no word for stands in [tool.snug],
// which nobody needs in order to install.
package lock

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"snug/internal/cooldown"
)

// Version is the lock-version that snug writes.
const Version = "1.0"

// FileName is the usual name; "pylock.NAME.toml" is the other (PEP 751, "File Name").
const FileName = "pylock.toml"

var named = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^pylock\.[^.]+\.toml$`) })

// IsFileName tells whether installers will take name (without folder) as a lock.
func IsFileName(name string) bool { return name == FileName || named().MatchString(name) }

// Lock is a whole lock file. Markers, specifiers and versions are text that Parse has checked.
type Lock struct {
	LockVersion      string
	Environments     []string // markers; the lock is for an environment that satisfies any of them, or for all if empty
	RequiresPython   string
	Extras           []string // normalised
	DependencyGroups []string
	DefaultGroups    []string
	CreatedBy        string
	Packages         []Package
	Tool             Tool // [tool.snug]; zero in other tools' files
}

// Package is one entry. It has one source: VCS, Directory, Archive, or else Sdist and Wheels.
type Package struct {
	Name                  string // normalised
	Version               string // "" for a source tree that computes it
	Marker                string
	RequiresPython        string
	Index                 string
	Dependencies          []Dependency
	VCS                   *VCS
	Directory             *Directory
	Archive               *Archive
	Sdist                 *File
	Wheels                []File
	AttestationIdentities []map[string]string // each has "kind"; values that are no text are left out
	Notes                 []string            // [packages.tool.snug]: what was fixed up, why a yanked file is used
}

// Dependency names another entry; installers do not need it.
type Dependency struct{ Name, Version string }

// VCS is a revision of a repository.
type VCS struct{ Type, URL, Path, RequestedRevision, CommitID, Subdirectory string }

// Directory is a source tree beside the lock.
type Directory struct {
	Path         string
	Editable     bool
	Subdirectory string
}

// Archive is a direct URL or path of a source archive or wheel.
type Archive struct {
	URL, Path    string
	Size         int64 // 0: not given
	UploadTime   time.Time
	Hashes       map[string]string
	Subdirectory string
}

// File is the archive as a file of an index would be listed, without its upload time.
func (a *Archive) File() File {
	return File{URL: a.URL, Path: a.Path, Size: a.Size, Hashes: a.Hashes}
}

// File is a wheel or sdist of an index.
type File struct {
	Name       string // "" when URL or Path says it
	URL, Path  string // at least one
	Size       int64  // 0: not given
	UploadTime time.Time
	Hashes     map[string]string // hashlib name → lower-case hex; at least one
}

// FileName is the file's name: given, or the last part of the path, or of the URL, decoded.
func (f File) FileName() string {
	switch {
	case f.Name != "":
		return f.Name
	case strings.Contains(f.Path, "/"):
		return f.Path[strings.LastIndexByte(f.Path, '/')+1:]
	case f.Path != "":
		return f.Path[strings.LastIndexByte(f.Path, '\\')+1:]
	}
	parsed, err := url.Parse(f.URL)
	if err != nil {
		return "" // no name: Parse refuses the file
	}
	return parsed.Path[strings.LastIndexByte(parsed.Path, '/')+1:]
}

// Tool is what snug keeps beside the standard's words.
type Tool struct {
	Asked       string          // hex digest of what was asked; a lock with another one is out of date
	AsOf        time.Time       // zero: no cut-off
	MinAge      cooldown.Policy // how old files had to be when they were locked; indexes by address
	MinAgeAt    time.Time       // the moment from which MinAge was counted; zero without one
	Resolution  string          // "lowest" or "lowest-direct"; "": the newest versions first
	Prereleases bool            // they counted as versions like others
	Targets     []Target
	Runtimes    []Runtime         // innermost first
	Apart       map[string]string // target that has a lock of its own beside this one → which packages differ
	Overlaps    map[string]string // pattern of files → the package that owns them
	Builds      []Build           // what the sources among the packages are built with
}

// Target is a platform that the lock was solved for.
type Target struct {
	Name        string
	Python      string // full version
	Interpreter Interpreter
}

// Interpreter pins the Python of a target.
type Interpreter struct{ Source, ID, SHA256 string }

// Runtime is one of the nested environments; its name is a dependency group.
type Runtime struct {
	Name, Contains string
	Isolated       bool
	NoBytecode     bool
	Slim           string
	Roots          []string // requirements (PEP 508) of its own, not of the contained one
}

// Runtime finds a runtime by name.
func (l *Lock) Runtime(name string) (Runtime, bool) {
	for _, r := range l.Tool.Runtimes {
		if r.Name == name {
			return r, true
		}
	}
	return Runtime{}, false
}
