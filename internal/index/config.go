package index

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"snug/internal/fault"
	"snug/internal/fetch"
)

// maxConfig bounds a configuration file.
const maxConfig = 1 << 20

// ReadConfig reads which indexes the user of this machine already named for
// pip, and where pip's configuration says nothing for uv: environment first,
// then files. home is the user's folder, dir the project's ("" for none). What snug does not
// follow is said in Notes. A file that is not there is no error; one that
// cannot be read as configuration is (fault.Input).
func ReadConfig(env func(string) string, home, dir string) (Config, error) {
	pip, err := readPip(env, home)
	if err != nil {
		return Config{}, err
	}
	uv, err := readUv(env, home, dir)
	if err != nil {
		return Config{}, err
	}
	cfg := Config{IndexURL: pip.indexURL, CertFile: pip.cert, NoIndex: pip.noIndex || uv.noIndex}
	if cfg.IndexURL == "" {
		cfg.IndexURL = uv.indexURL
	}
	if cfg.IndexURL == "" {
		cfg.IndexURL = DefaultURL()
	}
	for _, x := range append(pip.extra, uv.extra...) {
		if x.Explicit || !cfg.asks(x.URL) {
			cfg.Extra = append(cfg.Extra, x)
		}
	}
	for _, links := range append(pip.findLinks, uv.findLinks...) {
		cfg.Notes = append(cfg.Notes, fmt.Sprintf("find-links %s is ignored: snug takes packages from indexes only", fetch.Redact(links)))
	}
	return cfg, nil
}

func (c *Config) asks(url string) bool {
	for _, x := range c.Extra {
		if x.URL == url {
			return true
		}
	}
	return url == c.IndexURL
}

// settings is what one tool's configuration says, merged.
type settings struct {
	indexURL, cert string
	extra          []Extra
	findLinks      []string // where each was set and to what
	noIndex        bool
}

func (s *settings) addExtra(urls ...string) {
	for _, u := range urls {
		s.extra = append(s.extra, Extra{Name: nameOf(u), URL: u})
	}
}

// nameOf makes a name for an index that has none: its host.
func nameOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host[strings.LastIndexByte(host, '@')+1:]
}

// readFile returns the text of a configuration file, or fs.ErrNotExist.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err == nil && info.Mode().IsRegular() && info.Size() <= maxConfig {
		var body []byte
		if body, err = os.ReadFile(path); err == nil {
			return body, nil
		}
	}
	if err == nil && !info.Mode().IsRegular() { // the null device switches a file off
		return nil, fs.ErrNotExist
	}
	return nil, fault.New(fault.Input, "repair or remove the file", "read %s: %w", path, errors.Join(err, sizeError(info)))
}

func sizeError(info fs.FileInfo) error {
	if info != nil && info.Size() > maxConfig {
		return fmt.Errorf("more than %d bytes", maxConfig)
	}
	return nil
}

// machineDirs are where the configuration of the whole machine is, beside /etc.
func machineDirs(env func(string) string) []string {
	return filepath.SplitList(cmp.Or(env("XDG_CONFIG_DIRS"), "/etc/xdg"))
}

// configHome is where the user's configuration files are.
func configHome(env func(string) string, home string) string {
	if runtime.GOOS == "windows" {
		return env("APPDATA")
	}
	if x := env("XDG_CONFIG_HOME"); x != "" {
		return x
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".config")
}
