package cli

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"snug/internal/advisory"
	"snug/internal/cooldown"
	"snug/internal/engine"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/manifest"
)

// settings are the flags that every command has. Each can be set by a variable
// too, and those that a project may decide by [tool.snug]; the flag speaks
// first, then the variable, then the project.
func (a *app) settings(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&a.home, "home", "", "store and cache `DIR` (default: the user's cache folder)")
	f.StringVar(&a.indexURL, "index-url", "", "package index `URL` (default: what pip's, then uv's configuration says)")
	f.StringArrayVar(&a.extra, "extra-index", nil, "further index as `NAME=URL`; the first that has a package wins (repeatable)")
	f.StringVar(&a.pythonMirror, "python-mirror", "", "`URL` or folder that has python-build-standalone's releases")
	f.StringVar(&a.pythonSources, "python-sources", "", "`URL` or folder that has CPython's own sources, for Pythons that are built")
	f.StringVar(&a.asOf, "as-of", "", "see only files uploaded until `DATE` (2026-11-01 or 2026-11-01T12:00:00Z; \"now\" for all)")
	f.StringArrayVar(&a.minAge, "min-age", nil, "see only files that are this old: `AGE` (12h, 7d, 2w; 0 lifts it) or NAME=AGE for one package (repeatable)")
	f.StringVar(&a.signingKey, "signing-key", "", "private key `FILE` that provenance is signed with (default: one that is made below the store's home)")
	f.StringVar(&a.trustedRoot, "trusted-root", "", "Sigstore's trusted_root.json, a `FILE`, by which attestations of an index are verified (default: they are not)")
	f.StringArrayVar(&a.feeds, "advisory-feed", nil, "advisory feed as `KIND=SOURCE`: pypi, cpython, native, cargo, epss or kev, and an address or a path (repeatable)")
	f.StringVar(&a.project, "project", "", "project `DIR` (default: this folder)")
	f.BoolVar(&a.offline, "offline", false, "use what is in the store and the cache, no network")
	f.StringVar(&a.sandboxLevel, "sandbox", "", "build from source at this `LEVEL` of sandbox or not at all: hermetic, netless, landlock, none")
	f.IntVar(&a.jobs, "jobs", 0, "`NUMBER` of things done at once (default: one for each core)")
	f.BoolVar(&a.json, "json", false, "print events and results as JSON, one object a line")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "say nothing but errors and results")
	f.BoolVar(&a.noBar, "no-progress", false, "no progress lines")
}

// settingNames are the flags of settings.
var settingNames = []string{"home", "index-url", "extra-index", "python-mirror", "python-sources", "as-of", "min-age", "signing-key", "trusted-root", "advisory-feed", "project", "offline", "sandbox", "jobs", "json", "quiet", "no-progress"}

