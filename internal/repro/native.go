package repro

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/digest"
	"snug/internal/elf"
	"snug/internal/fault"
	"snug/internal/pytag"
)

// Native is what one ELF file asks of the system, how it is hardened, and what it shows to others.
type Native struct {
	Path      string    `json:"path"`
	Needs     []string  `json:"needs"`
	Glibc     [2]int    `json:"glibc"` // zero: none
	RunPath   []string  `json:"runpath"`
	Hardening Hardening `json:"hardening"`
	Exports   []Export  `json:"exports,omitempty"`
}

// library is an ELF file with what tells its platform.
type library struct {
	Native
	dynamic *elf.Dynamic
}

// readLibrary reads a file that can be loaded; nil for a relocatable one.
func readLibrary(name string, r io.ReaderAt) (*library, *elf.File, error) {
	f, ok, err := elf.Open(r)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, errors.New("an ELF file of another word size or byte order")
	}
	if f.Kind != elf.Shared && f.Kind != elf.Executable {
		return nil, f, nil
	}
	d, err := f.Dynamic()
	if err != nil {
		return nil, nil, err
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return nil, nil, err
	}
	features, err := f.Features()
	if err != nil {
		return nil, nil, err
	}
	native := Native{Path: name, Needs: d.Needed, Glibc: d.Glibc(), RunPath: d.RunPath, Hardening: hardening(f, d, symbols, features)}
	if !isItself(path.Base(name), d.SoName) {
		native.Exports = exports(symbols)
	}
	return &library{Native: native, dynamic: d}, f, nil
}

// stripped runs the caller's strip over the files that can be stripped.
func (w *work) stripped(strip func(context.Context, []string) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if strip == nil {
			return nil
		}
		var files []string
		for _, e := range w.entries {
			if !e.elf {
				continue
			}
			l, err := w.library(e)
			if err != nil {
				return err
			}
			if l != nil {
				files = append(files, e.path)
			}
		}
		if len(files) == 0 {
			return nil
		}
		if err := strip(ctx, files); err != nil {
			return fmt.Errorf("strip the native files of %s: %w", w.file, err)
		}
		return nil
	}
}

// library reads an entry, which must be for the target's processor.
func (w *work) library(e *entry) (*library, error) {
	r, _, err := openRegular(e.path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	l, f, err := readLibrary(e.name, r)
	if err != nil {
		return nil, w.broken("%s: %w", e.name, err)
	}
	if w.expect.Target.OS != "linux" || f.Machine != machine(w.expect.Target) {
		return nil, named(w.file, fault.New(fault.Failed, "the build used a compiler for another processor: look in its settings and its log",
			"%s is not for %s (ELF machine %d)", e.name, w.expect.Target, f.Machine))
	}
	return l, nil
}

func machine(t pytag.Target) elf.Machine {
	if t.Arch == "aarch64" {
		return elf.AArch64
	}
	return elf.X86_64
}

// inspect reads the native files as they will be, mends their search paths, and holds what there is
// to what was expected.
func (w *work) inspect(context.Context) error {
	found := false
	for _, e := range w.entries {
		if !e.elf {
			continue
		}
		if pure(w.name.Tags) {
			return w.broken("its name says that it runs anywhere, and %s is native code", e.name)
		}
		found = true
		if err := w.mend(e); err != nil {
			return err
		}
		l, err := w.library(e)
		if err != nil {
			return err
		}
		if l != nil {
			w.natives = append(w.natives, l)
			w.report.Natives = append(w.report.Natives, l.Native)
		}
		if err := e.again(); err != nil {
			return err
		}
	}
	if !found && w.expect.Native {
		return named(w.file, fault.New(fault.Failed, "the package goes on without its native code where that cannot be compiled: look in the build's log for a missing compiler or header (Python.h), and give it (system libraries stand in its recipe)",
			"the build came out without native code, which this package has"))
	}
	if !found && !pure(w.name.Tags) {
		w.note("its tags name a platform, and it holds no native code")
	}
	if found && w.purelib {
		w.note("WHEEL says Root-Is-Purelib, and it holds native code")
	}
	return nil
}

// pure tells whether the tags are for any platform.
func pure(tags []pytag.Tag) bool {
	return slices.ContainsFunc(tags, func(t pytag.Tag) bool { return t.Platform == "any" })
}

// mend takes search paths that lead out of the wheel from a file: what lies there on the build
// machine does not on another one, or is somebody else's. One that names both kinds of folders in
// one text is refused.
func (w *work) mend(e *entry) error {
	f, _, err := openRegular(e.path, os.O_RDWR)
	if err != nil {
		return err
	}
	err = w.mendOpened(e, f)
	return errors.Join(err, f.Close())
}

func (w *work) mendOpened(e *entry, f *os.File) error {
	file, ok, err := elf.Open(f)
	if !ok || err != nil {
		return w.brokenELF(e, err)
	}
	d, err := file.Dynamic()
	if err != nil {
		return w.brokenELF(e, err)
	}
	var out []string
	for _, dir := range d.RunPath {
		if leaves(e.name, dir) {
			out = append(out, dir)
		}
	}
	if len(out) == 0 {
		return nil
	}
	if len(out) < len(d.RunPath) {
		return named(w.file, fault.New(fault.Failed, "give the build no -rpath of its machine (LDFLAGS, runtime_library_dirs)",
			"%s looks for libraries in %s, outside of the wheel, and beside itself", e.name, strings.Join(out, ":")))
	}
	at, part, _, err := file.WithoutRunPath()
	if err != nil {
		return w.brokenELF(e, err)
	}
	if _, err := f.WriteAt(part, int64(at)); err != nil {
		return err
	}
	w.note(fmt.Sprintf("%s: its search path %s, outside of the wheel, was taken out", e.name, strings.Join(out, ":")))
	return nil
}

func (w *work) brokenELF(e *entry, err error) error {
	if err == nil {
		err = errors.New("an ELF file of another word size or byte order")
	}
	return w.broken("%s: %w", e.name, err)
}

// leaves tells whether a folder that a library names ($ORIGIN is its own) lies outside of the wheel.
func leaves(library, dir string) bool {
	for _, origin := range []string{"$ORIGIN", "${ORIGIN}"} {
		if rest, ok := strings.CutPrefix(dir, origin); ok && !strings.Contains(rest, "$") && (rest == "" || rest[0] == '/') {
			return !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(library), rest)))
		}
	}
	return true
}

// again takes size and sum of a file that was changed.
func (e *entry) again() error {
	f, size, err := openRegular(e.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	sum, read, err := digest.OfReader(f)
	if err = errors.Join(err, f.Close()); err == nil && read != size {
		err = fmt.Errorf("%s changed while it was read", e.name)
	}
	e.sum, e.size = sum, read
	return err
}
