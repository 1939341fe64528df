package build

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"strings"

	"snug/internal/fault"
)

// showPython makes the runtime visible at /python. Headers that it lacks are laid
// where a Python of that version has them, so that every build tool finds them by
// the ways it knows; its folders are shown one by one for that.
func (r *room) showPython() error {
	if r.job.Headers == "" {
		r.at.python = r.show(r.job.Runtime, "/python", false)
	} else if err := r.showFolders(); err != nil {
		return err
	}
	base, err := baseOf(r.job.Runtime)
	if base != "" {
		r.show(base, base, false)
	}
	return err
}

func (r *room) showFolders() error {
	minor, err := minorOf(r.job.Headers)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(r.job.Runtime)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "include" {
			shown := r.show(filepath.Join(r.job.Runtime, e.Name()), path.Join("/python", e.Name()), false)
			r.at.python = path.Dir(shown)
		}
	}
	r.at.headers = r.show(r.job.Headers, path.Join("/python/include", "python"+minor), false)
	return nil
}

// baseOf is the folder of the installation that a runtime borrows its Python from,
// as it is to be shown: "" if the runtime is whole, or if it is part of the system.
func baseOf(runtime string) (string, error) {
	base, err := homeOf(runtime)
	if base == "/usr" || strings.HasPrefix(base, "/usr/") {
		return "", err
	}
	return base, err
}

// homeOf reads the installation's folder from pyvenv.cfg, without links; "" where
// there is no such file.
func homeOf(runtime string) (string, error) {
	f, err := os.Open(filepath.Join(runtime, "pyvenv.cfg"))
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		base := filepath.Dir(strings.TrimSpace(value))
		if strings.TrimSpace(key) == "home" && filepath.IsAbs(base) && base != "/" {
			return base, nil
		}
	}
	return "", fault.New(fault.Unsupported, "build with a Python of another source", "%s names no installation that could be shown to a build", filepath.Join(runtime, "pyvenv.cfg"))
}
