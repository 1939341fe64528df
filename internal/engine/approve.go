package engine

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"snug/internal/approvals"
	"snug/internal/fault"
	"snug/internal/manifest"
	"snug/internal/pep508"
)

// Approving is what a person approves.
type Approving struct {
	Packages   []string // names; none: all that a review shows
	By, Reason string
	Until      string // a day; "": for good
}

// Approved is what was written.
type Approved struct {
	Path      string               `json:"path"`
	Approvals []approvals.Approval `json:"approvals"`
	Removed   []string             `json:"removed,omitempty"` // packages that are locked no more, whose approvals went
	Notes     []string             `json:"notes,omitempty"`
}

// Approve writes what a review of the project's lock shows, or the named packages of
// it, into the approvals beside the lock, so that the next review does not show them.
func (e *Engine) Approve(ctx context.Context, p *manifest.Project, ask Approving) (*Approved, error) {
	today := approvals.Day(e.Now())
	if _, err := time.Parse(time.DateOnly, ask.Until); ask.Until != "" && (err != nil || ask.Until < today) {
		return nil, fault.New(fault.Usage, "a day that is still to come, such as 2027-01-31", "--until %s is none", ask.Until)
	}
	review, err := e.Review(ctx, p, ReviewRequest{})
	if err != nil {
		return nil, err
	}
	changes, err := waiting(review, ask.Packages)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.Root, approvals.FileName)
	file, err := approvals.Read(path)
	if err != nil {
		return nil, err
	}
	out := &Approved{Path: path, Approvals: []approvals.Approval{}}
	for _, c := range changes {
		if c.Kind == Removed {
			file.Forget(c.Package)
			out.Removed = append(out.Removed, c.Package)
			continue
		}
		a := c.approval(ask, today)
		file.Approve(a, func(version string) bool { return slices.Contains(review.locked[c.Package], version) })
		out.Approvals = append(out.Approvals, a)
		for _, why := range c.Unseen {
			out.Notes = append(out.Notes, c.Package+" "+c.After+": "+why)
		}
	}
	_, err = approvals.Write(path, file)
	return out, err
}

// approval is a change as it is approved.
func (c *Reviewed) approval(ask Approving, today string) approvals.Approval {
	a := approvals.Approval{Package: c.Package, Version: c.After, License: c.License.After, Artifacts: c.Artifacts, Texts: c.texts,
		By: ask.By, Reason: ask.Reason, Date: today, Until: ask.Until}
	if c.License.Chosen != "" && c.License.Chosen != c.License.After {
		a.License, a.Declared = c.License.Chosen, c.License.After
	}
	return a
}

// waiting are the changes of the named packages, or all.
func waiting(review *Review, names []string) ([]Reviewed, error) {
	if len(names) == 0 {
		return review.Changes, nil
	}
	var known []string
	for _, c := range review.Changes {
		known = append(known, c.Package)
	}
	var out []Reviewed
	for _, name := range names {
		key := pep508.NormalizeName(name)
		if !slices.Contains(known, key) {
			return nil, fault.New(fault.NotFound, fault.DidYouMean(key, known, "snug review shows what is not approved yet"), "%s waits for no approval", name)
		}
		for _, c := range review.Changes {
			if c.Package == key {
				out = append(out, c)
			}
		}
	}
	return out, nil
}
