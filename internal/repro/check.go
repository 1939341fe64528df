package repro

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// Limits of the small files that are read whole.
const (
	maxMetadata = 16 << 20
	maxRecord   = dist.MaxRecord
	maxMinor    = 99 // of glibc 2
)

func named(file string, err error) error { return fmt.Errorf("wheel %s: %w", file, err) }

// identify holds the file name, the folders and the dist-info to one another and to what was expected.
func (w *work) identify(context.Context) error {
	var err error
	if w.name, err = dist.ParseWheelName(w.file); err != nil {
		return fault.New(fault.Integrity, "the build backend gave it a name that no installer reads: pin another version of it", "%w", err)
	}
	if err := w.asExpected("its file name", w.name.Name, w.name.Version); err != nil {
		return err
	}
	for _, step := range []func() error{w.findDistInfo, w.places, w.metadata, w.wheelFile, w.entryPoints, w.fits} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// asExpected compares a name and a version with those that the build was for, and with the file name's.
func (w *work) asExpected(where, name string, version pep440.Version) error {
	hint := "the source builds another project or version than it was fetched as: do not use it, or name what it really is"
	if want := pep508.NormalizeName(w.expect.Name); pep508.NormalizeName(name) != want {
		return named(w.file, fault.New(fault.Integrity, hint, "%s says that it is %s, not %s", where, name, want))
	}
	want := w.name.Version
	if w.expect.Version != "" {
		var err error
		if want, err = pep440.Parse(w.expect.Version); err != nil {
			return named(w.file, fmt.Errorf("the expected version: %w", err))
		}
	}
	if version.Compare(want) != 0 {
		return named(w.file, fault.New(fault.Integrity, hint, "%s says version %s, not %s", where, version, want))
	}
	return nil
}

// findDistInfo wants exactly one, of the file's name and version.
func (w *work) findDistInfo() error {
	for _, f := range w.zip.Files() {
		top, _, nested := strings.Cut(f.Name, "/")
		if !nested || !strings.HasSuffix(top, ".dist-info") || top == w.distInfo {
			continue
		}
		if w.distInfo != "" {
			return w.broken("two dist-info folders, %s and %s", w.distInfo, top)
		}
		w.distInfo = top
	}
	stem := strings.TrimSuffix(w.distInfo, ".dist-info")
	name, version, _ := strings.Cut(stem, "-")
	v, err := pep440.Parse(version)
	if w.distInfo == "" {
		return w.broken("no dist-info folder")
	}
	if pep508.NormalizeName(name) != w.name.Name || err != nil || v.Compare(w.name.Version) != 0 {
		return w.broken("folder %s does not belong to a wheel of this name", w.distInfo)
	}
	w.data = stem + ".data"
	return nil
}

// places refuses files where a wheel may hold none.
func (w *work) places() error {
	for _, f := range w.zip.Files() {
		top, rest, nested := strings.Cut(f.Name, "/")
		if !strings.HasSuffix(top, ".data") || !strings.Contains(top, "-") {
			continue
		}
		if top != w.data || !nested {
			return w.broken("%s belongs to no dist-info folder", f.Name)
		}
		scheme, rest, _ := strings.Cut(rest, "/")
		if !slices.Contains([]string{"purelib", "platlib", "headers", "scripts", "data"}, scheme) && scheme != "" || rest == "" && !f.Dir {
			return w.broken("%s lies in no scheme that installers know", f.Name)
		}
	}
	return nil
}

func (w *work) metadata() error {
	raw, err := w.zip.ReadFile(w.distInfo+"/METADATA", maxMetadata)
	if err != nil {
		return w.broken("no METADATA: %w", err)
	}
	m, err := dist.ParseMetadata(raw)
	if err != nil {
		return w.broken("METADATA: %w", err)
	}
	version, err := pep440.Parse(m.Version)
	if err != nil {
		return w.broken("METADATA: %w", err)
	}
	return w.asExpected("its METADATA", m.Name, version)
}

// wheelFile holds WHEEL to the file name.
func (w *work) wheelFile() error {
	raw, err := w.zip.ReadFile(w.distInfo+"/WHEEL", maxMetadata)
	if err != nil {
		return w.broken("no WHEEL: %w", err)
	}
	f, err := dist.ParseWheelFile(raw)
	if err != nil {
		return w.broken("WHEEL: %w", err)
	}
	var said []string
	for _, text := range f.Tags {
		tags, err := pytag.ParseTags(text)
		if err != nil {
			return w.broken("WHEEL: %w", err)
		}
		said = append(said, texts(tags)...)
	}
	named := texts(w.name.Tags)
	if slices.Sort(said); !slices.Equal(slices.Compact(said), named) {
		return w.broken("WHEEL has the tags %s, the file name %s", strings.Join(said, ", "), strings.Join(named, ", "))
	}
	w.purelib = f.RootIsPurelib
	for _, tag := range w.name.Tags {
		if w.purelib && tag.ABI != "none" {
			return w.broken("WHEEL says Root-Is-Purelib, the tag %s says that it holds native modules", tag)
		}
	}
	return nil
}

// texts are tags as texts, sorted, each once.
func texts(tags []pytag.Tag) []string {
	var out []string
	for _, tag := range tags {
		out = append(out, tag.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *work) entryPoints() error {
	raw, err := w.zip.ReadFile(w.distInfo+"/entry_points.txt", dist.MaxEntryPoints)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return w.broken("entry_points.txt: %w", err)
	}
	if _, err := dist.ParseEntryPoints(raw); err != nil {
		return w.broken("entry_points.txt: %w", err)
	}
	return nil
}

// fits holds the tags to the Python and the platform that the wheel was built for. A newer glibc than
// the target's is no misfit yet: what the files really need is judged where it is known (allowed).
func (w *work) fits() error {
	t := w.expect.Target
	if t.Libc == "glibc" {
		t.Floor[1] = max(t.Floor[1], maxMinor)
	}
	if _, ok := pytag.Supported(t, w.expect.Python).Rank(w.name.Tags); !ok {
		return named(w.file, fault.New(fault.Failed, "the build was made for another Python or platform: look in its settings for an ABI or a platform that is fixed",
			"its tags do not fit Python %s on %s", w.expect.Python, w.expect.Target))
	}
	return nil
}

// hold compares what was unpacked with RECORD, line by line, both ways.
func (w *work) hold(context.Context) error {
	own := w.distInfo + "/RECORD"
	raw, err := w.zip.ReadFile(own, maxRecord)
	if err != nil {
		return w.broken("no RECORD: %w", err)
	}
	lines, err := dist.ParseRecord(raw)
	if err != nil {
		return w.broken("RECORD: %w", err)
	}
	listed := make(map[string]dist.RecordEntry, len(lines))
	for _, line := range lines {
		if _, twice := listed[line.Path]; twice {
			return w.broken("RECORD lists %s twice", line.Path)
		}
		listed[line.Path] = line
	}
	for _, e := range w.entries {
		line, ok := listed[e.name]
		switch {
		case !ok:
			return w.broken("%s is not in RECORD", e.name)
		case line.Sum.IsZero():
			return w.broken("RECORD has no sha256 of %s", e.name)
		case line.Sum != e.sum:
			return w.broken("%s has sha256 %s, RECORD says %s", e.name, e.sum, line.Sum)
		case line.Size >= 0 && line.Size != e.size:
			return w.broken("%s has %d bytes, RECORD says %d", e.name, e.size, line.Size)
		}
		delete(listed, e.name)
	}
	for _, name := range []string{own, own + ".jws", own + ".p7s"} {
		delete(listed, name)
	}
	for name := range listed {
		return w.broken("RECORD lists %s, which the wheel lacks", name)
	}
	return nil
}
