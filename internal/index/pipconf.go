package index

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"

	"snug/internal/fault"
)

// readPip merges pip's configuration as pip does: files of the machine, the
// user and the active environment, then PIP_CONFIG_FILE, then variables; in a
// file [install] goes over [global].
func readPip(env func(string) string, home string) (settings, error) {
	values := map[string]string{}
	for _, path := range pipFiles(env, home) {
		body, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return settings{}, err
		}
		sections, err := parseINI(string(body))
		if err != nil {
			return settings{}, fault.New(fault.Input, "repair the file, or set PIP_CONFIG_FILE to another", "%s: %w", path, err)
		}
		for _, section := range []string{"global", "install"} {
			for k, v := range sections[section] {
				values[k] = v
			}
		}
	}
	for _, key := range []string{"index-url", "extra-index-url", "no-index", "cert", "find-links"} {
		if v := env("PIP_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))); v != "" {
			values[key] = v
		}
	}
	s := settings{indexURL: values["index-url"], cert: values["cert"], noIndex: isTrue(values["no-index"])}
	s.addExtra(strings.Fields(values["extra-index-url"])...)
	s.findLinks = strings.Fields(values["find-links"])
	return s, nil
}

func pipFiles(env func(string) string, home string) []string {
	chosen := env("PIP_CONFIG_FILE")
	if chosen == "/dev/null" || strings.EqualFold(chosen, "nul") { // pip: read no file at all
		return nil
	}
	var files []string
	name := "pip.conf"
	switch runtime.GOOS {
	case "windows":
		name = "pip.ini"
		files = append(files, filepath.Join(env("ProgramData"), "pip", name))
	case "darwin":
		files = append(files, filepath.Join("/Library/Application Support/pip", name))
	default:
		for _, dir := range machineDirs(env) {
			files = append(files, filepath.Join(dir, "pip", name))
		}
		files = append(files, filepath.Join("/etc", name))
	}
	if home != "" {
		files = append(files, filepath.Join(home, ".pip", name))
		if runtime.GOOS == "darwin" {
			files = append(files, filepath.Join(home, "Library/Application Support/pip", name))
		}
	}
	if base := configHome(env, home); base != "" {
		files = append(files, filepath.Join(base, "pip", name))
	}
	if venv := env("VIRTUAL_ENV"); venv != "" {
		files = append(files, filepath.Join(venv, name))
	}
	if chosen != "" {
		files = append(files, chosen)
	}
	return files
}

// isTrue reads a boolean the way pip's parser does.
func isTrue(v string) bool {
	switch strings.ToLower(v) {
	case "y", "yes", "t", "true", "on", "1":
		return true
	}
	return false
}
