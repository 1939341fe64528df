// Package advisory keeps what is known of holes: OSV records compiled into an
// index of its own, kept as snapshots by date, and asked about components. It
// decides nothing about them (policy does) and finds no components (inventory
// does).
//
// The hard idea: a compiled snapshot holds, for each name, just the bounds that
// its versions are compared with, and for each hole the group of all records that
// mean it, worked out over the whole store when it is compiled. To ask is to look
// a name up in a sorted table and to read the few hundred bytes that stand there.
package advisory

import (
	"path"
	"strings"
	"time"

	"snug/internal/component"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/osv"
	"snug/internal/pep508"
)

// Kind says what a feed gives: records about one class of component, or signals
// about holes that are joined to the records.
type Kind string

// The kinds of feed.
const (
	Packages         = Kind(component.Package)
	Interpreter      = Kind(component.Interpreter)
	Native           = Kind(component.Library)
	Crates           = Kind(component.Crate)
	EPSS        Kind = "epss" // the daily CSV of the Exploit Prediction Scoring System
	KEV         Kind = "kev"  // CISA's catalogue of known exploited vulnerabilities, as JSON
)

// Kinds are all of them, in the order in which they are told.
func Kinds() []Kind { return []Kind{Packages, Interpreter, Native, Crates, EPSS, KEV} }

// DefaultSource is OSV's bulk export for Python packages.
const DefaultSource = "https://osv-vulnerabilities.storage.googleapis.com/PyPI"

// Feed is where data of one kind comes from: an address, or a path.
//
// The address of records is the folder of an ecosystem in OSV's bulk export
// (all.zip, modified_id.csv and ID.json stand in it), or that of one zip file.
type Feed struct {
	Kind   Kind
	Source string
}

// Shown is the source without logins.
func (f Feed) Shown() string {
	if strings.Contains(f.Source, "://") {
		return fetch.Redact(f.Source)
	}
	return f.Source
}

// ParseKind reads the name of a kind; the error is a fault.Usage.
func ParseKind(text string) (Kind, error) {
	for _, k := range Kinds() {
		if text == string(k) {
			return k, nil
		}
	}
	return "", fault.New(fault.Usage, "the feeds are pypi, cpython, native, cargo, epss and kev", "there is no advisory feed %q", text)
}

// cratesIO is the ecosystem of Rust crates.
const cratesIO = "crates.io"

// ofRecords tells whether the feed gives OSV records.
func (k Kind) ofRecords() bool { return k != EPSS && k != KEV }

// Info tells what a snapshot holds and how old it is.
type Info struct {
	Snapshot string     `json:"snapshot,omitempty"` // its file's name; "" of what is in memory
	Made     time.Time  `json:"made"`               // when the newest record was changed
	Fetched  time.Time  `json:"fetched"`            // when the feed of records that was asked longest ago was
	Groups   int        `json:"groups"`             // holes, each of which several records may mean
	Feeds    []FeedInfo `json:"feeds"`
	Overlays []Overlay  `json:"overlays,omitempty"` // of the project, those that have expired too
}

// FeedInfo is Info of one feed. Counts are of records but where said.
type FeedInfo struct {
	Kind      Kind      `json:"kind"`
	Source    string    `json:"source"`  // without logins
	Records   int       `json:"records"` // of epss and kev: entries
	Packages  int       `json:"packages,omitempty"`
	Withdrawn int       `json:"withdrawn,omitempty"`
	Malware   int       `json:"malware,omitempty"`
	Elsewhere int       `json:"elsewhere,omitempty"`  // of which no affected package is of this feed's class: other ecosystems
	Unread    int       `json:"unreadable,omitempty"` // with a bound that is no version: what they list still counts
	Future    int       `json:"future,omitempty"`     // dated later than they were fetched; their dates do not count for Newest
	Newest    time.Time `json:"newest,omitzero"`      // the last change of a record, or the day of the scores
	Fetched   time.Time `json:"fetched"`
}

// Feed returns what there is of that kind.
func (i Info) Feed(k Kind) (FeedInfo, bool) {
	for _, f := range i.Feeds {
		if f.Kind == k {
			return f, true
		}
	}
	return FeedInfo{}, false
}

// Key is what records are looked up by.
type Key struct {
	Class component.Class
	Name  string
}

// keyOf is the key of a component.
func keyOf(c component.Component) Key {
	switch c.Class {
	case component.Package:
		return Key{c.Class, pep508.NormalizeName(c.Name)}
	case component.Crate:
		return Key{c.Class, c.Name}
	}
	return Key{c.Class, canonical(c.Name)}
}

// canonical is one name for a thing that is not a Python package: projects,
// repositories and libraries spell it in many ways.
func canonical(name string) string {
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "/"), ".git"))
	name = path.Base(strings.ReplaceAll(name, ":", "/"))
	switch name {
	case "python", "python3":
		return string(component.Interpreter)
	case "libexpat":
		return "expat"
	case "sqlite3", "libsqlite3":
		return "sqlite"
	case "libssl", "libcrypto":
		return "openssl"
	case "xz-utils", "liblzma", "lzma":
		return "xz"
	case "libz":
		return "zlib"
	case "libbz2":
		return "bzip2"
	case "ffi":
		return "libffi"
	}
	return name
}

// keysOf are the keys that an affected package of a record of that feed speaks
// of; none where it is of something else.
func (k Kind) keysOf(a *osv.Affected) []Key {
	if a.Package.IsPyPI() {
		if k != Packages || a.Package.Name == "" {
			return nil
		}
		return []Key{{component.Package, pep508.NormalizeName(a.Package.Name)}}
	}
	switch {
	case k == Packages, k == Crates && (a.Package.Ecosystem != cratesIO || a.Package.Name == ""):
		return nil
	case k == Crates:
		return []Key{{component.Crate, a.Package.Name}}
	}
	var out []Key
	add := func(name string) {
		key := Key{component.Class(k), canonical(name)}
		if (key.Name == string(component.Interpreter)) != (k == Interpreter) || key.Name == "." {
			return
		}
		for _, have := range out {
			if have == key {
				return
			}
		}
		out = append(out, key)
	}
	if a.Package.Name != "" {
		add(a.Package.Name)
	}
	for _, g := range a.Ranges {
		if g.Type == osv.TypeGit && g.Repo != "" {
			add(g.Repo)
		}
	}
	return out
}
