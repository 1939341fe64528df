package manifest

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"snug/internal/fault"
	"snug/internal/policy"
	"snug/internal/toml"
)

// readPolicy reads [tool.snug.policy] and the shared files that it extends. What it
// extends by address is left to whoever may fetch.
func (p *Project) readPolicy(t toml.Table) error {
	of, _, err := t.Table("policy")
	if err != nil {
		return err
	}
	if p.Policy, err = policy.Decode(of, p.Root); err != nil {
		return err
	}
	if p.policyRuntimes, _, err = of.Table("runtimes"); err != nil {
		return err
	}
	p.Policy, err = p.Policy.Complete(p.sharedPolicy)
	return err
}

// sharedPolicy reads one that is a file.
func (p *Project) sharedPolicy(s policy.Source) (text []byte, ok bool, err error) {
	if s.Path == "" {
		return nil, false, nil
	}
	text, err = readFile(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fault.New(fault.Input, "the path starts from the folder of the file that names it", "%s: extends: %s is not there", s.Place, s.Path)
	}
	return text, err == nil, err
}

// checkPolicy refuses rules of the project for a runtime that it has not. A shared
// policy may speak of runtimes that only others have.
func (p *Project) checkPolicy() error {
	if p.Policy == nil {
		p.Policy = policy.Default()
	}
	if p.top != nil {
		return nil
	}
	var known []string
	for _, rt := range p.Runtimes {
		known = append(known, rt.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.policyRuntimes.Values)) {
		if !slices.Contains(known, name) {
			return p.policyRuntimes.Bad(name, fault.DidYouMean(name, known, "the runtimes of [tool.snug.runtimes]"), "there is no runtime %q", name)
		}
	}
	return nil
}
