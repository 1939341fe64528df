// Package wheel unpacks wheels into the layout of a runtime, by the
// "Binary distribution format" and "Recording installed projects" standards.
// It does not resolve, fetch or overlay: one wheel in, one folder out.
//
// The hard idea: what it writes does not depend on where the runtime will lie.
// Launchers find their Python beside themselves and RECORD is written once for
// the installed layout, so one unpacked tree serves every runtime.
package wheel

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/pep508"
)

// LayoutVersion changes whenever the same wheel would be written otherwise; it
// is part of a tree's key.
const LayoutVersion = "3"

// Limits of the small files that are read whole.
const (
	maxMetadata = 16 << 20
	maxRecord   = 64 << 20
	maxScript   = 16 << 20
)

// Options say for which Python a wheel is unpacked.
type Options struct {
	PythonMinor string // "3.14"
	URL         string // set when installed from a URL: direct_url.json says so (PEP 610)
	SHA256      string // of the wheel, for direct_url.json
}

// Info is what unpacking learnt.
type Info struct {
	Metadata    *dist.Metadata
	EntryPoints []dist.EntryPoint
	Needs       Needs
	Notes       []string // deviations from the standard that were tolerated
}

// Install unpacks the wheel z, whose file name is name, below dir and lists
// what it wrote, sorted. A wheel that is not what its name and RECORD say is
// fault.Integrity; then dir holds leftovers.
func Install(z *archive.Zip, name dist.WheelName, opt Options, dir string) ([]generation.File, *Info, error) {
	in := &install{zip: z, name: name, opt: opt, dir: dir, site: "lib/python" + opt.PythonMinor + "/site-packages", info: &Info{}, done: map[string]bool{}, made: map[string]bool{}}
	for _, step := range []func() error{in.identify, in.readRecord, in.unpack, in.natives, in.launchers, in.installer, in.directURL, in.writeRecord} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	sort.Slice(in.files, func(i, j int) bool { return in.files[i].Path < in.files[j].Path })
	return in.files, in.info, nil
}

// install is one wheel being unpacked.
type install struct {
	zip      *archive.Zip
	name     dist.WheelName
	opt      Options
	dir      string
	site     string
	distInfo string // "django-5.2.dist-info"
	data     string // "django-5.2.data"
	record   map[string]dist.RecordEntry
	info     *Info
	files    []generation.File
	done     map[string]bool // paths that were written
	made     map[string]bool // folders
}

func (in *install) broken(format string, args ...any) error {
	return fault.New(fault.Integrity, "the wheel breaks the standard; tell its publisher, or choose another version", format, args...)
}

func (in *install) note(format string, args ...any) {
	in.info.Notes = append(in.info.Notes, fmt.Sprintf(format, args...))
}

// identify finds the one dist-info folder and holds its METADATA and WHEEL to
// the file name.
func (in *install) identify() error {
	if err := in.findDistInfo(); err != nil {
		return err
	}
	raw, err := in.zip.ReadFile(in.distInfo+"/METADATA", maxMetadata)
	if err != nil {
		return in.broken("no METADATA: %w", err)
	}
	if in.info.Metadata, err = dist.ParseMetadata(raw); err != nil {
		return in.broken("METADATA: %w", err)
	}
	if err := in.agree(in.info.Metadata); err != nil {
		return err
	}
	if in.has(in.distInfo + "/entry_points.txt") {
		raw, err := in.zip.ReadFile(in.distInfo+"/entry_points.txt", maxMetadata)
		if err != nil {
			return err
		}
		if in.info.EntryPoints, err = dist.ParseEntryPoints(raw); err != nil {
			return in.broken("entry_points.txt: %w", err)
		}
	}
	raw, err = in.zip.ReadFile(in.distInfo+"/WHEEL", maxMetadata)
	if err != nil {
		return in.broken("no WHEEL: %w", err)
	}
	if _, err := dist.ParseWheelFile(raw); err != nil {
		return in.broken("WHEEL: %w", err)
	}
	return nil
}

// findDistInfo accepts spellings that are not normalised, but exactly one.
func (in *install) findDistInfo() error {
	for _, f := range in.zip.Files() {
		top, _, _ := strings.Cut(f.Name, "/")
		if !strings.HasSuffix(top, ".dist-info") || top == in.distInfo {
			continue
		}
		if in.distInfo != "" {
			return in.broken("two dist-info folders, %s and %s", in.distInfo, top)
		}
		in.distInfo = top
	}
	if in.distInfo == "" {
		return in.broken("no dist-info folder")
	}
	stem := strings.TrimSuffix(in.distInfo, ".dist-info")
	name, _, _ := strings.Cut(stem, "-")
	if pep508.NormalizeName(name) != pep508.NormalizeName(in.name.Name) {
		return in.broken("folder %s does not belong to %s", in.distInfo, in.name.Name)
	}
	in.data = stem + ".data"
	return nil
}

