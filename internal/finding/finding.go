// Package finding is what vetting says of one component: a hole, a licence, a sign
// of a bad release, or that something could not be checked. It holds no rule about
// what may ship (policy does) and prints nothing.
//
// The hard idea: a finding is about a group of records that mean one hole, not about
// one record, and it keeps its evidence, so that every later reader (text, SARIF,
// VEX, a web page) says the same without asking again.
package finding

import (
	"cmp"
	"slices"

	"snug/internal/component"
)

// Class says what kind of thing was found. Its text is stable.
type Class string

// The classes of finding.
const (
	Vulnerability Class = "vulnerability"
	Malware       Class = "malware"      // a MAL- record: no severity, always bad
	License       Class = "license"      // a licence that policy speaks of, or that contradicts itself
	SupplyChain   Class = "supply-chain" // a sign about how the release came to be
	Breach        Class = "policy"       // the package itself is one that policy does not let in
	Unknown       Class = "unknown"      // something could not be checked, and why
)

// Status is a finding's state in the words of OpenVEX 0.2.0.
type Status string

// The statuses.
const (
	Affected           Status = "affected"
	NotAffected        Status = "not_affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// Verdict is what policy says of a finding, from the mildest.
type Verdict string

// The verdicts.
const (
	Allow  Verdict = "allow"
	Warn   Verdict = "warn"
	Review Verdict = "review" // a person must look: snug approve
	Deny   Verdict = "deny"
)

// Verdicts are all of them, from the mildest.
func Verdicts() []Verdict { return []Verdict{Allow, Warn, Review, Deny} }

// Worst is the hardest of the verdicts, Allow of none.
func Worst(all ...Verdict) Verdict {
	worst := Allow
	for _, v := range all {
		if slices.Index(Verdicts(), v) > slices.Index(Verdicts(), worst) {
			worst = v
		}
	}
	return worst
}

// Level is a severity in the words of CVSS.
type Level string

// The levels. NotRated is what no source gives a severity for: it is not "none".
const (
	Critical Level = "critical"
	High     Level = "high"
	Medium   Level = "medium"
	Low      Level = "low"
	None     Level = "none"
	NotRated Level = "unknown"
)

// Levels are all of them, the gravest first; what is not rated stands after High,
// since it may be anything.
func Levels() []Level { return []Level{Critical, High, NotRated, Medium, Low, None} }

// Severity is how bad a vulnerability is.
type Severity struct {
	Level  Level   `json:"level"`
	Score  float64 `json:"score,omitempty"`  // CVSS base score, 0 to 10
	Vector string  `json:"vector,omitempty"` // CVSS vector that the score is of
}

// Exploitation is what is known of its use in the world.
type Exploitation struct {
	KEV        bool    `json:"kev,omitempty"`        // in CISA's catalogue of known exploited vulnerabilities
	KEVAdded   string  `json:"kevAdded,omitempty"`   // day, YYYY-MM-DD
	KEVDue     string  `json:"kevDue,omitempty"`     // day by which CISA wants it mended
	Ransomware bool    `json:"ransomware,omitempty"` // known from ransomware campaigns
	EPSS       float64 `json:"epss,omitempty"`       // probability of exploitation in 30 days, 0 to 1
	Percentile float64 `json:"percentile,omitempty"` // of EPSS, 0 to 1
}

// Waiver is a person's decision to live with a finding for a while.
type Waiver struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
	Until  string `json:"until"` // last day on which it holds, YYYY-MM-DD
}

// Finding is one thing to know about one component.
type Finding struct {
	Class     Class           `json:"class"`
	ID        string          `json:"id"`      // the record that speaks for the group, else the name of the rule: "license-denied", "pth-code"
	Aliases   []string        `json:"aliases"` // sorted, without ID
	Package   string          `json:"package"` // the component's name
	Version   string          `json:"version"`
	Owner     string          `json:"owner,omitempty"` // what carries the component
	Component component.Class `json:"component"`
	PURL      string          `json:"purl,omitempty"`
	Summary   string          `json:"summary,omitempty"` // one line
	License   string          `json:"license,omitempty"` // of class License: the SPDX expression that is judged, "" where there is none

	Severity     *Severity     `json:"severity"` // nil where it is not rated, or has none
	Exploitation *Exploitation `json:"exploitation,omitempty"`
	Fixed        []string      `json:"fixed"` // versions with the hole closed that are newer than Version, the nearest first
	Status       Status        `json:"status"`
	// Justification is OpenVEX's, where Status is NotAffected.
	Justification string   `json:"justification,omitempty"`
	Via           []string `json:"via"`                // shortest chain, from what the project asks for to Package
	Runtimes      []string `json:"runtimes,omitempty"` // that it is in, innermost first
	Targets       []string `json:"targets,omitempty"`  // where not on all
	File          string   `json:"file,omitempty"`     // that says the version: a lock, a list, from the project's folder, with slashes
	Line          int      `json:"line,omitempty"`     // in File, where it is known
	Evidence      []string `json:"evidence,omitempty"` // what makes it one: the range, the file, the two texts

	Verdict Verdict  `json:"verdict,omitempty"`
	Reasons []string `json:"reasons,omitempty"` // the rules of policy that say so, with their place
	Waiver  *Waiver  `json:"waiver,omitempty"`  // that lowered Verdict
	Remedy  string   `json:"remedy,omitempty"`  // a command to type, else what to do
}

// Written is f as JSON has it: lists that every reader may count on are there, if empty.
func (f Finding) Written() *Finding {
	for _, list := range []*[]string{&f.Aliases, &f.Fixed, &f.Via} {
		if *list == nil {
			*list = []string{}
		}
	}
	return &f
}

// Sort puts the findings in the order in which they are told: the hardest verdict
// first, then malware, then what is exploited, then the gravest, then by name.
func Sort(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Verdicts(), b.Verdict), slices.Index(Verdicts(), a.Verdict)),
			cmp.Compare(slices.Index(classOrder, a.Class), slices.Index(classOrder, b.Class)),
			cmp.Compare(exploited(b), exploited(a)),
			cmp.Compare(slices.Index(Levels(), a.level()), slices.Index(Levels(), b.level())),
			cmp.Compare(a.Package, b.Package), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.ID, b.ID))
	})
}

var classOrder = []Class{Malware, Vulnerability, SupplyChain, Breach, License, Unknown}

func exploited(f Finding) int {
	if f.Exploitation != nil && f.Exploitation.KEV {
		return 1
	}
	return 0
}

func (f Finding) level() Level {
	if f.Severity == nil {
		return NotRated
	}
	return f.Severity.Level
}
