// Package approvals is snug-approvals.toml: what people decided about what a project
// ships, beside its lock and committed with it. An approval says that one version of a
// package, by the digests of its files and of its licence texts, was looked at; a waiver
// that a finding may stay for a while. It judges nothing and knows no clock: who asks
// says what day it is.
//
// The hard idea: a decision is about bytes. It holds for the files and texts that were
// looked at and for no others, so what changed comes back to a person by itself, and
// what did not never does.
package approvals

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"snug/internal/finding"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// FileName is the file's name, beside the lock.
const FileName = "snug-approvals.toml"

// Limits of what is read.
const (
	MaxFile    = 8 << 20
	maxEntries = 50_000
	maxText    = 4 << 10 // bytes of a reason
)

// LongestWaiver is how long after its date a waiver may hold.
const LongestWaiver = 366 * 24 * time.Hour

// File is what people decided.
type File struct {
	Header    string // the comment at the top, with its line ends; kept as it is
	Approvals []Approval
	Waivers   []Waiver
}

// Approval says that a version of a package was looked at. Days are YYYY-MM-DD.
type Approval struct {
	Package   string   `json:"package"` // normalised; "cpython" for the interpreter
	Version   string   `json:"version"`
	License   string   `json:"license,omitempty"`  // as decided: of each OR one branch; "" where none is known
	Declared  string   `json:"declared,omitempty"` // what the package says, where that is more
	Artifacts []string `json:"artifacts"`          // SHA-256 in hex, sorted
	Texts     []string `json:"texts,omitempty"`    // of the licence texts in them, sorted
	By        string   `json:"by"`
	Reason    string   `json:"reason"`
	Date      string   `json:"date"`
	Until     string   `json:"until,omitempty"` // the last day on which it holds; "": for good
}

// Says is the licence that the package declared when it was approved.
func (a *Approval) Says() string { return cmp.Or(a.Declared, a.License) }

// Waiver says that a finding may stay for a while.
type Waiver struct {
	ID      string `json:"id"`                // or any alias of the finding
	Package string `json:"package,omitempty"` // normalised; "": in any
	Version string `json:"version,omitempty"` // "": of any
	By      string `json:"by"`
	Reason  string `json:"reason"`
	Date    string `json:"date"`
	Until   string `json:"until"` // the last day on which it holds
	Line    int    `json:"-"`     // in the file; 0: not from one
}

// Day is a moment's day as the file writes it, in UTC.
func Day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// Waiver finds what lets the finding be at that moment: of several, the one that holds
// longest. Where none holds any more, expired is the last that did. Both may be nil.
func (f *File) Waiver(fd finding.Finding, now time.Time) (w, expired *Waiver) {
	today := Day(now)
	for i := range f.Waivers {
		switch c := &f.Waivers[i]; {
		case !c.about(fd) || c.early(now):
		case c.Until >= today && (w == nil || c.Until > w.Until):
			w = c
		case c.Until < today && (expired == nil || c.Until > expired.Until):
			expired = c
		}
	}
	if w != nil {
		expired = nil
	}
	return w, expired
}

// early tells that the waiver was given on a day that is still to come; a day is
// forgiven, since clocks and zones differ.
func (w *Waiver) early(now time.Time) bool { return w.Date > Day(now.AddDate(0, 0, 1)) }

// about tells whether the waiver is for that finding, whatever the day. Malware is
// waived by its own id alone: who accepted a hole did not accept that the release is
// found to be malware, under another id of the same. The name of a rule is no thing
// that one could look at, so it needs its package.
func (w *Waiver) about(fd finding.Finding) bool {
	same := func(id string) bool { return strings.EqualFold(id, w.ID) }
	switch {
	case !same(fd.ID) && (fd.Class == finding.Malware || !slices.ContainsFunc(fd.Aliases, same)):
		return false
	case w.Package == "" && fd.Package != "" && ofRule(fd):
		return false
	}
	if w.Package != "" && w.Package != pep508.NormalizeName(fd.Package) && w.Package != pep508.NormalizeName(fd.Owner) {
		return false
	}
	return w.Version == "" || sameVersion(w.Version, fd.Version)
}

// ofRule tells whether the finding's id is the name of a rule, which many packages share.
func ofRule(fd finding.Finding) bool {
	return fd.Class == finding.SupplyChain || fd.Class == finding.License || fd.Class == finding.Breach || fd.Class == finding.Unknown
}

// sameVersion is PEP 440's equality, else that of the text.
func sameVersion(a, b string) bool {
	v, err := pep440.Parse(a)
	w, otherErr := pep440.Parse(b)
	if err != nil || otherErr != nil {
		return a == b
	}
	return v.Equal(w)
}

