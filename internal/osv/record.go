// Package osv is one record of the OSV format (schema 1.x) and the question
// whether it speaks of a version. It keeps no store and joins no records:
// advisory does.
//
// The hard idea: what a record lists and what its ranges say is a union. A range
// that cannot be read takes nothing away from the rest: it is passed over, said,
// and the listed versions still count.
package osv

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"snug/internal/fault"
)

// Limits of one record from outside.
const (
	MaxRecord   = 8 << 20 // bytes of its JSON
	maxID       = 200     // bytes of an id
	maxName     = 1000    // bytes of a package's name or a version
	maxRelated  = 5_000   // aliases, upstream, related: each
	maxAffected = 50_000  // affected packages
	maxRanges   = 10_000  // ranges of one affected package
	maxEvents   = 50_000  // events of one range
	maxVersions = 200_000 // listed versions of one affected package
)

// Record is an OSV record: what advisories need of it. What it holds besides is
// in the JSON that it was read from.
type Record struct {
	SchemaVersion string     `json:"schema_version,omitempty"`
	ID            string     `json:"id"`
	Modified      time.Time  `json:"modified"`
	Published     time.Time  `json:"published,omitzero"`
	Withdrawn     *time.Time `json:"withdrawn,omitempty"`
	// Aliases are the same hole under other ids; symmetric and transitive.
	// Upstream and Related are other holes and join nothing.
	Aliases          []string        `json:"aliases,omitempty"`
	Upstream         []string        `json:"upstream,omitempty"`
	Related          []string        `json:"related,omitempty"`
	Summary          string          `json:"summary,omitempty"`
	Details          string          `json:"details,omitempty"`
	Severity         []Severity      `json:"severity,omitempty"`
	Affected         []Affected      `json:"affected,omitempty"`
	References       []Reference     `json:"references,omitempty"`
	DatabaseSpecific json.RawMessage `json:"database_specific,omitempty"`
}

// Severity is a score as its source gives it: of CVSS a vector.
type Severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// Reference is a page about the record.
type Reference struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// Affected is one package that the record speaks of.
type Affected struct {
	Package           Package         `json:"package,omitzero"`
	Severity          []Severity      `json:"severity,omitempty"`
	Ranges            []Range         `json:"ranges,omitempty"`
	Versions          []string        `json:"versions,omitempty"`
	EcosystemSpecific json.RawMessage `json:"ecosystem_specific,omitempty"`
	DatabaseSpecific  json.RawMessage `json:"database_specific,omitempty"`

	prepared []prepared // by Prepare
}

// Package names what is affected. It is the zero value where a record speaks of a
// repository only.
type Package struct {
	Ecosystem string `json:"ecosystem,omitempty"`
	Name      string `json:"name,omitempty"`
	PURL      string `json:"purl,omitempty"`
}

// The types of range.
const (
	TypeEcosystem = "ECOSYSTEM"
	TypeSemver    = "SEMVER"
	TypeGit       = "GIT"
)

// Range is a set of versions by events, which stand in any order.
type Range struct {
	Type   string  `json:"type"`
	Repo   string  `json:"repo,omitempty"`
	Events []Event `json:"events"`
}

// Event is a bound. The schema wants one of the four in each; all that are there
// count.
type Event struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
}

// PyPI is the ecosystem of Python packages.
const PyPI = "PyPI"

// IsPyPI tells whether the package is a Python distribution. An ecosystem may
// have a suffix behind a colon.
func (p Package) IsPyPI() bool {
	name, _, _ := strings.Cut(p.Ecosystem, ":")
	return name == PyPI
}

// Parse reads a record. Unknown fields are passed over; a malformed or an
// oversized one is a fault.Input.
func Parse(data []byte) (*Record, error) {
	if len(data) > MaxRecord {
		return nil, bad("", "%d bytes; %d are the most", len(data), MaxRecord)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, bad(r.ID, "%w", err)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, bad(r.ID, "a zero byte in it")
	}
	if r.Modified.IsZero() && !bytes.Contains(data, []byte(`"modified"`)) { // PyPA has one that says the year 1
		return nil, bad(r.ID, "no modified")
	}
	if reason := r.flaw(); reason != "" {
		return nil, bad(r.ID, "%s", reason)
	}
	for i, id := range r.Aliases {
		r.Aliases[i] = strings.Trim(id, " ,") // PyPA has one with a comma behind it
	}
	return &r, nil
}

func bad(id, format string, args ...any) error {
	what := "OSV record"
	if IsID(id) {
		what += " " + id
	}
	return fault.New(fault.Input, "a record is one JSON object by the OSV schema (ossf.github.io/osv-schema), with id and modified", what+": "+format, args...)
}

// flaw says what of the record the schema does not allow, "" if nothing.
func (r *Record) flaw() string {
	switch {
	case !IsID(r.ID):
		return "no id, or one that is none"
	case max(len(r.Aliases), len(r.Upstream), len(r.Related)) > maxRelated:
		return "too many aliases"
	case len(r.Affected) > maxAffected:
		return "too many affected packages"
	}
	for _, id := range r.Aliases {
		if id == "" || len(id) > maxID || strings.ContainsFunc(id, unicode.IsControl) {
			return "an alias that is no id"
		}
	}
	for i := range r.Affected {
		if reason := r.Affected[i].flaw(); reason != "" {
			return reason
		}
	}
	return ""
}

func (a *Affected) flaw() string {
	switch {
	case len(a.Package.Name) > maxName || len(a.Package.Ecosystem) > maxName:
		return "a package whose name is too long"
	case len(a.Ranges) > maxRanges:
		return "too many ranges"
	case len(a.Versions) > maxVersions:
		return "too many versions"
	}
	long := func(s string) bool { return len(s) > maxName }
	if slices.ContainsFunc(a.Versions, long) {
		return "a version that is too long"
	}
	for _, g := range a.Ranges {
		if len(g.Events) > maxEvents {
			return "too many events"
		}
		for _, e := range g.Events {
			if long(e.Introduced) || long(e.Fixed) || long(e.LastAffected) || long(e.Limit) {
				return "a bound that is too long"
			}
		}
	}
	return ""
}

// IsID tells whether s may be the id of a record: it becomes part of file names
// and addresses.
func IsID(s string) bool {
	if s == "" || len(s) > maxID || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-_.:+", rune(c)) {
			return false
		}
	}
	return true
}
