package sdist

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"snug/internal/fault"
)

// texts are the files at the top that Read reads.
var texts = []string{"pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"}

// Peek is Read of a source distribution that is not unpacked, of the folder within
// in it, "" for its top; it refuses what Unpack does. ok is false where one of the
// files that are read is a link, or the folder lies behind one: then only the
// unpacked tree tells.
func Peek(r io.ReaderAt, size int64, filename, within string) (src *Source, ok bool, err error) {
	if _, ok := CutSuffix(filename); !ok {
		return nil, false, unknownSuffix(filename)
	}
	p := &peek{within: path.Clean(within), held: map[string][]byte{}, changed: map[string]time.Time{}}
	p.read = p.text
	if err := unpackInto(p, r, size, filename); err != nil || p.linked {
		return nil, false, err
	}
	src, err = p.source()
	return src, err == nil, err
}

// peek takes an archive and keeps only what tells something.
type peek struct {
	tree
	within  string // "." is the top
	held    map[string][]byte
	changed map[string]time.Time // of every file
	linked  bool
}

func (p *peek) text(name string) ([]byte, error) { return p.held[name], nil }

// below is a name relative to the folder that is read.
func (p *peek) below(name string) (string, bool) {
	if p.within == "." {
		return name, true
	}
	return strings.CutPrefix(name, p.within+"/")
}

func (p *peek) folder(name string) error {
	if rel, ok := p.below(name); ok && slices.Contains(texts, rel) {
		return fault.New(fault.Input, hintTree, "%s is no regular file", rel)
	}
	return nil
}

func (p *peek) file(name string, _ fs.FileMode, changed time.Time, body io.Reader) error {
	p.changed[name] = changed
	rel, ok := p.below(name)
	if !ok {
		return nil
	}
	if slices.Contains(texts, rel) {
		data, err := readText(body, rel)
		if err != nil {
			return err
		}
		p.held[rel] = data
	}
	return p.noted(rel, changed)
}

// noted is note but for what lies in folders that are no part of what is built.
func (p *peek) noted(rel string, changed time.Time) error {
	folders := strings.Split(path.Dir(rel), "/")
	if slices.ContainsFunc(folders, func(folder string) bool { return slices.Contains(aside, folder) }) {
		return nil
	}
	return p.note(rel, changed)
}

func (p *peek) link(name, _ string) error {
	rel, ok := p.below(name)
	p.linked = p.linked || ok && slices.Contains(texts, rel) || p.within == name || strings.HasPrefix(p.within, name+"/")
	return nil
}

func (p *peek) copy(from, name string) error {
	rel, ok := p.below(name)
	if !ok {
		return nil
	}
	p.linked = p.linked || slices.Contains(texts, rel)
	return p.noted(rel, p.changed[from])
}
