// Package interp is where Python interpreters come from and the only place that
// starts a process. It lists what can be had for a target, chooses one, fetches
// it into snug's layout, and runs Python: to compile, to prove, and for
// `snug run`. It is not the store (the caller keeps what Fetch lays out) and it
// assembles no runtime.
//
// The hard idea: an interpreter is known by one digest before a byte of it is
// fetched. python-build-standalone publishes the digest of its archive; the Go
// module's files are accepted only if the laid-out tree has the digest in the
// embedded catalogue, so that reading a quarter of its zip by range is as safe
// as reading all of it.
package interp

import (
	"context"
	"fmt"

	"snug/internal/fetch"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Names of the sources, as they stand in the lock.
const (
	SourceStandalone = "python-build-standalone"
	SourceModule     = "go-embed-python"
	SourceFound      = "found"
)

// Interpreter is one CPython that can be had for one target.
type Interpreter struct {
	Version pep440.Version `json:"version"`
	Target  string         `json:"target"`  // pytag.Target's text
	Source  string         `json:"source"`  // one of the Source constants
	ID      string         `json:"id"`      // release tag, module version or path
	SHA256  string         `json:"sha256"`  // hex: of the archive, of the laid-out tree, or of the found executable
	Movable bool           `json:"movable"` // false: works on this machine only
}

// Minor is the interpreter's "3.14".
func (i Interpreter) Minor() string { return minorOf(i.Version) }

func minorOf(v pep440.Version) string { return fmt.Sprintf("%d.%d", v.Major(), v.Minor()) }

// Source offers interpreters. Implementations are safe for concurrent use.
type Source interface {
	// Name is one of the Source constants.
	Name() string
	// List returns what the source has for the target, in no order; nothing
	// and no error if it has none.
	List(ctx context.Context, target pytag.Target) ([]Interpreter, error)
	// Fetch lays the interpreter out in the empty folder dir and returns
	// fault.Integrity if it has not the digest i.SHA256; dir is then to be
	// thrown away. Progress (may be nil) gets bytes; total is -1 if unknown.
	Fetch(ctx context.Context, i Interpreter, dir string, progress func(done, total int64)) error
}

// Key names the tree in which the interpreter is kept. A source that makes different
// trees of one digest, by what the machine has, has a Key of its own.
func Key(sources []Source, i Interpreter) (string, error) {
	for _, s := range sources {
		if k, ok := s.(interface {
			Key(Interpreter) (string, error)
		}); ok && s.Name() == i.Source {
			return k.Key(i)
		}
	}
	return "python-" + i.Version.String() + "-" + i.SHA256 + "-" + LayoutVersion, nil
}

// Settings say where the sources look.
type Settings struct {
	Mirror string              // replaces the release host of python-build-standalone: an address or a folder
	Env    func(string) string // PATH, GOPROXY, PYENV_ROOT, HOME
}

// Default returns the real sources in the order they are tried.
func Default(ctx context.Context, client *fetch.Client, s Settings) []Source {
	return []Source{
		NewStandalone(client, s.Mirror),
		NewModule(ctx, client, s.Env),
		NewFound(s.Env),
	}
}
