// Package cpython builds CPython from the sources that its own project publishes,
// and offers what it builds as interpreters. It is not where packages are built
// (build), and runs nothing outside of the sandbox.
//
// The hard idea: what comes out must not tell where, when or beside what it was
// built. Everything that could is made equal for every build (folder, clock, locale,
// order) or cleaned out of the result, the libraries that it takes from the machine
// are linked in and named by digest, and whatever configure would take on its own
// account is switched off. So the digest of the tree is the same each time, and the
// list of what is inside is complete.
package cpython

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/interp"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/sandbox"
	"snug/internal/store"
)

// SourceName is this source's name in the lock.
const SourceName = "cpython-source"

// Options of a Source. Client, Store, Sandbox and Temp are required.
type Options struct {
	Client  *fetch.Client
	Store   *store.Store                                        // keeps tarballs
	Sandbox func(ctx context.Context) (*sandbox.Sandbox, error) // asked once there is something to build
	Temp    string                                              // folder in which builds have theirs, with 2 GB of room
	Root    string                                              // of the machine's files; "" is "/"
	Mirror  string                                              // address or folder in place of Home; "" is Home
	Jobs    int                                                 // of make; 0 is 1

	Profile  string // of what List offers; "" is Minimal
	Optimize string // "" or PGO

	Step func(step string)                   // is told of each step as it begins; may be nil
	Made func(context.Context, *Built) error // gets what Fetch built; may be nil
}

// Source offers the releases of the catalogue, built on this machine for this
// machine. It is safe for concurrent use.
type Source struct{ opt Options }

var _ interp.Source = (*Source)(nil)

// NewSource makes a Source. It looks at nothing.
func NewSource(opt Options) *Source {
	if opt.Root == "" {
		opt.Root = "/"
	}
	if opt.Step == nil {
		opt.Step = func(string) {}
	}
	if opt.Made == nil {
		opt.Made = func(context.Context, *Built) error { return nil }
	}
	opt.Jobs = max(opt.Jobs, 1)
	return &Source{opt}
}

// Name is SourceName.
func (s *Source) Name() string { return SourceName }

// List returns the releases of the catalogue for this machine's own target, nothing
// for any other. Of a mirror that is a folder, those are left out whose sources are
// neither there nor in the store.
func (s *Source) List(_ context.Context, target pytag.Target) ([]interp.Interpreter, error) {
	c, err := choose(s.opt.Profile, s.opt.Optimize)
	if err != nil {
		return nil, err
	}
	if !builds(target) {
		return nil, nil
	}
	list, err := Catalogue()
	if err != nil {
		return nil, err
	}
	var out []interp.Interpreter
	for _, t := range list {
		if !s.offered(t) {
			continue
		}
		v, err := pep440.Parse(t.Version)
		if err != nil {
			return nil, fmt.Errorf("snug's own catalogue of CPython's sources: %w", err)
		}
		out = append(out, interp.Interpreter{Version: v, Target: target.String(), Source: SourceName, ID: c.String(), SHA256: t.SHA256, Movable: true})
	}
	return out, nil
}

// offered tells whether a folder of sources has the release; an address is not asked.
func (s *Source) offered(t Tarball) bool {
	if s.opt.Mirror == "" || strings.Contains(s.opt.Mirror, "://") || s.here(t) {
		return true
	}
	for _, file := range s.places(t) {
		if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// builds tells whether a Python for the target is built here: what a Linux system's
// own compiler builds runs on that system.
func builds(t pytag.Target) bool {
	host, err := pytag.Host()
	return err == nil && host.OS == "linux" && t.OS == host.OS && t.Arch == host.Arch && t.Libc == host.Libc
}

// Key names the tree that Fetch makes: one for each tarball, recipe, and set of
// libraries that this machine would link, so that what is built otherwise is never
// taken for the same. It fails where the libraries are not there.
func (s *Source) Key(i interp.Interpreter) (string, error) {
	c, err := parseID(i.ID)
	if err != nil {
		return "", err
	}
	minor, err := minorNumber(i.Version.String())
	if err != nil {
		return "", err
	}
	h, err := s.survey(librariesFor(c, minor))
	if err != nil {
		return "", err
	}
	sum := digest.Of([]byte(strings.Join([]string{"snug python", i.SHA256, i.ID, RecipeDigest().String(), h.digest().String(), interp.LayoutVersion}, "\n")))
	return "python-" + i.Version.String() + "-" + sum.String(), nil
}

// Fetch builds the interpreter and lays it out in the empty folder dir. What the
// release is built of is held to the digest i.SHA256.
func (s *Source) Fetch(ctx context.Context, i interp.Interpreter, dir string, progress func(done, total int64)) error {
	c, err := parseID(i.ID)
	if err != nil {
		return err
	}
	t := Tarball{Version: i.Version.String(), SHA256: i.SHA256}
	built, err := s.Build(ctx, Request{Tarball: t, choice: c, Progress: progress}, dir)
	if err != nil {
		return err
	}
	return s.opt.Made(ctx, built)
}

// minorNumber is the 13 of "3.13.5"; too old a version is an error.
func minorNumber(version string) (int, error) {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return 0, fault.New(fault.Input, "write it as 3.13.5", "%q is no version of Python", version)
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || parts[0] != "3" {
		return 0, fault.New(fault.Input, "write it as 3.13.5", "%q is no version of Python", version)
	}
	if n < oldestMinor {
		return 0, fault.New(fault.Unsupported, fmt.Sprintf("snug builds Python 3.%d and later", oldestMinor), "Python %s cannot be linked into one file", version)
	}
	return n, nil
}

// Limits of a build, beyond which it is stopped.
const (
	wallLimit  = 30 * time.Minute
	optimizing = 3 * time.Hour // with PGO, which runs tests and compiles twice
)
