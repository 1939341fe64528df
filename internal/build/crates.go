package build

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/fault"
)

// Limits of what a Cargo.lock may name and a crate may hold.
const (
	maxCargoLock = 8 << 20
	maxCrates    = 3000
	MaxCrate     = 512 << 20 // bytes of one packed crate; its reader is bounded by this
)

// Crate is one package of a Cargo.lock that is fetched.
type Crate struct {
	Name, Version string
	SHA256        digest.SHA256 // of the packed crate
	Registry      string        // the address of the registry, as the lock says it
}

// lockedCrate is a [[package]] of a Cargo.lock.
type lockedCrate struct {
	Name     string `toml:"name"`
	Version  string `toml:"version"`
	Source   string `toml:"source"`
	Checksum string `toml:"checksum"`
}

type cargoLock struct {
	Version  int64             `toml:"version"`
	Packages []lockedCrate     `toml:"package"`
	Metadata map[string]string `toml:"metadata"` // checksums, in the first version of the format
}

var (
	crateName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) })
	crateVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9][0-9A-Za-z.+-]{0,120}$`) })
)

// Crates lists what a Cargo.lock pins, sorted by name and version. Packages of the
// source tree itself have no source and are left out. A package without a checksum
// or from a repository of version control cannot be pinned by what it holds: that
// is fault.Unsupported.
func Crates(lock []byte) ([]Crate, error) {
	if len(lock) > maxCargoLock {
		return nil, fault.New(fault.Unsupported, "", "Cargo.lock has %d bytes, more than %d", len(lock), maxCargoLock)
	}
	var read cargoLock
	if err := toml.Unmarshal(lock, &read); err != nil {
		return nil, fault.New(fault.Input, "tell the package's publisher, or choose another version", "Cargo.lock: %v", err)
	}
	if len(read.Packages) > maxCrates {
		return nil, fault.New(fault.Unsupported, "", "Cargo.lock names %d packages, more than %d", len(read.Packages), maxCrates)
	}
	var out []Crate
	for _, p := range read.Packages {
		if p.Source == "" {
			continue
		}
		c, err := p.crate(read.Metadata)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Crate) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version)) })
	return slices.Compact(out), nil
}

func (p lockedCrate) crate(metadata map[string]string) (Crate, error) {
	kind, registry, _ := strings.Cut(p.Source, "+")
	if kind != "registry" && kind != "sparse" {
		return Crate{}, fault.New(fault.Unsupported, "choose a version whose crates all come from a registry, or its wheel", "Cargo.lock takes %s from %.100q, which is no registry", p.Name, p.Source)
	}
	if !crateName().MatchString(p.Name) || !crateVersion().MatchString(p.Version) {
		return Crate{}, fault.New(fault.Integrity, "", "Cargo.lock: %.80q %.80q cannot be a crate", p.Name, p.Version)
	}
	text := cmp.Or(p.Checksum, metadata[fmt.Sprintf("checksum %s %s (%s)", p.Name, p.Version, p.Source)])
	sum, err := digest.Parse(text)
	if err != nil {
		return Crate{}, fault.New(fault.Unsupported, "choose another version, or its wheel", "Cargo.lock gives no checksum of %s %s: %v", p.Name, p.Version, err)
	}
	return Crate{Name: p.Name, Version: p.Version, SHA256: sum, Registry: registry}, nil
}

// folder is where a crate lies among the vendored ones.
func (c Crate) folder() string { return c.Name + "-" + c.Version }

// ConfigURL is where the crate's registry says how crates are downloaded: the file
// config.json of its index. An index kept as a repository NAME-index of a code host
// is served at the host index.NAME too; that of a mirror ("" for none) is asked in
// its place.
func (c Crate) ConfigURL(mirror string) (string, error) {
	if mirror != "" {
		return strings.TrimSuffix(mirror, "/") + "/config.json", nil
	}
	u, err := url.Parse(c.Registry)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", fault.New(fault.Unsupported, "name a mirror of it", "the registry %.100q of crate %s has no address that could be asked", c.Registry, c.Name)
	}
	if name, ok := strings.CutSuffix(path.Base(u.Path), "-index"); ok && strings.Contains(name, ".") {
		return "https://index." + name + "/config.json", nil
	}
	return strings.TrimSuffix(c.Registry, "/") + "/config.json", nil
}

// URL is where the crate is downloaded, by the registry's config.json.
func (c Crate) URL(config []byte) (string, error) {
	var said struct {
		DL string `json:"dl"`
	}
	if err := json.Unmarshal(config, &said); err != nil || said.DL == "" {
		return "", fault.New(fault.Network, "", "the registry of crate %s does not say where crates are downloaded", c.Name)
	}
	prefix := cratePrefix(c.Name)
	filled := strings.NewReplacer("{crate}", c.Name, "{version}", c.Version, "{prefix}", prefix, "{lowerprefix}", strings.ToLower(prefix),
		"{sha256-checksum}", c.SHA256.String()).Replace(said.DL)
	if filled == said.DL {
		filled = strings.TrimSuffix(said.DL, "/") + "/" + c.Name + "/" + c.Version + "/download"
	}
	if u, err := url.Parse(filled); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", fault.New(fault.Network, "", "the registry of crate %s gives the address %.100q", c.Name, filled)
	}
	return filled, nil
}

// cratePrefix is the folder of a name in an index of crates.
func cratePrefix(name string) string {
	switch n := len(name); n {
	case 1, 2:
		return fmt.Sprint(n)
	case 3:
		return "3/" + name[:1]
	}
	return name[:2] + "/" + name[2:4]
}

// Vendor unpacks a crate, whose hash the caller has checked, below the folder of
// vendored crates, as `cargo vendor` would lay it.
func (c Crate) Vendor(packed io.Reader, folder string) error {
	into := filepath.Join(folder, c.folder())
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer root.Close()
	limits := archive.DefaultLimits()
	limits.Entry, limits.Total = maxTree, maxTree
	err = archive.Tar(packed, limits, func(e archive.TarEntry, body io.Reader) error { return c.place(root, e, body) })
	if err != nil {
		return fmt.Errorf("unpack crate %s %s: %w", c.Name, c.Version, err)
	}
	// No file's own hash: the packed crate's was checked, and the folder is read-only in the sandbox.
	text := fmt.Sprintf(`{"files":{},"package":%q}`, c.SHA256)
	return root.WriteFile(".cargo-checksum.json", []byte(text), 0o644)
}

func (c Crate) place(root *os.Root, e archive.TarEntry, body io.Reader) error {
	top, rel, _ := strings.Cut(e.Name, "/")
	if top != c.folder() {
		return fault.New(fault.Integrity, "", "%s lies outside of %s", e.Name, c.folder())
	}
	switch {
	case rel == "":
		return nil
	case e.Dir:
		return root.MkdirAll(rel, 0o755)
	case e.Link != "" || e.Hard != "":
		return fault.New(fault.Integrity, "", "%s is a link, which no crate has", e.Name)
	}
	if err := root.MkdirAll(path.Dir(rel), 0o755); err != nil {
		return err
	}
	out, err := root.OpenFile(rel, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, e.Mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, body)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}
