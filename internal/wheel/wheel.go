// Package wheel unpacks wheels into the layout of a runtime, by the
// "Binary distribution format" and "Recording installed projects" standards.
// It does not resolve, fetch or overlay: one wheel in, one folder out.
//
// The hard idea: what it writes does not depend on where the runtime will lie.
// Launchers find their Python beside themselves and RECORD is written once for
// the installed layout, so one unpacked tree serves every runtime.
package wheel

import (
	"fmt"
	"sort"
	"strings"
	"sync"

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

// TreeKey names the tree that the wheel of that digest is installed as for a minor
// version of Python. url is that of direct_url.json, "" for a wheel of an index.
func TreeKey(sum digest.SHA256, minor, url string) string {
	key := fmt.Sprintf("whl-%s-%s-%s", sum, minor, LayoutVersion)
	if url != "" {
		key += "-" + digest.Of([]byte(url)).String()[:16]
	}
	return key
}

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

	// Spare asks for one more processor to unpack with, until release is called; not
	// ok if none is idle. nil: there is none.
	Spare func() (release func(), ok bool)
}

// Info is what unpacking learnt.
type Info struct {
	Metadata    *dist.Metadata
	EntryPoints []dist.EntryPoint
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

	notes []string   // one for each of the zip's files, "" where there is nothing to say
	mu    sync.Mutex // of what follows
	files []generation.File
	done  map[string]bool // paths that were written
	made  map[string]bool // folders
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
