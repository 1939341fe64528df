package indextest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// the earliest moment that a zip can hold.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Wheel returns the wheel of the release for its first tag. The same spec gives
// the same bytes.
func Wheel(s Spec) []byte { return s.wheel(s.tags()[0]) }

// WheelName returns the file name of the wheel for a tag; "" is the first.
func (s Spec) WheelName(tag string) string {
	if s.ServedAs != "" {
		return s.ServedAs
	}
	if tag == "" {
		tag = s.tags()[0]
	}
	return s.stem() + "-" + tag + ".whl"
}

// SdistName returns the file name of the sdist.
func (s Spec) SdistName() string { return s.stem() + ".tar.gz" }

// MetadataText returns the METADATA file.
func (s Spec) MetadataText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Metadata-Version: 2.4\nName: %s\nVersion: %s\n", s.Name, s.Version)
	for _, line := range s.Metadata {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (s Spec) tags() []string {
	if len(s.Tags) == 0 {
		return []string{"py3-none-any"}
	}
	return s.Tags
}

func (s Spec) stem() string {
	return strings.ToLower(module(s.Name)) + "-" + s.Version
}

// module is the import name that a project would have.
func module(name string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(name) }

func (s Spec) files() map[string]string {
	if s.Files != nil {
		return maps.Clone(s.Files)
	}
	return map[string]string{strings.ToLower(module(s.Name)) + "/__init__.py": fmt.Sprintf("__version__ = %q\n", s.Version)}
}

func (s Spec) wheel(tag string) []byte {
	files := s.files()
	info := s.stem() + ".dist-info/"
	names := slices.Sorted(maps.Keys(files))
	add := func(name, text string) {
		if _, own := files[info+name]; own || slices.Contains(s.Lacks, name) { // the spec brings its own, perhaps broken, or none
			return
		}
		files[info+name] = text
		names = append(names, info+name)
	}
	add("METADATA", s.MetadataText())
	add("WHEEL", s.wheelFile(tag))
	if len(s.EntryPoints) > 0 {
		add("entry_points.txt", s.entryPoints())
	}
	add("RECORD", record(names, files, info+"RECORD"))
	return zipOf(names, files, s.Entries)
}

// wheelFile expands a compressed tag set, as the wheel format wants.
func (s Spec) wheelFile(tag string) string {
	text := fmt.Sprintf("Wheel-Version: 1.0\nGenerator: indextest\nRoot-Is-Purelib: %t\n", !s.Platlib)
	parts := strings.SplitN(tag, "-", 3)
	if len(parts) != 3 {
		return text + "Tag: " + tag + "\n"
	}
	for _, py := range strings.Split(parts[0], ".") {
		for _, abi := range strings.Split(parts[1], ".") {
			for _, platform := range strings.Split(parts[2], ".") {
				text += "Tag: " + py + "-" + abi + "-" + platform + "\n"
			}
		}
	}
	return text
}

func (s Spec) entryPoints() string {
	var b strings.Builder
	for _, group := range slices.Sorted(maps.Keys(s.EntryPoints)) {
		fmt.Fprintf(&b, "[%s]\n%s\n", group, s.EntryPoints[group])
	}
	return b.String()
}

func record(names []string, files map[string]string, self string) string {
	var b strings.Builder
	for _, name := range names {
		sum := sha256.Sum256([]byte(files[name]))
		quoted := name
		if strings.ContainsAny(name, ",\"") {
			quoted = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
		fmt.Fprintf(&b, "%s,sha256=%s,%d\n", quoted, base64.RawURLEncoding.EncodeToString(sum[:]), len(files[name]))
	}
	b.WriteString(self + ",,\n")
	return b.String()
}

// zipOf writes the files in the order of names, then the raw entries; scripts
// are executable.
func zipOf(names []string, files map[string]string, raw []Entry) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
		h.SetMode(0o644)
		if strings.Contains(name, ".data/scripts/") || strings.HasPrefix(files[name], "#!") {
			h.SetMode(0o755)
		}
		w, err := z.CreateHeader(h)
		must(err)
		_, err = w.Write([]byte(files[name]))
		must(err)
	}
	for _, e := range raw {
		must(e.write(z))
	}
	must(z.Close())
	return b.Bytes()
}

func (e Entry) write(z *zip.Writer) error {
	h := &zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: epoch}
	h.SetMode(0o644)
	switch {
	case e.Link:
		h.SetMode(fs.ModeSymlink | 0o777)
	case strings.HasSuffix(e.Name, "/"):
		h.SetMode(fs.ModeDir | 0o755)
	}
	w, err := z.CreateHeader(h)
	if err != nil || strings.HasSuffix(e.Name, "/") {
		return err
	}
	if _, err = io.WriteString(w, e.Text); err != nil {
		return err
	}
	_, err = io.CopyN(w, zeros{}, e.Zeros)
	return err
}

// zeros is a stream of zero bytes without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Names of the files in an sdist that a fake of a build backend reads.
const (
	SdistAsks     = "fake/asks"     // build requirements that the backend asks for, one a line
	SdistMetadata = "fake/METADATA" // what it prepares
	SdistWheel    = "fake/wheel/"   // folder of the wheel that it makes
	SdistAgain    = "fake/again/"   // folder of the wheel that it makes under other conditions, if another
	SdistFails    = "fake/fails"    // what it says instead, where that file is
)

// source is what the sdist holds: the files that the release brings for it, or
// those of the wheel and what a fake backend makes of them.
func (s Spec) source() map[string]string {
	if s.Source != nil {
		files := maps.Clone(s.Source)
		if _, own := files["PKG-INFO"]; !own {
			files["PKG-INFO"] = s.MetadataText()
		}
		return files
	}
	files := s.files()
	files["PKG-INFO"] = s.MetadataText()
	files["pyproject.toml"] = fmt.Sprintf("[build-system]\nrequires = %s\nbuild-backend = \"fake\"\n", quotedList(s.BuildRequires))
	if s.Dynamic {
		files["PKG-INFO"] = strings.Replace(files["PKG-INFO"], "Metadata-Version: 2.4", "Metadata-Version: 2.1", 1)
	}
	files[SdistAsks] = strings.Join(s.BackendAsks, "\n")
	files[SdistMetadata] = s.MetadataText()
	files[SdistWheel+s.WheelName("")] = string(Wheel(s))
	if s.BuildVaries {
		other := s
		other.Files = s.files()
		for name := range other.Files {
			other.Files[name] += "made_elsewhere = True\n"
		}
		files[SdistAgain+s.WheelName("")] = string(Wheel(other))
	}
	if s.BuildFails != "" {
		files[SdistFails] = s.BuildFails
	}
	return files
}

func (s Spec) sdist() []byte {
	files := s.source()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	t := tar.NewWriter(gz)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(t.WriteHeader(&tar.Header{Name: path.Join(s.stem(), name), Mode: 0o644, Size: int64(len(files[name])), ModTime: epoch}))
		_, err := t.Write([]byte(files[name]))
		must(err)
	}
	must(t.Close())
	must(gz.Close())
	return b.Bytes()
}

// quotedList is a TOML array of strings.
func quotedList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = strconv.Quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// must guards writes to memory, which cannot fail, and names, which are the
// test's own.
func must(err error) {
	if err != nil {
		panic("indextest: " + err.Error())
	}
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