// Finding is the waiver as a finding carries it.
func (w *Waiver) Finding() *finding.Waiver {
	return &finding.Waiver{By: w.By, Reason: w.Reason, Until: w.Until}
}

// Approved finds the approval of a package that has all these files and licence texts,
// on that day.
func (f *File) Approved(pkg string, artifacts, texts []string, now time.Time) (*Approval, bool) {
	return f.find(pkg, now, func(a *Approval) bool {
		return len(artifacts) > 0 && within(artifacts, a.Artifacts) && within(texts, a.Texts)
	})
}

// Licensed finds an approval that settles the licence of files which nobody looked at
// yet: of the same package, with the same declared licence and no other licence text.
// A package without licence texts has nothing to be known by, and is not found.
func (f *File) Licensed(pkg, declared string, texts []string, now time.Time) (*Approval, bool) {
	return f.find(pkg, now, func(a *Approval) bool {
		return len(texts) > 0 && declared == a.Says() && within(texts, a.Texts)
	})
}

// Of are the approvals of a package, as they stand in the file.
func (f *File) Of(pkg string) []Approval {
	var out []Approval
	for _, a := range f.Approvals {
		if a.Package == pkg {
			out = append(out, a)
		}
	}
	return out
}

func (f *File) find(pkg string, now time.Time, ok func(*Approval) bool) (*Approval, bool) {
	for i := range f.Approvals {
		a := &f.Approvals[i]
		if a.Package == pkg && (a.Until == "" || a.Until >= Day(now)) && ok(a) {
			return a, true
		}
	}
	return nil, false
}

func within(part, whole []string) bool {
	for _, p := range part {
		if !slices.Contains(whole, p) {
			return false
		}
	}
	return true
}

// Approve puts an approval in, in place of those of the same version, and of those
// whose version keep does not want any more.
func (f *File) Approve(a Approval, keep func(version string) bool) {
	a.Artifacts = slices.Compact(slices.Sorted(slices.Values(a.Artifacts)))
	a.Texts = slices.Compact(slices.Sorted(slices.Values(a.Texts)))
	f.Approvals = slices.DeleteFunc(f.Approvals, func(old Approval) bool {
		return old.Package == a.Package && (sameVersion(old.Version, a.Version) || !keep(old.Version))
	})
	f.Approvals = append(f.Approvals, a)
	f.sort()
}

// Forget takes out the approvals of a package that is there no more.
func (f *File) Forget(pkg string) {
	f.Approvals = slices.DeleteFunc(f.Approvals, func(a Approval) bool { return a.Package == pkg })
}

// Waive puts a waiver in, in place of one for the same.
func (f *File) Waive(w Waiver) {
	f.Waivers = slices.DeleteFunc(f.Waivers, func(old Waiver) bool {
		return strings.EqualFold(old.ID, w.ID) && old.Package == w.Package && old.Version == w.Version
	})
	f.Waivers = append(f.Waivers, w)
	f.sort()
}

// sort puts everything in the order in which it is written.
func (f *File) sort() {
	slices.SortStableFunc(f.Approvals, func(a, b Approval) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), compareVersions(a.Version, b.Version), slices.Compare(a.Artifacts, b.Artifacts))
	})
	slices.SortStableFunc(f.Waivers, func(a, b Waiver) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Version, b.Version))
	})
}

func compareVersions(a, b string) int {
	v, err := pep440.Parse(a)
	w, otherErr := pep440.Parse(b)
	if err != nil || otherErr != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Or(v.Compare(w), cmp.Compare(a, b))
}

// place is where the waiver stands, for messages.
func (w *Waiver) place() string {
	if w.Line == 0 {
		return FileName
	}
	return fmt.Sprintf("%s:%d", FileName, w.Line)
}

// only is the flag of snug waive that names what w is about; "" where it is any package.
func (w *Waiver) only() string {
	switch {
	case w.Package == "":
		return ""
	case w.Version == "":
		return " --package " + w.Package
	}
	return " --package " + w.Package + "==" + w.Version
}

// Notes tell what a reader of the file should know on that day: waivers that are over,
// that begin later, and, where known can tell, those whose id nobody has ever heard of.
func (f *File) Notes(now time.Time, known func(id string) bool) []string {
	var notes []string
	for _, w := range f.Waivers {
		name := w.place() + ": the waiver of " + w.ID
		switch {
		case w.Until < Day(now):
			notes = append(notes, name+" ended on "+w.Until+", and holds no more: snug waive "+w.ID+w.only()+" --until DATE --reason TEXT renews it")
		case w.early(now):
			notes = append(notes, name+" is of "+w.Date+", which is still to come: it does not hold")
		case known != nil && !known(w.ID):
			notes = append(notes, name+" is about nothing that the advisories here speak of: is the id right?")
		}
	}
	return notes
}
