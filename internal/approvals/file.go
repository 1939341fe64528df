package approvals

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"snug/internal/fault"
	"snug/internal/license"
	"snug/internal/pep508"
	"snug/internal/toml"
)

const header = `# What people decided about what this project ships: snug approve and snug waive
# write it, snug build and snug check obey it. Commit it with the lock.
`

// Read reads the file at path; where there is none it is empty. Errors are fault.Input
// with file and line.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{Header: header}, nil
	}
	if err != nil {
		return nil, fault.New(fault.Input, "name a text file that this user may read", "read %s: %w", FileName, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fault.New(fault.Input, "name a text file that this user may read", "read %s: %w", FileName, err)
	}
	return Parse(filepath.Base(path), data)
}

// Parse reads the text of such a file; name is how messages call it.
func Parse(name string, data []byte) (*File, error) {
	if len(data) > MaxFile {
		return nil, fault.New(fault.Input, "take out what is not in the lock any more", "%s: larger than %d MB", name, MaxFile>>20)
	}
	doc, err := toml.Parse(name, data)
	if err != nil {
		return nil, err
	}
	f := &File{Header: topComment(string(data))}
	top := doc.Top()
	if err := top.Only("approval", "waiver"); err != nil {
		return nil, err
	}
	lines := headers(data)
	approvals, err := top.Tables("approval")
	if err != nil {
		return nil, err
	}
	waivers, err := top.Tables("waiver")
	if err != nil {
		return nil, err
	}
	if len(approvals)+len(waivers) > maxEntries {
		return nil, fault.New(fault.Input, "take out what is not in the lock any more", "%s: more than %d entries", name, maxEntries)
	}
	for i, t := range approvals {
		a, err := entry{t, lines.at("approval", i)}.approval()
		if err != nil {
			return nil, err
		}
		f.Approvals = append(f.Approvals, a)
	}
	for i, t := range waivers {
		w, err := entry{t, lines.at("waiver", i)}.waiver()
		if err != nil {
			return nil, err
		}
		f.Waivers = append(f.Waivers, w)
	}
	f.sort()
	return f, nil
}

// topComment is the comment that a file begins with, to its last line end.
func topComment(text string) string {
	end := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") || !strings.HasSuffix(line, "\n") {
			break
		}
		end += len(line)
	}
	return text[:end]
}

// places are the lines of the tables of an array, by its name. The layout of package
// toml knows the first of them only.
type places map[string][]int

