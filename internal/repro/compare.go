package repro

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/elf"
	"snug/internal/pep508"
)

// Verdict is how far apart two wheels are. Each says less than the one before.
type Verdict string

// The verdicts.
const (
	Equal        Verdict = "equal"                   // the same bytes
	Stabilised   Verdict = "equal after stabilising" // the same files: order, times, modes, compression apart
	MetadataOnly Verdict = "metadata only"           // dist-info, or what no program loads, differs
	CodeDiffers  Verdict = "code differs"
)

// The bounds of what a comparison looks at and tells.
const (
	maxCompared = 256 << 20 // bytes of a file that is looked into
	maxListed   = 1000      // files, fields, functions
	maxLines    = 5
	maxLine     = 200
)

// Difference is what was found between two wheels.
type Difference struct {
	Verdict  Verdict  `json:"verdict"`
	Ours     string   `json:"ours"` // file names
	Theirs   string   `json:"theirs"`
	Same     int      `json:"same"` // files of equal content
	Fields   []Field  `json:"fields,omitempty"`
	Files    []Change `json:"files,omitempty"`
	Unlisted int      `json:"unlisted,omitempty"` // files and fields beyond the bound
}

// Field is a line of METADATA or WHEEL that only one has, or that differs.
type Field struct {
	File   string   `json:"file"`
	Name   string   `json:"name"`
	Ours   []string `json:"ours,omitempty"` // the values that the other lacks
	Theirs []string `json:"theirs,omitempty"`
}

// Change is a file that differs.
type Change struct {
	Path   string  `json:"path"`
	Kind   string  `json:"kind"` // "added": only ours has it; "removed": only theirs; "changed"
	Code   bool    `json:"code"` // it changes what runs
	Text   *Lines  `json:"text,omitempty"`
	Native *Binary `json:"native,omitempty"`
	Note   string  `json:"note,omitempty"` // why it was not looked into
}

// Lines are the first that differ between two texts.
type Lines struct {
	First  int      `json:"first"` // number, from 1
	Ours   []string `json:"ours"`
	Theirs []string `json:"theirs"`
	Count  [2]int   `json:"count"` // lines of each
}

// Compare tells how two wheels differ: ours with the published one, or two builds. RECORD is left
// out, since it follows from the rest; the dist-info folders need not be spelled alike, nor be of one version. The error is
// of reading them; a wheel that is unsafe to read is a fault.
func Compare(ours, theirs string) (*Difference, error) {
	a, err := openSide(ours)
	if err != nil {
		return nil, err
	}
	defer a.file.Close()
	b, err := openSide(theirs)
	if err != nil {
		return nil, err
	}
	defer b.file.Close()
	d := &Difference{Ours: filepath.Base(ours), Theirs: filepath.Base(theirs), Verdict: Stabilised}
	if a.whole == b.whole {
		d.Verdict = Equal
	}
	names := slices.Sorted(maps.Keys(a.at))
	for name := range b.at {
		if _, ok := a.at[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := d.file(a, b, name); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// side is one of the wheels. Names are with a dist-info and a data folder as both would spell it.
type side struct {
	file  *os.File
	zip   *archive.Zip
	whole digest.SHA256
	at    map[string]int // of the zip's files
}

func openSide(path string) (s *side, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(named(filepath.Base(path), err), f.Close())
		}
	}()
	s = &side{file: f, at: map[string]int{}}
	var size int64
	if s.whole, size, err = digest.OfReader(f); err != nil {
		return nil, err
	}
	if s.zip, err = archive.OpenZip(f, size, archive.DefaultLimits()); err != nil {
		return nil, err
	}
	for i, file := range s.zip.Files() {
		if name := common(file.Name); !file.Dir && !isRecord(name) {
			if _, twice := s.at[name]; twice {
				return nil, fmt.Errorf("two of its files are %s", name)
			}
			s.at[name] = i
		}
	}
	return s, nil
}

// common spells the top folders of dist-info and data without a version, as every wheel of the project could.
func common(name string) string {
	top, rest, nested := strings.Cut(name, "/")
	for _, ending := range []string{".dist-info", ".data"} {
		stem, ok := strings.CutSuffix(top, ending)
		project, _, dashed := strings.Cut(stem, "-")
		if ok && nested && dashed {
			return strings.ReplaceAll(pep508.NormalizeName(project), "-", "_") + ending + "/" + rest
		}
	}
	return name
}

func isRecord(name string) bool {
	top, base, _ := strings.Cut(name, "/")
	return strings.HasSuffix(top, ".dist-info") && (base == "RECORD" || base == "RECORD.jws" || base == "RECORD.p7s")
}

// file compares the files of one name.
func (d *Difference) file(a, b *side, name string) error {
	i, ok := a.at[name]
	j, ok2 := b.at[name]
	switch {
	case !ok2:
		d.change(Change{Path: name, Kind: "added", Code: !inDistInfo(name)})
		return nil
	case !ok:
		d.change(Change{Path: name, Kind: "removed", Code: !inDistInfo(name)})
		return nil
	}
	x, err := a.sum(i)
	if err != nil {
		return err
	}
	y, err := b.sum(j)
	if err != nil {
		return err
	}
	if x == y {
		d.Same++
		return nil
	}
	if max(a.zip.Files()[i].Size, b.zip.Files()[j].Size) > maxCompared {
		d.change(Change{Path: name, Kind: "changed", Code: true, Note: "too large to be looked into"})
		return nil
	}
	mine, err := a.read(i)
	if err != nil {
		return err
	}
	other, err := b.read(j)
	if err != nil {
		return err
	}
	d.contents(name, mine, other)
	return nil
}

func (s *side) sum(i int) (digest.SHA256, error) {
	r, err := s.zip.Open(i)
	if err != nil {
		return digest.SHA256{}, err
	}
	sum, _, err := digest.OfReader(r)
	return sum, errors.Join(err, r.Close())
}

func (s *side) read(i int) ([]byte, error) {
	r, err := s.zip.Open(i)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxCompared))
	return data, errors.Join(err, r.Close())
}

