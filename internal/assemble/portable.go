package assemble

import (
	"fmt"
	"strings"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// portable holds the files of wheels to every target of the lock that gets the
// same wheels, this machine's and others: names that Windows does not take, and
// names of two wheels that are one file where case is not kept. What a wheel
// holds is known only once it is here, so this is the first moment to say so.
func (in *Input) portable(layers []layer) error {
	for _, t := range in.Lock.Tool.Targets {
		target, err := pytag.ParseTarget(t.Name)
		if err != nil || target.OS == "linux" {
			continue // Parse has refused a name that is none
		}
		python, err := pep440.Parse(t.Python)
		if err != nil {
			return err
		}
		there, err := in.Lock.Select(pytag.Environment(target, python), []string{in.Runtime}, nil, pytag.Supported(target, python), python)
		if err != nil {
			return fmt.Errorf("on %s: %w", t.Name, err)
		}
		if err := in.portableTo(target, layers, sumsOf(there)); err != nil {
			return err
		}
	}
	return nil
}

// sumsOf are the hashes of what is selected.
func sumsOf(selected []lock.Selected) map[string]bool {
	out := map[string]bool{}
	for _, s := range selected {
		switch {
		case s.File != nil:
			out[s.File.Hashes["sha256"]] = true
		case s.Package.Archive != nil:
			out[s.Package.Archive.Hashes["sha256"]] = true
		}
	}
	return out
}

// portableTo holds those of the layers that a target gets to its file system.
func (in *Input) portableTo(target pytag.Target, layers []layer, there map[string]bool) error {
	type owned struct{ path, owner string }
	seen := map[string]owned{}
	for _, l := range layers {
		if !there[l.sum] {
			continue
		}
		for _, f := range l.tree.Files {
			name := in.short(f.Path)
			if reason := archive.NotOnWindows(name); reason != "" && target.OS == "windows" {
				return fault.New(fault.Unsupported, elsewhere(target, l.name), "%s %s brings %q to %s: %s", l.name, l.version, name, target, reason)
			}
			key := archive.Fold(f.Path)
			if other, ok := seen[key]; ok && other.path != f.Path {
				return fault.New(fault.Conflict, elsewhere(target, l.name), "%s brings %q and %s %q, which are one file on %s",
					other.owner, in.short(other.path), l.name, name, target)
			}
			seen[key] = owned{f.Path, l.name}
		}
	}
	return nil
}

// short is a path as people know it: below site-packages, where it lies there.
func (in *Input) short(name string) string {
	return strings.TrimPrefix(name, in.sitePackages()+"/")
}

func elsewhere(target pytag.Target, name string) string {
	system := "win32"
	if target.OS == "macos" {
		system = "darwin"
	}
	return fmt.Sprintf("choose another version of %[1]s, keep it from there (%[1]s; sys_platform != '%[2]s'), or leave %[3]s out of the targets", name, system, target)
}
