package build

import (
	"bytes"
	"os"
	"path/filepath"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep440"
)

// Recipe is what one package needs to be built beyond what it says itself. A nil
// Recipe is that of a package that needs nothing.
type Recipe struct {
	Name   string        // normalised
	File   string        // where it was read, for messages
	Digest digest.SHA256 // of the file: its version in Key
	Reason string        // why the package needs it

	Versions pep440.Specifiers // that it is for; empty: all
	Excluded pep440.Specifiers // that cannot be built; empty: none
	Because  string            // why they cannot

	Native   bool // a compiler is needed although the sources do not show it
	Rust     bool // a Rust toolchain is needed although the sources do not show it
	Env      map[string]string
	Settings map[string][]string // PEP 517 config_settings
	Requires []string            // build requirements to add, as in pyproject.toml
	System   []System
	Patches  []Patch
}

// System is a library of the system that a package is linked to.
type System struct {
	Name   string            // as people call it: "libpq"
	Header string            // below an include folder, by which it is known to be there
	Called map[string]string // distribution to package: {"debian": "libpq-dev"}
}

// Patch is one change of a source file. What it replaces must be there, once.
type Patch struct {
	File, From, To string
	Versions       pep440.Specifiers // empty: all
}

// For tells whether the recipe is for this version.
func (r *Recipe) For(v pep440.Version) bool {
	return len(r.Versions) == 0 || r.Versions.Contains(v)
}

// Excludes says why the version cannot be built, "" if it can.
func (r *Recipe) Excludes(v pep440.Version) string {
	if r == nil || len(r.Excluded) == 0 || !r.Excluded.Contains(v) {
		return ""
	}
	return r.Because
}

// settings are the config_settings as a hook gets them: a list only where there
// are several, as installers pass them.
func (r *Recipe) settings() map[string]any {
	out := map[string]any{}
	if r == nil {
		return out
	}
	for name, values := range r.Settings {
		if len(values) == 1 {
			out[name] = values[0]
		} else {
			out[name] = values
		}
	}
	return out
}

// apply patches the copied sources in dir. A patched file has the time of the
// epoch, so that what is made of it is made again.
func (r *Recipe) apply(dir, version string, epoch time.Time) error {
	if r == nil {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, p := range r.Patches {
		if len(p.Versions) > 0 && !p.Versions.ContainsText(version) {
			continue
		}
		if err := p.apply(root, epoch); err != nil {
			return fault.New(fault.Input, "limit the recipe or its patch to the versions that it fits: versions = \"<…\"", "%s: patch of %s: %w", r.File, p.File, err)
		}
	}
	return nil
}

func (p Patch) apply(root *os.Root, epoch time.Time) error {
	name := filepath.FromSlash(p.File)
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fault.New(fault.Input, "", "it is no regular file")
	}
	text, err := root.ReadFile(name)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(p.From)); n != 1 {
		return fault.New(fault.Input, "", "the text to replace is there %d times, not once", n)
	}
	if err := root.WriteFile(name, bytes.Replace(text, []byte(p.From), []byte(p.To), 1), info.Mode().Perm()); err != nil {
		return err
	}
	return root.Chtimes(name, epoch, epoch)
}
