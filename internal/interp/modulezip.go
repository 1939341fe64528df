package interp

import (
	"archive/zip"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"snug/internal/digest"
	"snug/internal/fetch"
)

// ModulePath is the Go module that carries interpreters.
const ModulePath = "github.com/kluctl/go-embed-python"

const (
	directoryGuess = 1 << 20  // end of the zip, read first: its directory is about half of it
	chunk          = 4 << 20  // one range request
	small          = 64 << 10 // the least that is asked for
	inFlight       = 6
	maxFilesJSON   = 16 << 20
	maxModuleZip   = 1 << 30
)

// remoteZip reads a zip by range: the end first, then what want names, in
// large pieces side by side. Its spans are in memory.
type remoteZip struct {
	ctx    context.Context // of one Fetch, whose lifetime is the reader's
	client *fetch.Client
	url    string
	size   int64

	mu    sync.Mutex
	spans []span
}

type span struct {
	off  int64
	data []byte
}

func openRemoteZip(ctx context.Context, client *fetch.Client, url string) (*remoteZip, error) {
	data, total, err := client.Range(ctx, url, -1, directoryGuess)
	if err != nil {
		return nil, err
	}
	if total < int64(len(data)) || total > maxModuleZip {
		return nil, fmt.Errorf("%s: %d bytes long", fetch.Redact(url), total)
	}
	return &remoteZip{ctx: ctx, client: client, url: url, size: total, spans: []span{{total - int64(len(data)), data}}}, nil
}

// ReadAt serves what is in memory and asks for what is not.
func (r *remoteZip) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= r.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), r.size-off)
	for done := int64(0); done < want; {
		n := r.copyFrom(p[done:want], off+done)
		if n == 0 {
			if err := r.load(off+done, min(max(want-done, small), chunk, r.size-off-done)); err != nil {
				return int(done), err
			}
		}
		done += int64(n)
	}
	if want < int64(len(p)) {
		return int(want), io.EOF
	}
	return int(want), nil
}

func (r *remoteZip) copyFrom(p []byte, off int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if off >= s.off && off < s.off+int64(len(s.data)) {
			return copy(p, s.data[off-s.off:])
		}
	}
	return 0
}

func (r *remoteZip) load(off, n int64) error {
	data, total, err := r.client.Range(r.ctx, r.url, off, n)
	if err != nil {
		return err
	}
	if total != r.size || int64(len(data)) != n {
		return fmt.Errorf("%s: %d bytes at %d of %d: the server sent %d of %d", fetch.Redact(r.url), n, off, r.size, len(data), total)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans = append(r.spans, span{off, data})
	return nil
}

// want loads [from, to) in pieces.
func (r *remoteZip) want(from, to int64, progress func(done, total int64)) error {
	total := to - from
	var g errgroup.Group
	g.SetLimit(inFlight)
	var mu sync.Mutex
	var done int64
	for off := from; off < to; off += chunk {
		n := min(chunk, to-off)
		g.Go(func() error {
			if err := r.load(off, n); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done += n
			progress(done, total)
			return nil
		})
	}
	return g.Wait()
}

// platformFiles returns the zip entries of one platform by their name below
// its folder, and the one that follows them in the zip (nil at its end): a
// module zip is sorted, so a folder lies in one piece.
func platformFiles(z *zip.Reader, version, platform string) (files map[string]*zip.File, first, next *zip.File, err error) {
	prefix := ModulePath + "@" + version + "/python/internal/data/" + platform + "/"
	files = map[string]*zip.File{}
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, prefix)
		switch {
		case ok && first == nil:
			first, files[name] = f, f
		case ok:
			files[name], next = f, nil
		case first != nil && next == nil:
			next = f
		}
	}
	if first == nil {
		return nil, nil, nil, fmt.Errorf("nothing for %s in %s", platform, version)
	}
	return files, first, next, nil
}

// unpackModule lays one platform's interpreter out in dir and returns the
// digest of the tree.
func unpackModule(files map[string]*zip.File, minor, dir string) (digest.SHA256, error) {
	list, err := filesJSON(files["files.json"])
	if err != nil {
		return digest.SHA256{}, fmt.Errorf("files.json: %w", err)
	}
	l, err := newLayout(dir, minor)
	if err != nil {
		return digest.SHA256{}, err
	}
	for _, f := range list {
		if err := l.embedded(f, files); err != nil {
			l.root.Close()
			return digest.SHA256{}, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return l.finish()
}

// embeddedFile is one entry of the module's files.json; Perm is Go's FileMode.
type embeddedFile struct {
	Name       string      `json:"name"`
	Size       int64       `json:"size"`
	Perm       fs.FileMode `json:"perm"`
	Symlink    string      `json:"symlink"`
	Compressed bool        `json:"compressed"` // lies as name.gz
}

func filesJSON(f *zip.File) ([]embeddedFile, error) {
	if f == nil {
		return nil, fs.ErrNotExist
	}
	body, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var list struct {
		Files []embeddedFile `json:"files"`
	}
	err = json.NewDecoder(io.LimitReader(body, maxFilesJSON)).Decode(&list)
	return list.Files, err
}

func (l *layout) embedded(f embeddedFile, files map[string]*zip.File) error {
	switch {
	case f.Perm.IsDir():
		return nil
	case f.Symlink != "":
		return l.link(f.Name, f.Symlink)
	}
	if _, ok := l.place(f.Name); !ok {
		return nil
	}
	name := f.Name
	if f.Compressed {
		name += ".gz"
	}
	entry, ok := files[name]
	if !ok {
		return fs.ErrNotExist
	}
	body, err := entry.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	if !f.Compressed {
		return l.file(f.Name, f.Perm, body)
	}
	plain, err := gzip.NewReader(body)
	if err != nil {
		return err
	}
	return l.file(f.Name, f.Perm, plain)
}
