package cpython

import (
	"bufio"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Package is what the machine's own list of packages says of one.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Source  string `json:"source,omitempty"` // the source package, where it has another name
	Arch    string `json:"arch,omitempty"`
	Licence string `json:"licence,omitempty"`
	Distro  string `json:"distro"` // "debian-12", as os-release says
	Type    string `json:"type"`   // of its package URL: "deb" or "apk"
}

// The kinds of systems whose packages snug knows by name.
const (
	debian = "debian"
	fedora = "fedora"
	alpine = "alpine"
)

// system is the distribution that the machine runs, as its files say.
type system struct {
	kind      string // one of the above, "" for any other
	id        string // "debian-12"
	installed map[string]Package
}

const (
	maxRelease  = 64 << 10
	maxPackages = 64 << 20 // of the list of packages
)

// system reads os-release(5) and the list of installed packages. What cannot be read
// is not known: a build does not hang on it.
func (s *Source) system() system {
	release := map[string]string{}
	s.lines("etc/os-release", maxRelease, func(line string) {
		if key, value, ok := strings.Cut(line, "="); ok {
			release[key] = strings.Trim(value, `"'`)
		}
	})
	out := system{id: release["ID"], installed: map[string]Package{}}
	if v := release["VERSION_ID"]; v != "" {
		out.id += "-" + v
	}
	for _, word := range append([]string{release["ID"]}, strings.Fields(release["ID_LIKE"])...) {
		if out.kind == "" && slices.Contains([]string{debian, fedora, alpine}, word) {
			out.kind = word
		}
	}
	switch out.kind {
	case debian:
		s.records("var/lib/dpkg/status", ": ", out.dpkg)
	case alpine:
		s.records("lib/apk/db/installed", ":", out.apk)
	}
	return out
}

// dpkg takes a record of dpkg's status file.
func (y *system) dpkg(r map[string]string) {
	if r["Status"] != "install ok installed" {
		return
	}
	source, _, _ := strings.Cut(r["Source"], " ")
	y.installed[r["Package"]] = Package{Name: r["Package"], Version: r["Version"], Source: source, Arch: r["Architecture"], Distro: y.id, Type: "deb"}
}

// apk takes a record of apk's list.
func (y *system) apk(r map[string]string) {
	source := r["o"]
	if source == r["P"] {
		source = ""
	}
	y.installed[r["P"]] = Package{Name: r["P"], Version: r["V"], Source: source, Arch: r["A"], Licence: r["L"], Distro: y.id, Type: "apk"}
}

// name is what the system calls its packages.
func (y system) name(p packages) string {
	switch y.kind {
	case debian:
		return p.debian
	case fedora:
		return p.fedora
	case alpine:
		return p.alpine
	}
	return "Debian's " + p.debian + ", Fedora's " + p.fedora + ", Alpine's " + p.alpine
}

// owner is the installed package that has the archives: the last of those named.
func (y system) owner(p packages) *Package {
	names := strings.Fields(y.name(p))
	for _, name := range slices.Backward(names) {
		if found, ok := y.installed[name]; ok {
			return &found
		}
	}
	return nil
}

// advice is how to get packages.
func (y system) advice(wanted []string) string {
	words := strings.Join(wanted, " ")
	switch y.kind {
	case debian:
		return "apt-get install " + words
	case fedora:
		return "dnf install " + words
	case alpine:
		return "apk add " + words
	}
	return "install " + strings.Join(wanted, "; ")
}

// records reads a file of records that an empty line ends, a key and a value a line.
func (s *Source) records(name, divider string, use func(map[string]string)) {
	record := map[string]string{}
	end := func() {
		if len(record) > 0 {
			use(record)
		}
		record = map[string]string{}
	}
	s.lines(name, maxPackages, func(line string) {
		if line == "" {
			end()
		} else if key, value, ok := strings.Cut(line, divider); ok && !strings.HasPrefix(line, " ") {
			record[key] = value
		}
	})
	end()
}

func (s *Source) lines(name string, max int64, use func(string)) {
	f, err := os.Open(filepath.Join(s.opt.Root, filepath.FromSlash(name)))
	if err != nil {
		return // not known, as system says
	}
	defer f.Close() // only read from
	in := bufio.NewScanner(io.LimitReader(f, max))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		use(in.Text())
	}
}

// multiarch is Debian's name for the folder of this machine's libraries.
func multiarch() string {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	return arch + "-linux-gnu"
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
