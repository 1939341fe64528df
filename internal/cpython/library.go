package cpython

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/pep440"
)

// library is one that the interpreter is linked to statically, from the archives
// that the machine has.
type library struct {
	name      string // as its own project calls it
	archives  []string
	header    string
	version   string   // of the header: an expression whose groups are its parts
	variables []string // what configure is told
	modules   []string // what needs it
	licence   string   // SPDX
	cpe       string   // vendor:product in the CPE dictionary
	packages  packages
	full      bool // for the full profile only
	since     int  // the first minor that has the modules
}

// packages are what a system calls the library's headers and archives.
type packages struct{ debian, fedora, alpine string }

// libraries are in the order of their names.
var libraries = []library{
	{
		name: "bzip2", archives: []string{"libbz2.a"}, header: "bzlib.h", version: `bzip2/libbzip2 version ([0-9.]+[0-9])`,
		variables: []string{"BZIP2_CFLAGS= ", "BZIP2_LIBS=-l:libbz2.a"}, modules: []string{"_bz2"},
		licence: "bzip2-1.0.6", cpe: "bzip:bzip2", packages: packages{"libbz2-dev", "bzip2-devel bzip2-static", "bzip2-dev bzip2-static"},
	},
	{
		name: "libffi", archives: []string{"libffi.a"}, header: "ffi.h", version: `libffi ([0-9.]+[0-9])`,
		variables: []string{"LIBFFI_CFLAGS= ", "LIBFFI_LIBS=-l:libffi.a"}, modules: []string{"_ctypes"},
		licence: "MIT", cpe: "libffi_project:libffi", packages: packages{"libffi-dev", "libffi-devel", "libffi-dev"},
	},
	{
		name: "libuuid", archives: []string{"libuuid.a"}, header: "uuid/uuid.h",
		variables: []string{"LIBUUID_CFLAGS=-I/usr/include/uuid", "LIBUUID_LIBS=-l:libuuid.a"}, modules: []string{"_uuid"},
		licence: "BSD-3-Clause", cpe: "kernel:util-linux", packages: packages{"uuid-dev", "libuuid-devel", "util-linux-dev util-linux-static"},
	},
	{
		name: "ncurses", archives: []string{"libncursesw.a", "libtinfo.a", "libpanelw.a"}, header: "ncurses.h", version: `#define NCURSES_VERSION "([0-9.]+)"`,
		variables: []string{"CURSES_CFLAGS= ", "CURSES_LIBS=-l:libncursesw.a -l:libtinfo.a", "PANEL_CFLAGS= ", "PANEL_LIBS=-l:libpanelw.a -l:libncursesw.a -l:libtinfo.a"},
		modules:   []string{"_curses", "_curses_panel"}, full: true,
		licence: "X11-distribute-modifications-variant", cpe: "gnu:ncurses", packages: packages{"libncurses-dev", "ncurses-devel ncurses-static", "ncurses-dev ncurses-static"},
	},
	{
		name: "openssl", archives: []string{"libssl.a", "libcrypto.a"}, header: "openssl/opensslv.h", version: `define OPENSSL_VERSION_STR "([0-9.]+)"`,
		modules: []string{"_hashlib", "_ssl"},
		licence: "Apache-2.0", cpe: "openssl:openssl", packages: packages{"libssl-dev", "openssl-devel (Fedora has no static OpenSSL)", "openssl-dev openssl-libs-static"},
	},
	{
		name: "sqlite", archives: []string{"libsqlite3.a"}, header: "sqlite3.h", version: `#define SQLITE_VERSION +"([0-9.]+)"`,
		variables: []string{"LIBSQLITE3_CFLAGS= ", "LIBSQLITE3_LIBS=-l:libsqlite3.a -lm"}, modules: []string{"_sqlite3"},
		licence: "blessing", cpe: "sqlite:sqlite", packages: packages{"libsqlite3-dev", "sqlite-devel", "sqlite-dev sqlite-static"},
	},
	{
		name: "xz", archives: []string{"liblzma.a"}, header: "lzma/version.h",
		version:   `(?s)#define LZMA_VERSION_MAJOR ([0-9]+).*#define LZMA_VERSION_MINOR ([0-9]+).*#define LZMA_VERSION_PATCH ([0-9]+)`,
		variables: []string{"LIBLZMA_CFLAGS= ", "LIBLZMA_LIBS=-l:liblzma.a"}, modules: []string{"_lzma"},
		licence: "0BSD", cpe: "tukaani:xz", packages: packages{"liblzma-dev", "xz-devel xz-static", "xz-dev xz-static"},
	},
	{
		name: "zlib", archives: []string{"libz.a"}, header: "zlib.h", version: `#define ZLIB_VERSION "([0-9.]+)`,
		variables: []string{"ZLIB_CFLAGS= ", "ZLIB_LIBS=-l:libz.a"}, modules: []string{"binascii", "zlib"},
		licence: "Zlib", cpe: "zlib:zlib", packages: packages{"zlib1g-dev", "zlib-ng-compat-devel zlib-ng-compat-static", "zlib-dev zlib-static"},
	},
	{
		name: "zstd", archives: []string{"libzstd.a"}, header: "zstd.h", since: 14,
		version:   `(?s)#define ZSTD_VERSION_MAJOR +([0-9]+).*#define ZSTD_VERSION_MINOR +([0-9]+).*#define ZSTD_VERSION_RELEASE +([0-9]+)`,
		variables: []string{"LIBZSTD_CFLAGS= ", "LIBZSTD_LIBS=-l:libzstd.a"}, modules: []string{"_zstd"},
		licence: "BSD-3-Clause OR GPL-2.0-only", cpe: "facebook:zstandard", packages: packages{"libzstd-dev", "libzstd-devel libzstd-static", "zstd-dev zstd-static"},
	},
}

