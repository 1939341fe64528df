package index

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/fault"
)

// uvFile is what concerns indexes in a uv.toml.
type uvFile struct {
	IndexURL      string   `toml:"index-url"`
	ExtraIndexURL []string `toml:"extra-index-url"`
	NoIndex       bool     `toml:"no-index"`
	FindLinks     []string `toml:"find-links"`
	Index         []struct {
		Name, URL         string
		Default, Explicit bool
	} `toml:"index"`
}

// readUv merges uv's configuration: variables over the project's uv.toml (the
// nearest in dir or above) over the user's over the machine's.
func readUv(env func(string) string, home, dir string) (settings, error) {
	var s settings
	s.uvVariables(env)
	if env("UV_NO_CONFIG") != "" {
		return s, nil
	}
	if env("UV_CONFIG_FILE") == "" {
		if err := s.underProject(dir); err != nil {
			return s, err
		}
	}
	for _, path := range uvFiles(env, home) {
		var f uvFile
		if err := readUvFile(path, &f); err != nil {
			return s, err
		}
		s.under(f)
	}
	return s, nil
}

// readUvFile reads into what path says; nothing where there is no such file.
func readUvFile(path string, into any) error {
	body, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(body, into); err != nil {
		return fault.New(fault.Input, "repair the file, or set UV_NO_CONFIG=1", "%s: %w", path, err)
	}
	return nil
}

func (s *settings) uvVariables(env func(string) string) {
	for _, v := range strings.Fields(env("UV_INDEX")) {
		name, url, ok := strings.Cut(v, "=")
		if !ok || strings.Contains(name, "/") { // an address may hold "=" itself
			name, url = nameOf(v), v
		}
		s.extra = append(s.extra, Extra{Name: name, URL: url})
	}
	s.addExtra(strings.Fields(env("UV_EXTRA_INDEX_URL"))...)
	s.indexURL = env("UV_INDEX_URL")
	if v := env("UV_DEFAULT_INDEX"); v != "" {
		if name, url, ok := strings.Cut(v, "="); ok && !strings.Contains(name, "/") {
			v = url
		}
		s.indexURL = v
	}
	s.noIndex = isTrue(env("UV_NO_INDEX"))
	s.findLinks = strings.FieldsFunc(env("UV_FIND_LINKS"), func(r rune) bool { return r == ',' || r == ' ' })
}

// under adds what a weaker file says.
func (s *settings) under(f uvFile) {
	for _, x := range f.Index {
		if x.Default {
			if s.indexURL == "" {
				s.indexURL = x.URL
			}
			if x.Name != "" { // a package may be mapped to it
				s.extra = append(s.extra, Extra{Name: x.Name, URL: x.URL, Explicit: true})
			}
			continue
		}
		name := x.Name
		if name == "" {
			name = nameOf(x.URL)
		}
		s.extra = append(s.extra, Extra{Name: name, URL: x.URL, Explicit: x.Explicit})
	}
	if s.indexURL == "" {
		s.indexURL = f.IndexURL
	}
	s.addExtra(f.ExtraIndexURL...)
	s.findLinks = append(s.findLinks, f.FindLinks...)
	s.noIndex = s.noIndex || f.NoIndex
}

// uvFiles are the configuration files of the user and of the machine.
func uvFiles(env func(string) string, home string) []string {
	if chosen := env("UV_CONFIG_FILE"); chosen != "" {
		return []string{chosen}
	}
	var files []string
	if base := configHome(env, home); base != "" {
		files = append(files, filepath.Join(base, "uv", "uv.toml"))
	}
	if runtime.GOOS == "windows" {
		return append(files, filepath.Join(env("ProgramData"), "uv", "uv.toml"))
	}
	for _, dir := range machineDirs(env) {
		files = append(files, filepath.Join(dir, "uv", "uv.toml"))
	}
	return append(files, "/etc/uv/uv.toml")
}
