package repro

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/elf"
	"snug/internal/fault"
)

// Hardening is what the compiler and the linker left in a file against attacks on memory. Stack
// protector and fortified calls are told by what the file imports: a static program does not show
// them, and code without arrays needs none.
type Hardening struct {
	PIE            bool   `json:"pie"`     // may lie at any address, as every library does
	BindNow        bool   `json:"bindNow"` // the table of imports is filled at start
	RELRO          string `json:"relro"`   // "none", "partial", "full": what is read-only after start
	NX             bool   `json:"nx"`      // the stack is not executable
	StackProtector bool   `json:"stackProtector"`
	Fortify        int    `json:"fortify"`     // different checked functions that it calls
	BranchMarks    bool   `json:"branchMarks"` // indirect branches land on marks only (IBT, BTI)
	ShadowStack    bool   `json:"shadowStack"` // return addresses are checked (SHSTK; PAC on AArch64)
	TextRel        bool   `json:"textrel"`     // code is written to at start
	WriteExecute   bool   `json:"writeExecute"`
}

// String lists what there is, and what there should not be, in a fixed order.
func (h Hardening) String() string {
	var out []string
	for _, part := range []struct {
		there bool
		text  string
	}{
		{h.PIE, "PIE"}, {h.BindNow, "bind now"}, {h.RELRO != "none", h.RELRO + " RELRO"}, {h.NX, "NX"}, {h.StackProtector, "stack protector"},
		{h.Fortify > 0, fmt.Sprintf("%d fortified calls", h.Fortify)}, {h.BranchMarks, "branch marks"}, {h.ShadowStack, "shadow stack"},
		{!h.PIE, "no PIE"}, {!h.NX, "executable stack"}, {h.TextRel, "text relocations"}, {h.WriteExecute, "writable code"},
	} {
		if part.there {
			out = append(out, part.text)
		}
	}
	return strings.Join(out, ", ")
}

func hardening(f *elf.File, d *elf.Dynamic, symbols []elf.Symbol, features uint32) Hardening {
	h := Hardening{PIE: f.Kind == elf.Shared, BindNow: d.BindNow, RELRO: "none", TextRel: d.TextRel, BranchMarks: features&elf.FeatureBranch != 0, ShadowStack: features&elf.FeatureShadow != 0}
	for _, s := range f.Segments() {
		switch s.Kind {
		case elf.SegmentRELRO:
			h.RELRO = "partial"
		case elf.SegmentStack: // without one the stack is executable
			h.NX = s.Flags&elf.FlagExecute == 0
		case elf.SegmentLoad:
			h.WriteExecute = h.WriteExecute || s.Flags&(elf.FlagExecute|elf.FlagWrite) == elf.FlagExecute|elf.FlagWrite
		}
	}
	if h.RELRO == "partial" && d.BindNow {
		h.RELRO = "full"
	}
	for _, s := range symbols {
		switch {
		case s.Section != 0:
		case s.Name == "__stack_chk_fail":
			h.StackProtector = true
		case strings.HasPrefix(s.Name, "__") && strings.HasSuffix(s.Name, "_chk"):
			h.Fortify++
		}
	}
	return h
}

// Export is what a file shows of a library that was linked into it: another library in the same
// process that brings its own copy may be bound to this one instead.
type Export struct {
	Library string `json:"library"`
	Symbols int    `json:"symbols"`
	First   string `json:"first"` // by name
}

// bundles are the libraries that interpreters and extensions link statically, by what their symbols begin with.
var bundles = []struct {
	library  string
	file     []string // what its own file is called
	prefixes []string
}{
	{"OpenSSL", []string{"libssl", "libcrypto"}, []string{"SSL_", "EVP_", "CRYPTO_", "OPENSSL_", "BIO_", "X509_", "ASN1_"}},
	{"SQLite", []string{"libsqlite3"}, []string{"sqlite3_"}},
	{"zlib", []string{"libz"}, []string{"deflate", "inflate", "zlibVersion", "adler32", "crc32"}},
	{"libffi", []string{"libffi"}, []string{"ffi_"}},
	{"bzip2", []string{"libbz2"}, []string{"BZ2_"}},
	{"liblzma", []string{"liblzma"}, []string{"lzma_"}},
	{"zstd", []string{"libzstd"}, []string{"ZSTD_"}},
	{"libuuid", []string{"libuuid"}, []string{"uuid_"}},
	{"expat", []string{"libexpat"}, []string{"XML_"}},
	{"libmpdec", []string{"libmpdec"}, []string{"mpd_"}},
	{"ncurses", []string{"libncurses", "libtinfo"}, []string{"wrefresh", "initscr", "setupterm"}},
}

// exports counts the symbols of bundled libraries that others can see.
func exports(symbols []elf.Symbol) []Export {
	var out []Export
	for _, b := range bundles {
		e := Export{Library: b.library}
		for _, s := range symbols {
			if !visible(s) || !slices.ContainsFunc(b.prefixes, func(p string) bool { return strings.HasPrefix(s.Name, p) }) {
				continue
			}
			if e.Symbols++; e.First == "" || s.Name < e.First {
				e.First = s.Name
			}
		}
		if e.Symbols > 0 {
			out = append(out, e)
		}
	}
	return out
}

// visible tells a symbol that is defined here and found by others.
func visible(s elf.Symbol) bool { return s.Section != 0 && s.Binding != 0 && s.Visibility%3 == 0 }

// isItself tells the file of a bundled library, whose purpose its symbols are.
func isItself(base, soName string) bool {
	for _, b := range bundles {
		for _, file := range b.file {
			for _, name := range []string{base, soName} {
				if rest, ok := strings.CutPrefix(name, file); ok && (strings.HasPrefix(rest, ".so") || strings.HasPrefix(rest, "-")) {
					return true
				}
			}
		}
	}
	return false
}

// maxWalked bounds the files of a folder.
const maxWalked = 1_000_000

// Natives reads every ELF file below a folder that a loader could load, sorted by path, with slashes.
// Symbolic links are not followed. One that is damaged, or for another word size, is a fault that names it.
func Natives(dir string) ([]Native, error) {
	var out []Native
	walked := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if walked++; walked > maxWalked {
			return fault.New(fault.Failed, "name a smaller folder", "%s holds more than %d files", dir, maxWalked)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		l, err := readNative(path, filepath.ToSlash(name))
		if err != nil {
			return fault.New(fault.Integrity, "it was damaged, or built for another machine: build or fetch it again", "%s: %w", path, err)
		}
		if l != nil {
			out = append(out, l.Native)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Native) int { return strings.Compare(a.Path, b.Path) })
	return out, err
}

// readNative reads one file; nil for what is no ELF file that can be loaded.
func readNative(path, name string) (*library, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	l, err := libraryIn(f, name)
	return l, errors.Join(err, f.Close())
}

func libraryIn(f *os.File, name string) (*library, error) {
	var head [headSize]byte
	if n, _ := f.ReadAt(head[:], 0); !elf.Is(head[:n]) { // too short is something else, too
		return nil, nil
	}
	l, _, err := readLibrary(name, f)
	return l, err
}