// librariesFor are those that a build of the minor links.
func librariesFor(c choice, minor int) []library {
	return slices.DeleteFunc(slices.Clone(libraries), func(l library) bool {
		return l.full && c.profile != Full || minor < l.since
	})
}

// Library is one that was linked: where it came from, and what is known of it.
type Library struct {
	Name     string            `json:"name"`
	Version  string            `json:"version,omitempty"` // its own, as its header says
	Package  *Package          `json:"package,omitempty"` // nil: no package of the machine's says that it is its own
	Archives map[string]string `json:"archives"`          // file name -> SHA-256
	Licence  string            `json:"licence,omitempty"`
	CPE      string            `json:"-"`
}

// host is what the machine has of what a build needs.
type host struct {
	compiler  string
	libraries []Library
	known     system
}

// digest names the archives: what is built from others is another interpreter.
func (h host) digest() digest.SHA256 {
	var b strings.Builder
	for _, l := range h.libraries {
		for _, name := range sortedKeys(l.Archives) {
			fmt.Fprintln(&b, name, l.Archives[name])
		}
	}
	return digest.Of([]byte(b.String()))
}

// folders where compilers of Linux systems look, below the machine's root.
func (s *Source) folders(kind string) []string {
	triple := multiarch()
	if kind == "include" {
		return []string{"usr/include/" + triple, "usr/include"}
	}
	return []string{"usr/lib/" + triple, "usr/lib64", "usr/lib", "lib/" + triple, "lib64", "lib"}
}

// find returns the first of the folders' files of that name, "" if none has it.
func (s *Source) find(folders []string, name string) string {
	for _, folder := range folders {
		file := filepath.Join(s.opt.Root, filepath.FromSlash(folder), filepath.FromSlash(name))
		if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// tools are the programs that a build starts, beside the compiler.
var tools = []string{"make", "strip", "ar", "sh", "sed", "install"}

// survey looks for all that a build needs and says everything that is missing at
// once, before anything is fetched or started. Without libs only the tools are
// looked for: configure alone needs no more.
func (s *Source) survey(libs []library) (host, error) {
	h := host{known: s.system()}
	var missing, wanted []string
	for _, name := range []string{"cc", "gcc", "clang"} {
		if h.compiler == "" && s.find([]string{"usr/bin", "bin"}, name) != "" {
			h.compiler = name
		}
	}
	if h.compiler == "" {
		missing, wanted = append(missing, "a C compiler"), append(wanted, h.known.name(packages{"gcc libc6-dev", "gcc glibc-devel", "build-base"}))
	}
	for _, tool := range tools {
		if s.find([]string{"usr/bin", "bin"}, tool) == "" {
			missing, wanted = append(missing, tool), append(wanted, h.known.name(packages{"make binutils coreutils sed", "make binutils coreutils sed", "build-base"}))
		}
	}
	for _, l := range libs {
		found, absent, err := s.look(l)
		if err != nil {
			return h, err
		}
		if absent != "" {
			missing, wanted = append(missing, absent+" of "+l.name), append(wanted, h.known.name(l.packages))
			continue
		}
		found.Package = h.known.owner(l.packages)
		h.libraries = append(h.libraries, found)
	}
	if len(missing) > 0 {
		slices.Sort(wanted)
		return h, fault.New(fault.Unsupported, h.known.advice(slices.Compact(wanted)), "this machine lacks what building Python needs: %s", strings.Join(missing, ", "))
	}
	return h, nil
}

// look finds the archives and the header of one library; absent names the first
// that is not there.
func (s *Source) look(l library) (found Library, absent string, err error) {
	found = Library{Name: l.name, Archives: map[string]string{}, CPE: l.cpe}
	for _, name := range l.archives {
		file := s.find(s.folders("lib"), name)
		if file == "" {
			return found, name, nil
		}
		sum, err := digest.OfFile(file)
		if err != nil {
			return found, "", err
		}
		found.Archives[name] = sum.String()
	}
	header := s.find(s.folders("include"), l.header)
	if header == "" {
		return found, l.header, nil
	}
	found.Version, err = versionIn(header, l.version)
	found.Licence = l.licenceOf(found.Version)
	return found, "", err
}

// licenceOf is the licence of that version: two of the libraries changed theirs.
func (l library) licenceOf(version string) string {
	v, err := pep440.Parse(version)
	switch {
	case l.name == "openssl" && (err != nil || v.Major() < 3):
		return "OpenSSL"
	case l.name == "xz" && (err != nil || v.Major() == 5 && v.Minor() < 6):
		return "LicenseRef-public-domain"
	}
	return l.licence
}

// maxHeader bounds what is read of a header: SQLite's has 700 KB.
const maxHeader = 4 << 20

// versionIn reads a version out of a header; "" if it names none.
func versionIn(header, expression string) (string, error) {
	if expression == "" {
		return "", nil
	}
	text, err := readLimited(header, maxHeader)
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(expression).FindSubmatch(text)
	if match == nil {
		return "", nil
	}
	parts := make([]string, len(match)-1)
	for i, part := range match[1:] {
		parts[i] = string(part)
	}
	return strings.Join(parts, "."), nil
}
