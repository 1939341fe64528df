package resolve

import (
	"fmt"

	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// Link is one step of the chain: the project asks, or a package needs.
type Link struct {
	Of       string           `json:"of,omitempty"`       // the package, with its extra; "": the project
	Versions []string         `json:"versions,omitempty"` // of Of that need the same, newest first
	Needs    string           `json:"needs"`              // a requirement (PEP 508); "": various
	Others   bool             `json:"others,omitempty"`   // Needs is the newest version's, the others need the like
	Targets  []string         `json:"targets,omitempty"`  // where, if not on all
	Origin   *manifest.Origin `json:"origin,omitempty"`   // where the project asks; nil: on the command line

	// Override is where the override stands that Needs is, in place of what Of
	// itself needs; nil: there is none.
	Override *manifest.Origin `json:"override,omitempty"`

	root int    // its place among what the project asks
	on   string // the name that Needs is about
	spec pep440.Specifiers
}

// String is one line.
func (l Link) String() string {
	where := ""
	if len(l.Targets) > 0 {
		where = " on " + inWords(l.Targets)
	}
	switch {
	case l.Of == "" && l.Origin == nil:
		return "you ask for " + l.Needs + where
	case l.Of == "":
		return "the project asks for " + l.Needs + where + " (" + l.Origin.String() + ")"
	}
	needs := l.Needs
	switch {
	case needs == "":
		needs = "what does not fit either"
	case l.Others:
		needs += ", or others that do not fit"
	}
	if l.Override != nil {
		where += " by an override (" + l.Override.String() + ")"
	}
	return versioned(l.Of, l.Versions) + plural(l.Versions, " needs ", " need ") + needs + where
}

// versioned is "a 1", or "a 1 … 3 (3 versions)" for many.
func versioned(name string, newestFirst []string) string {
	switch n := len(newestFirst); n {
	case 0:
		return name
	case 1:
		return name + " " + newestFirst[0]
	case 2:
		return name + " " + newestFirst[1] + " and " + newestFirst[0]
	default:
		return fmt.Sprintf("%s %s … %s (%d versions)", name, newestFirst[n-1], newestFirst[0], n)
	}
}

func plural(of []string, one, many string) string {
	if len(of) > 1 {
		return many
	}
	return one
}

// plain is a requirement without its marker.
func plain(q pep508.Requirement) string {
	q.Marker = nil
	return q.String()
}