func inDistInfo(name string) bool {
	top, _, nested := strings.Cut(name, "/")
	return nested && strings.HasSuffix(top, ".dist-info")
}

// contents looks into two files of one name that differ.
func (d *Difference) contents(name string, mine, other []byte) {
	c := Change{Path: name, Kind: "changed", Code: !inDistInfo(name)}
	_, base, _ := strings.Cut(name, "/")
	switch {
	case !c.Code && (base == "METADATA" || base == "WHEEL"):
		d.fields(base, string(mine), string(other))
		return
	case !c.Code && base == "entry_points.txt":
		c.Code = !sameEntryPoints(mine, other)
	}
	switch {
	case elf.Is(mine) && elf.Is(other):
		c.Native = compareBinaries(mine, other)
		c.Code = c.Native.Code
	case isText(mine) && isText(other):
		c.Text = firstLines(string(mine), string(other))
	}
	d.change(c)
}

// change takes a file, and the verdict that follows from it.
func (d *Difference) change(c Change) {
	d.lower(c.Code)
	if len(d.Files) == maxListed {
		d.Unlisted++
		return
	}
	d.Files = append(d.Files, c)
}

func (d *Difference) lower(code bool) {
	switch {
	case code:
		d.Verdict = CodeDiffers
	case d.Verdict != CodeDiffers:
		d.Verdict = MetadataOnly
	}
}

// fields compares two files of headers and a body, field by field.
func (d *Difference) fields(file, mine, other string) {
	a, b := headers(mine), headers(other)
	names := slices.Sorted(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	d.lower(false)
	for _, name := range names {
		f := Field{File: file, Name: name, Ours: without(a[name], b[name]), Theirs: without(b[name], a[name])}
		if len(f.Ours)+len(f.Theirs) == 0 {
			continue // in another order, or with other spaces
		}
		if len(d.Fields) == maxListed {
			d.Unlisted++
			continue
		}
		d.Fields = append(d.Fields, f)
	}
}

// headers are the values of each field; the body is one that is called Description, as it may be
// written both ways. A line that is neither field nor continued is a value without a name.
func headers(text string) map[string][]string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	head, body, _ := strings.Cut(text, "\n\n")
	out := map[string][]string{}
	last := ""
	for line := range strings.SplitSeq(head, "\n") {
		if values := out[last]; len(values) > 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			values[len(values)-1] += "\n" + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			name, value = "", line
		}
		last = strings.TrimSpace(name)
		out[last] = append(out[last], strings.TrimSpace(value))
	}
	if body = strings.TrimSpace(body); body != "" {
		out["Description"] = append(out["Description"], body)
	}
	return out
}

// without lists the values of a that b lacks, each cut to a line's length.
func without(a, b []string) (out []string) {
	left := slices.Clone(b)
	for _, value := range a {
		if i := slices.Index(left, value); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		if len(out) < maxListed {
			out = append(out, cut(value))
		}
	}
	return out
}

func cut(text string) string {
	if len(text) <= maxLine {
		return text
	}
	return strings.ToValidUTF8(text[:maxLine], "") + "…"
}

func sameEntryPoints(mine, other []byte) bool {
	a, err := dist.ParseEntryPoints(mine)
	b, err2 := dist.ParseEntryPoints(other)
	texts := func(points []dist.EntryPoint) (out []string) {
		for _, p := range points {
			out = append(out, fmt.Sprintf("%q", []any{p.Group, p.Name, p.Module, p.Attr, p.Extras}))
		}
		slices.Sort(out)
		return out
	}
	return err == nil && err2 == nil && slices.Equal(texts(a), texts(b))
}

// isText tells what can be shown by lines.
func isText(data []byte) bool { return !bytes.Contains(data[:min(len(data), 8000)], []byte{0}) }

// firstLines finds where two texts part.
func firstLines(mine, other string) *Lines {
	a, b := strings.Split(mine, "\n"), strings.Split(other, "\n")
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	show := func(lines []string) []string {
		out := []string{}
		for _, line := range lines[at:min(at+maxLines, len(lines))] {
			out = append(out, cut(line))
		}
		return out
	}
	return &Lines{First: at + 1, Ours: show(a), Theirs: show(b), Count: [2]int{len(a), len(b)}}
}