func (in *install) agree(m *dist.Metadata) error {
	if pep508.NormalizeName(m.Name) != pep508.NormalizeName(in.name.Name) {
		return in.broken("METADATA is of %s, the file name says %s", m.Name, in.name.Name)
	}
	return in.agreeVersion(m.Version)
}

func (in *install) has(name string) bool {
	for _, f := range in.zip.Files() {
		if f.Name == name {
			return true
		}
	}
	return false
}

// place is where an archive's entry goes; scheme is "" outside .data.
func (in *install) place(name string) (dest, scheme string, err error) {
	rest, ok := strings.CutPrefix(name, in.data+"/")
	if !ok {
		return in.site + "/" + name, "", nil
	}
	scheme, rest, ok = strings.Cut(rest, "/")
	if !ok {
		return "", "", in.broken("%s lies outside of a scheme", name)
	}
	switch scheme {
	case "purelib", "platlib":
		return in.site + "/" + rest, scheme, nil
	case "scripts":
		return "bin/" + rest, scheme, nil
	case "headers":
		return "include/python" + in.opt.PythonMinor + "/" + in.name.Name + "/" + rest, scheme, nil
	case "data":
		return rest, scheme, nil
	}
	return "", "", in.broken("%s: unknown scheme %q", name, scheme)
}

// unpack writes every entry but those that are made anew, by the installer or
// by Python.
func (in *install) unpack() error {
	for i, f := range in.zip.Files() {
		if f.Dir || in.remade(f.Name) || cached(f.Name) {
			continue
		}
		dest, scheme, err := in.place(f.Name)
		if err != nil {
			return err
		}
		if scheme == "scripts" {
			err = in.script(i, f, dest)
		} else {
			err = in.copy(i, f, dest)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// remade are the files that the installer writes itself, and signatures of the
// RECORD that no longer holds.
func (in *install) remade(name string) bool {
	base, ok := strings.CutPrefix(name, in.distInfo+"/")
	if !ok {
		return false
	}
	switch base {
	case "RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json":
		return true
	}
	return false
}

// cached is bytecode beside its source: it names the machine that made it and
// no longer fits the source's new time, so the runtime's own stands there.
func cached(name string) bool {
	return strings.HasSuffix(name, ".pyc") && path.Base(path.Dir(name)) == "__pycache__"
}

// copy streams one entry to dest and holds it to RECORD.
func (in *install) copy(i int, f archive.ZipFile, dest string) error {
	r, err := in.zip.Open(i)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := in.create(dest, f.Mode)
	if err != nil {
		return err
	}
	sum, size, err := digest.OfReader(io.TeeReader(r, w))
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = in.verify(f.Name, sum)
	}
	in.add(dest, f.Mode, sum, size)
	return err
}

// write puts data that snug made or rewrote.
func (in *install) write(dest string, mode fs.FileMode, data []byte) error {
	w, err := in.create(dest, mode)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	in.add(dest, mode, digest.Of(data), int64(len(data)))
	return nil
}

func (in *install) create(dest string, mode fs.FileMode) (*os.File, error) {
	if !filepath.IsLocal(filepath.FromSlash(dest)) || path.Clean(dest) != dest {
		return nil, in.broken("%q leaves the runtime", dest)
	}
	full := filepath.Join(in.dir, filepath.FromSlash(dest))
	if above := filepath.Dir(full); !in.made[above] {
		if err := os.MkdirAll(above, 0o755); err != nil {
			return nil, err
		}
		in.made[above] = true
	}
	w, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode.Perm()&^0o222) // the store's are read-only
	if errors.Is(err, fs.ErrExist) {
		return nil, in.broken("two of its files install to %s", dest)
	}
	return w, err
}

func (in *install) add(dest string, mode fs.FileMode, sum digest.SHA256, size int64) {
	text := "0644"
	if mode&0o111 != 0 {
		text = "0755"
	}
	in.done[dest] = true
	in.files = append(in.files, generation.File{Path: dest, Mode: text, SHA256: sum.String(), Size: size, Owner: pep508.NormalizeName(in.name.Name)})
}
