package engine

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/approvals"
	"snug/internal/fault"
	"snug/internal/pep508"
	"snug/internal/policy"
	"snug/internal/supplychain"
	"snug/internal/vet"
)

// Waiving is a waiver that a person asks for.
type Waiving struct {
	ID, Package string // Package may be "name==1.0"; "": any
	Until       string // a day
	By, Reason  string
}

var findingID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`) })

// Waive writes a waiver into the approvals beside the lock of the project at root. It
// refuses one that nobody could mean: without an end, in the past, for more than a year,
// for a package that is not locked, or for one kind of sign in all packages.
func (e *Engine) Waive(root string, ask Waiving) (*approvals.Waiver, error) {
	w := &approvals.Waiver{ID: ask.ID, Until: ask.Until, By: ask.By, Reason: ask.Reason, Date: approvals.Day(e.Now())}
	if !findingID().MatchString(ask.ID) {
		return nil, fault.New(fault.Usage, "snug check shows the ids: CVE-2024-1234, yanked", "%q is no id of a finding", ask.ID)
	}
	name, version, _ := strings.Cut(ask.Package, "==")
	w.Package, w.Version = pep508.NormalizeName(name), version
	if w.Package == "" && slices.ContainsFunc(signIDs(), func(id string) bool { return strings.EqualFold(id, w.ID) }) {
		return nil, fault.New(fault.Usage, "add --package NAME", "%s would be waived in every package", w.ID)
	}
	if err := w.Check(); err != nil {
		return nil, err
	}
	if w.Until < w.Date {
		return nil, fault.New(fault.Usage, "name a day that is still to come", "--until %s is over already", w.Until)
	}
	if err := e.locks(root, w.Package); err != nil {
		return nil, err
	}
	path := filepath.Join(root, approvals.FileName)
	file, err := approvals.Read(path)
	if err != nil {
		return nil, err
	}
	file.Waive(*w)
	_, err = approvals.Write(path, file)
	return w, err
}

// signIDs are the ids of findings that are no record of an advisory: one of them in every
// package is never what somebody means.
func signIDs() []string {
	return append(policy.Signs(), policy.LicenseRule, policy.LicenseContradiction, policy.LicenseAmbiguous, policy.PackageRule,
		vet.NotChecked, vet.NoVersion, vet.FilesNotSeen, vet.FilesNotRead, vet.NoMetadata, supplychain.Unchecked)
}

// locks refuses a package that the project's lock has not; "" is any.
func (e *Engine) locks(root, name string) error {
	if name == "" {
		return nil
	}
	l, err := ReadHostLock(filepath.Join(root, LockName))
	if err != nil || l == nil {
		return err // without a lock there is nothing to compare with
	}
	var known []string
	for _, p := range l.Packages {
		known = append(known, p.Name)
	}
	if slices.Contains(append(known, "cpython"), name) {
		return nil
	}
	return fault.New(fault.NotFound, fault.DidYouMean(name, known, "snug list shows what is locked"), "the lock has no package %s", name)
}
