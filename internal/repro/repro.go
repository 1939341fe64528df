// Package repro judges what came out of a build: it holds a wheel to what was expected of it, brings
// it into one canonical form, and compares two wheels. It builds nothing and runs nothing; strip is
// the caller's.
//
// The one hard idea: a wheel's bytes say when, where and with which tool it was packed; its content
// does not. What is written here depends on the content only (see pack.go), so that two builds of
// one source come out as the same bytes, or differ in something that matters.
package repro

import (
	"context"
	"os"
	"path/filepath"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Expect is what the wheel must be.
type Expect struct {
	Name    string
	Version string         // "": not known before the build; name, METADATA and file name must agree all the same
	Python  pep440.Version // whose tags the wheel must fit
	Target  pytag.Target

	// Native says that upstream has platform wheels, or that the source has native code that is not
	// optional: a wheel without any is a silent downgrade, and refused.
	Native bool

	// Glibc is the highest version of glibc that the wheel may need; zero: no limit.
	Glibc [2]int

	// Place is where the sources lay, as the build saw it, and Called what the lists of parts that
	// build tools put into dist-info/sboms shall call it. "": they stay as they are.
	Place, Called string
}

// Report is what was found out about a wheel.
type Report struct {
	Name     string        `json:"name"` // the final file name, with the true tag
	Tags     []string      `json:"tags"`
	SHA256   digest.SHA256 `json:"-"` // of the canonical wheel
	Contents digest.SHA256 `json:"-"` // of its sorted "mode sha256 path" lines: independent of the compressor
	Size     int64         `json:"size"`
	Glibc    [2]int        `json:"glibc"` // that the whole needs, that of its libstdc++ included; zero: none
	Natives  []Native      `json:"natives"`
	Notes    []string      `json:"notes"` // what was tolerated or changed, for people
}

// Normalise takes the wheel that a backend wrote, checks it, strips it, gives it its true platform
// tag, and writes the canonical wheel into outDir, whose path it returns. The file that it is given
// is left as it is, unless it lies in outDir and has the final name already.
//
// strip is called once with the paths of the unpacked ELF files that can be stripped, which lie side
// by side in one folder below outDir and which it changes in place; it is not called when there are
// none, and nil strips nothing.
//
// A wheel that is not what it says, or not what was expected, is a fault that says which.
func Normalise(ctx context.Context, wheel string, e Expect, strip func(ctx context.Context, files []string) error, outDir string) (*Report, string, error) {
	file, err := os.Open(wheel)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	temp, err := os.MkdirTemp(outDir, ".normalise-*")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(temp)
	w := &work{expect: e, file: filepath.Base(wheel), temp: temp, report: &Report{}}
	if err := w.open(file); err != nil {
		return nil, "", err
	}
	for _, step := range []func(context.Context) error{w.identify, w.unpack, w.hold, w.place, w.stripped(strip), w.inspect, w.retag} {
		if err := step(ctx); err != nil {
			return nil, "", err
		}
	}
	path, err := w.pack(ctx, outDir)
	return w.report, path, err
}

// work is one wheel on its way.
type work struct {
	expect Expect
	file   string // name
	temp   string
	report *Report

	zip      *archive.Zip
	name     dist.WheelName
	distInfo string // "shop_kit-1.0.dist-info"
	data     string // "shop_kit-1.0.data"
	purelib  bool   // Root-Is-Purelib
	entries  []*entry
	natives  []*library
}

// entry is a file of the wheel, unpacked.
type entry struct {
	name string
	path string // where it lies
	sum  digest.SHA256
	size int64
	elf  bool
	run  bool // a script or a program: executable
}

func (w *work) open(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if w.zip, err = archive.OpenZip(file, info.Size(), archive.DefaultLimits()); err != nil {
		return named(w.file, err)
	}
	return nil
}

func (w *work) note(text string) { w.report.Notes = append(w.report.Notes, text) }

// broken is a wheel that breaks the standard.
func (w *work) broken(format string, args ...any) error {
	return named(w.file, fault.New(fault.Integrity, "the build backend wrote a wheel that breaks the standard: pin another version of it, or tell the package's maintainers", format, args...))
}
