// Package engine is the pipeline: manifest, resolve, lock, vet, assemble, prove,
// switch. Every front (the command line today) calls it, and it alone calls
// two stages in a row. It is not where any stage's work is done: read Build to
// see the product, Check to see vetting, then the stage whose step interests you;
// docs/tour.md leads through the files.
//
// The hard idea: everything a stage needs from the machine (clock, environment,
// folders, network, process execution) is a field here and handed down, so that
// the whole pipeline runs in a test against in-process fakes.
package engine

import (
	"context"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"snug/internal/advisory"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/manifest"
	"snug/internal/pytag"
	"snug/internal/sandbox"
	"snug/internal/store"
)

// Options are the settings of one run, already merged from flags and
// environment. The zero value of a field means "as the project or the machine
// says".
type Options struct {
	Home         string              // store and cache; required
	Env          func(string) string // required
	Environ      []string            // what `run` hands on
	UserHome     string              // where pip's, uv's and netrc files are looked for
	Now          func() time.Time    // required
	IndexURL     string              // overrides the project's and pip's
	Extra        []index.Extra
	PythonMirror string // overrides the project's
	Tarballs     string // the same, for CPython's own
	CrateMirror  string // overrides the registries that Cargo.lock files name
	TrustedRoot  string // Sigstore's trusted_root.json; overrides the project's
	Offline      bool
	AsOf         time.Time // files uploaded later are not seen
	AllFiles     bool      // no cut-off, whatever the project says
	MinAge       []string  // over the project's cooldown, as cooldown.Policy.Amend reads them
	Sandbox      string    // least level that builds run at; overrides the project's
	Jobs         int       // parallel work; 0 = one for each core
	Transport    http.RoundTripper
	Sleep        func(context.Context, time.Duration) error // between tries of the network; nil: a timer
	Sources      []interp.Source                            // nil: the real ones
	Runner       interp.Runner                              // nil: real processes
	Builder      Builder                                    // nil: real builds in the best sandbox
	Events       event.Handler                              // nil: nothing is said
	Version      string                                     // snug's own, for created-by
	Keys         string                                     // folder of the signing key and of those that are trusted; "": there is no place for one
	SigningKey   string                                     // private key that stands in place of the one in Keys
	Typed        []string                                   // the command line, for fixes to repeat
	Feeds        []advisory.Feed                            // over the project's
	Folder       string                                     // the project's, where Typed names it by no flag
}

// Engine runs the pipeline. It is safe for use by one goroutine at a time;
// several processes may work on one store and on one project.
type Engine struct {
	Options
	fetch *fetch.Client
	store *store.Store
	pace  pace
	noted sync.Once // the notes on pip's and uv's configuration
}

// New opens the store below opt.Home, creating it where needed. It touches no
// network.
func New(opt Options) (*Engine, error) {
	if opt.Jobs <= 0 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	if opt.Events == nil {
		opt.Events = event.Discard()
	}
	if opt.Sandbox != "" {
		if _, err := sandbox.ParseLevel(opt.Sandbox); err != nil {
			return nil, fault.New(fault.Usage, fault.HintOf(err), "%w", err)
		}
	}
	machine, err := index.ReadConfig(opt.Env, opt.UserHome, "")
	if err != nil {
		return nil, err
	}
	client, err := fetch.New(fetch.Options{
		Transport: opt.Transport,
		Env:       opt.Env,
		CacheDir:  filepath.Join(opt.Home, "cache", "http"),
		Offline:   opt.Offline,
		CertFile:  machine.CertFile,
		Now:       opt.Now,
		Sleep:     opt.Sleep,
		UserAgent: "snug/" + opt.Version,
	})
	if err != nil {
		return nil, err
	}
	s, err := store.Open(opt.Home)
	if err != nil {
		return nil, fault.New(fault.Failed, "--home DIR or SNUG_HOME names a folder that can be written", "%w", err)
	}
	if opt.Runner == nil {
		opt.Runner = interp.NewRunner(opt.Env)
	}
	return &Engine{Options: opt, fetch: client, store: s}, nil
}

func (e *Engine) say(stage string, kind event.Kind, subject, message string) {
	e.Events.Handle(event.Event{Time: e.Now(), Stage: stage, Kind: kind, Subject: subject, Message: message})
}

// host is the target that runtimes are built for here.
func (e *Engine) host() (pytag.Target, error) {
	t, err := pytag.Host()
	if err != nil {
		return t, fault.New(fault.Unsupported, "snug locks for any target with --target, but builds only where it runs", "this machine: %w", err)
	}
	return t, nil
}

// sourcesFor returns the interpreter sources in the order they are tried, for a
// project or (nil) for none.
func (e *Engine) sourcesFor(ctx context.Context, p *manifest.Project) []interp.Source {
	if e.Sources != nil {
		return e.Sources
	}
	if p != nil && p.PythonBuild != nil {
		return []interp.Source{e.cpython(p, p.PythonBuild.Profile, p.PythonBuild.Optimize)}
	}
	return interp.Default(ctx, e.fetch, interp.Settings{Mirror: e.mirror(p), Env: e.Env})
}

// mirror is where python-build-standalone's releases are taken from, "" being
// their own host. A project's folder is relative to the project.
func (e *Engine) mirror(p *manifest.Project) string {
	if e.PythonMirror != "" || p == nil {
		return e.PythonMirror
	}
	return placeOf(p, p.PythonMirror)
}

// placeOf is where the project says that files are.
func placeOf(p *manifest.Project, where string) string {
	if where == "" || strings.Contains(where, "://") || filepath.IsAbs(where) {
		return where
	}
	return filepath.Join(p.Root, filepath.FromSlash(where))
}