// variable is the environment variable of a setting: SNUG_INDEX_URL.
func variable(name string) string {
	return "SNUG_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// fromEnvironment sets the flags that were not given from their variables. A
// variable that is empty counts as unset; that of a repeatable flag holds words.
func (a *app) fromEnvironment(cmd *cobra.Command) error {
	for _, name := range settingNames {
		text := a.env(variable(name))
		flag := cmd.Flags().Lookup(name)
		if text == "" || flag.Changed {
			continue
		}
		values := []string{text}
		if flag.Value.Type() == "stringArray" {
			values = strings.Fields(text)
		}
		for _, v := range values {
			if err := cmd.Flags().Set(name, v); err != nil {
				return usage("it is what --"+name+" would be given; true or false where that needs no value", "%s=%s: not understood", variable(name), text)
			}
		}
	}
	return nil
}

// engine opens the engine with the merged settings. p is the project whose
// [tool.snug] counts; nil where the command looks at none.
func (a *app) engine(p *manifest.Project) (*engine.Engine, error) {
	if p == nil {
		p = &manifest.Project{}
	}
	home, err := a.homeDir(p.Home)
	if err != nil {
		return nil, err
	}
	asOf, err := parseMoment(a.asOf)
	if err != nil {
		return nil, err
	}
	if _, err := (cooldown.Policy{}).Amend(a.minAge); err != nil {
		return nil, usage("write --min-age 7d, or --min-age NAME=0", "--min-age: %w", err)
	}
	extra, err := parseExtra(a.extra)
	if err != nil {
		return nil, err
	}
	feeds, err := a.parseFeeds()
	if err != nil {
		return nil, err
	}
	if a.indexURL != "" && !isAddress(a.indexURL) {
		return nil, usage("an address looks like https://index.example/simple/", "--index-url %q is none", fetch.Redact(a.indexURL))
	}
	if a.jobs < 0 {
		return nil, usage("leave it out to use every core", "--jobs %d", a.jobs)
	}
	jobs := a.jobs
	if jobs == 0 {
		jobs = p.Jobs
	}
	return engine.New(engine.Options{
		Home: home, Env: a.env, Environ: a.Env, UserHome: a.env("HOME"), Now: a.Now, IndexURL: a.indexURL, Extra: extra,
		PythonMirror: a.place(a.pythonMirror), Tarballs: a.place(a.pythonSources),
		Offline: a.offline || p.Offline && !a.offlineSaid, AsOf: asOf, AllFiles: a.asOf == "now", MinAge: a.minAge, Sandbox: a.sandboxLevel, Jobs: jobs, Transport: a.Transport, Sleep: a.Sleep,
		Sources: a.Sources, Runner: a.Runner, Builder: a.Builder, Events: a.handler(), Version: Version(), Typed: a.Args, Folder: a.project, Feeds: feeds,
		Keys: a.keysDir(), SigningKey: a.path(a.signingKey), TrustedRoot: a.path(a.trustedRoot),
	})
}

// keysDir is where the signing key is, and the keys that are trusted: below the
// store's home, but not one that a project chose, which could bring its own. ""
// where there is no such place.
func (a *app) keysDir() string {
	home, err := a.homeDir("")
	if err != nil {
		return ""
	}
	return filepath.Join(home, "keys")
}

// place is where files are, if it was said: an address, or a folder seen from the one
// snug was started in.
func (a *app) place(where string) string {
	if strings.Contains(where, "://") {
		return where
	}
	return a.path(where)
}

// homeDir is where the store is; chosen is what the project says of it.
func (a *app) homeDir(chosen string) (string, error) {
	if a.home != "" {
		return a.path(a.home), nil
	}
	if chosen != "" {
		return chosen, nil
	}
	if x := a.env("XDG_CACHE_HOME"); x != "" && filepath.IsAbs(x) {
		return filepath.Join(x, "snug"), nil
	}
	if h := a.env("HOME"); h != "" {
		return filepath.Join(h, ".cache", "snug"), nil
	}
	if l := a.env("LocalAppData"); l != "" {
		return filepath.Join(l, "snug"), nil
	}
	return "", fault.New(fault.Usage, "say where with --home DIR or SNUG_HOME", "no place for the store: HOME is not set")
}

func parseMoment(s string) (time.Time, error) {
	if s == "" || s == "now" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, usage("write 2026-11-01 or 2026-11-01T12:00:00Z", "--as-of %q is no date", s)
}

func parseExtra(args []string) ([]index.Extra, error) {
	var out []index.Extra
	for _, arg := range args {
		name, url, ok := strings.Cut(arg, "=")
		if !ok || name == "" || url == "" || strings.Contains(name, "/") {
			return nil, usage("write it as --extra-index NAME=URL", "--extra-index %q has no name or no URL", fetch.Redact(arg))
		}
		if !isAddress(url) {
			return nil, usage("an address looks like https://index.example/simple/", "--extra-index %s: %q is none", name, fetch.Redact(url))
		}
		out = append(out, index.Extra{Name: name, URL: url})
	}
	return out, nil
}

func (a *app) parseFeeds() ([]advisory.Feed, error) {
	var out []advisory.Feed
	for _, arg := range a.feeds {
		name, source, ok := strings.Cut(arg, "=")
		if !ok || source == "" {
			return nil, usage("write it as --advisory-feed pypi=https://mirror.example/PyPI", "--advisory-feed %q has no kind or no source", fetch.Redact(arg))
		}
		kind, err := advisory.ParseKind(name)
		if err != nil {
			return nil, err
		}
		out = append(out, advisory.Feed{Kind: kind, Source: a.place(source)})
	}
	return out, nil
}

func isAddress(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}
