package build

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"snug/internal/fault"
	"snug/internal/interp"
	"snug/internal/sandbox"
)

//go:embed pyconfig.py
var pyconfig string

const maxPyconfig = 1 << 20

var (
	majorLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^#define PY_MAJOR_VERSION\s+([0-9]+)\s*$`) })
	minorLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^#define PY_MINOR_VERSION\s+([0-9]+)\s*$`) })
)

// HeaderSource is where headers of a Python can be taken from.
type HeaderSource struct {
	Include  string // the folder with Python.h
	Pyconfig string // pyconfig.h of an installation, or pyconfig.h.in of the sources: which macros there are
}

// OwnHeaders tells whether a runtime has headers already, at the place where its
// Python looks for them. One that borrows its Python has those of that.
func OwnHeaders(runtime, minor string) bool {
	base, err := homeOf(runtime)
	if err != nil {
		return false
	}
	if base == "" {
		base = runtime
	}
	_, err = os.Stat(filepath.Join(base, "include", "python"+minor, "Python.h"))
	return err == nil
}

// InstalledHeaders are those of a Python of the minor version ("3.14") that this
// machine has; false where there are none.
func InstalledHeaders(minor string, found []interp.Interpreter) (HeaderSource, bool) {
	for _, i := range found {
		if i.Minor() != minor || i.Source != interp.SourceFound {
			continue
		}
		prefix := filepath.Dir(filepath.Dir(i.ID))
		include := filepath.Join(prefix, "include", "python"+minor)
		// Debian keeps the pyconfig.h of each architecture in a folder of its own, and another in its place.
		apart, _ := filepath.Glob(filepath.Join(prefix, "include", "*-linux-*", "python"+minor, "pyconfig.h")) // only a malformed pattern is an error
		for _, config := range append(apart, filepath.Join(include, "pyconfig.h")) {
			s := HeaderSource{include, config}
			if have, err := minorOf(include); err == nil && have == minor && s.complete() {
				return s, true
			}
		}
	}
	return HeaderSource{}, false
}

func (s HeaderSource) complete() bool {
	text, err := os.ReadFile(s.Pyconfig)
	return err == nil && bytes.Contains(text, []byte("SIZEOF_LONG"))
}

// Headers lays the headers for the runtime's Python in the empty folder dir, for
// Job.Headers: those of the source, which must be of the same minor version, with
// a pyconfig.h that says what that very Python was built with. The result depends
// on the source and the runtime only.
func (b *Builder) Headers(ctx context.Context, runtime string, s HeaderSource, dir string) error {
	if !s.complete() {
		return fault.New(fault.Integrity, "", "%s is no pyconfig.h", s.Pyconfig)
	}
	minor, err := minorOf(s.Include)
	if err != nil {
		return err
	}
	config, err := b.pyconfig(ctx, runtime, s.Pyconfig, minor)
	if err != nil {
		return err
	}
	if err := copyTree(s.Include, dir, time.Unix(0, 0)); err != nil {
		return fmt.Errorf("copy the headers of Python %s: %w", minor, err)
	}
	file := filepath.Join(dir, "pyconfig.h")
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		return err
	}
	return writeFrom(file, bytes.NewReader(config), 0o644)
}

func (b *Builder) pyconfig(ctx context.Context, runtime, template, minor string) ([]byte, error) {
	r := &room{box: b.box, job: Job{Runtime: runtime}}
	if err := r.showPython(); err != nil {
		return nil, err
	}
	seen := r.show(template, "/template.h", false)
	script := fmt.Sprintf("import sys\nassert '%%d.%%d' %% sys.version_info[:2] == %q, 'the headers are of Python %s'\n%s", minor, minor, pyconfig)
	var said bytes.Buffer
	result, err := b.box.Run(ctx, sandbox.Command{Argv: []string{path.Join(r.at.python, "bin", "python3"), "-I", "-S", "-B", "-c", script, seen},
		Env: []string{"LC_ALL=C.UTF-8"}, Inputs: r.inputs, System: true, Limits: sandbox.Limits{Wall: time.Minute, Output: maxPyconfig}, Log: &said})
	if err != nil {
		return nil, err
	}
	if result.Exit != 0 || result.Killed != "" {
		return nil, fault.New(fault.Failed, "give headers of the same minor version", "pyconfig.h of %s: %s %s", runtime, result.Killed, strings.Join(lastLines(said.String(), 1), ""))
	}
	return said.Bytes(), nil
}

// minorOf is the "3.14" that headers are of.
func minorOf(headers string) (string, error) {
	text, err := os.ReadFile(filepath.Join(headers, "patchlevel.h"))
	if err != nil {
		return "", err
	}
	major, minor := majorLine().FindSubmatch(text), minorLine().FindSubmatch(text)
	if major == nil || minor == nil {
		return "", fault.New(fault.Integrity, "", "%s names no version of Python", filepath.Join(headers, "patchlevel.h"))
	}
	return string(major[1]) + "." + string(minor[1]), nil
}