var tableHeader = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*\[\[\s*"?(approval|waiver)"?\s*\]\]`) })

func headers(data []byte) places {
	out := places{}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if m := tableHeader().FindSubmatch(line); m != nil {
			out[string(m[1])] = append(out[string(m[1])], n)
		}
	}
	return out
}

func (p places) at(name string, i int) int {
	if i < len(p[name]) {
		return p[name][i]
	}
	return 0
}

// entry is one [[approval]] or [[waiver]].
type entry struct {
	toml.Table
	line int
}

// bad is a fault.Input about the entry.
func (e entry) bad(hint, format string, args ...any) error {
	place := e.Doc.File
	if e.line > 0 {
		place = fmt.Sprintf("%s:%d", place, e.line)
	}
	return fault.New(fault.Input, hint, "%s: [[%s]] %s", place, e.Path[0], fmt.Sprintf(format, args...))
}

func (e entry) approval() (a Approval, err error) {
	texts := map[string]*string{"package": &a.Package, "version": &a.Version, "license": &a.License, "declared": &a.Declared, "by": &a.By, "reason": &a.Reason}
	days := map[string]*string{"date": &a.Date, "until": &a.Until}
	lists := map[string]*[]string{"artifacts": &a.Artifacts, "texts": &a.Texts}
	if err := e.read(texts, days, lists); err != nil {
		return a, err
	}
	if err := e.need(map[string]string{"package": a.Package, "version": a.Version, "by": a.By, "reason": a.Reason, "date": a.Date}); err != nil {
		return a, err
	}
	if len(a.Artifacts) == 0 {
		return a, e.bad("snug approve "+a.Package+" writes them", "%s: artifacts are missing: nothing says which files were approved", a.Package)
	}
	for _, text := range []string{a.License, a.Declared} {
		if _, err := license.ParseExpression(text); text != "" && err != nil {
			return a, e.bad("identifiers are those of https://spdx.org/licenses, or begin with LicenseRef-", "%s: %v", a.Package, err)
		}
	}
	a.Package = pep508.NormalizeName(a.Package)
	slices.Sort(a.Artifacts)
	slices.Sort(a.Texts)
	return a, nil
}

func (e entry) waiver() (w Waiver, err error) {
	w.Line = e.line
	texts := map[string]*string{"id": &w.ID, "package": &w.Package, "version": &w.Version, "by": &w.By, "reason": &w.Reason}
	days := map[string]*string{"date": &w.Date, "until": &w.Until}
	if err := e.read(texts, days, nil); err != nil {
		return w, err
	}
	if err := e.need(map[string]string{"id": w.ID, "by": w.By, "reason": w.Reason, "date": w.Date, "until": w.Until}); err != nil {
		return w, err
	}
	w.Package = pep508.NormalizeName(w.Package)
	if err := w.Check(); err != nil {
		return w, e.bad(fault.HintOf(err), "%v", err)
	}
	return w, nil
}

// Check refuses a waiver that holds too long or backwards: a fault.Input without a place.
func (w *Waiver) Check() error {
	from, err := time.Parse(time.DateOnly, w.Date)
	if err != nil {
		return fault.New(fault.Input, "YYYY-MM-DD", "date: %q is no day", w.Date)
	}
	to, err := time.Parse(time.DateOnly, w.Until)
	switch {
	case err != nil:
		return fault.New(fault.Input, "YYYY-MM-DD", "until: %q is no day", w.Until)
	case to.Sub(from) > LongestWaiver:
		return fault.New(fault.Input, "a year is the longest: until "+Day(from.Add(LongestWaiver))+"; then it is looked at again", "the waiver of %s holds more than a year, until %s", w.ID, w.Until)
	case to.Before(from):
		return fault.New(fault.Input, "name a later day", "the waiver of %s ends on %s, before it begins on %s", w.ID, w.Until, w.Date)
	}
	return nil
}

// read fills texts, days and lists of digests from the entry's keys, and refuses others.
func (e entry) read(texts, days map[string]*string, lists map[string]*[]string) error {
	known := slices.Concat(slices.Collect(maps.Keys(texts)), slices.Collect(maps.Keys(days)), slices.Collect(maps.Keys(lists)))
	slices.Sort(known)
	for _, key := range slices.Sorted(maps.Keys(e.Values)) {
		if !slices.Contains(known, key) {
			return e.bad(fault.DidYouMean(key, known, "known keys: "+strings.Join(known, ", ")), "unknown key %q", key)
		}
	}
	for _, key := range known {
		var err error
		switch {
		case texts[key] != nil:
			*texts[key], err = e.text(key)
		case days[key] != nil:
			*days[key], err = e.day(key)
		default:
			*lists[key], err = e.digests(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e entry) text(key string) (string, error) {
	v, ok := e.Values[key]
	if !ok {
		return "", nil
	}
	text, ok := v.(string)
	switch {
	case !ok:
		return "", e.bad(key+` = "…"`, "%s must be a string, not %s", key, toml.KindOf(v))
	case len(text) > maxText:
		return "", e.bad("point to a longer text by its address", "%s is longer than %d bytes", key, maxText)
	}
	return text, nil
}

// day reads a date, or one written as a string.
func (e entry) day(key string) (string, error) {
	v, ok := e.Values[key]
	if !ok {
		return "", nil
	}
	text := fmt.Sprint(v)
	if s, ok := v.(string); ok {
		text = s
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", e.bad(key+" = 2026-12-31", "%s: %q is no day", key, text)
	}
	return text, nil
}

var hex64 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

func (e entry) digests(key string) ([]string, error) {
	list, err := e.Texts(key)
	if err != nil {
		return nil, e.bad(fault.HintOf(err), "%s must be an array of strings", key)
	}
	for _, sum := range list {
		if !hex64().MatchString(sum) {
			return nil, e.bad("64 digits of 0-9 and a-f", "%s: %q is no SHA-256", key, sum)
		}
	}
	return list, nil
}

// need refuses an entry that lacks one of the values.
func (e entry) need(values map[string]string) error {
	var missing []string
	for key, value := range values {
		if value == "" {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	verb := "is"
	if len(missing) > 1 {
		verb = "are"
	}
	return e.bad("a decision says who took it, when and why, a waiver also until when", "%s %s missing", strings.Join(missing, " and "), verb)
}

// Marshal is the file's text: sorted, one value a line, so that a change of one package
// is a change of its lines alone.
func (f *File) Marshal() []byte {
	f.sort()
	var b strings.Builder
	b.WriteString(f.Header)
	for _, a := range f.Approvals {
		b.WriteString("\n[[approval]]\n")
		pair(&b, "package", a.Package)
		pair(&b, "version", a.Version)
		pair(&b, "license", a.License)
		pair(&b, "declared", a.Declared)
		pair(&b, "by", a.By)
		pair(&b, "reason", a.Reason)
		day(&b, "date", a.Date)
		day(&b, "until", a.Until)
		list(&b, "artifacts", a.Artifacts)
		list(&b, "texts", a.Texts)
	}
	for _, w := range f.Waivers {
		b.WriteString("\n[[waiver]]\n")
		pair(&b, "id", w.ID)
		pair(&b, "package", w.Package)
		pair(&b, "version", w.Version)
		pair(&b, "by", w.By)
		pair(&b, "reason", w.Reason)
		day(&b, "date", w.Date)
		day(&b, "until", w.Until)
	}
	return []byte(strings.TrimPrefix(b.String(), "\n"))
}

func pair(b *strings.Builder, key, value string) {
	if value != "" {
		b.WriteString(key + " = " + toml.Quote(value) + "\n")
	}
}

func day(b *strings.Builder, key, value string) {
	if value != "" {
		b.WriteString(key + " = " + value + "\n")
	}
}

func list(b *strings.Builder, key string, values []string) {
	if len(values) == 0 {
		return
	}
	b.WriteString(key + " = [\n")
	for _, v := range values {
		b.WriteString("    " + toml.Quote(v) + ",\n")
	}
	b.WriteString("]\n")
}

// Write puts the file at path by renaming a complete one over it. Equal bytes are left
// untouched.
func Write(path string, f *File) (changed bool, err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	data := f.Marshal()
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return false, nil
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".snug-approvals-*")
	if err != nil {
		return false, fmt.Errorf("write %s: %w", FileName, err)
	}
	defer os.Remove(temp.Name()) // gone already where it was renamed
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return false, fmt.Errorf("write %s: %w", FileName, err)
	}
	return true, nil
}
