package cpython

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ulikunitz/xz"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/fetch"
)

// What a tarball may hold: CPython's has 5,000 files of 118 MB.
const (
	maxTarball = 256 << 20
	maxWindow  = 64 << 20 // of xz; CPython's asks for 8 MB
)

var sourceLimits = archive.Limits{Files: 50_000, Entry: 64 << 20, Total: 1 << 30, Ratio: 200}

// xzMagic begins a file of xz (The .xz File Format 1.2.1, 2.1.1.1).
var xzMagic = []byte("\xfd7zXZ\x00")

// isAddress tells an address from a path.
func isAddress(where string) bool {
	return strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://")
}

// download opens the file at an address or path.
func (s *Source) download(ctx context.Context, where string) (io.ReadCloser, int64, error) {
	if isAddress(where) {
		return s.opt.Client.Download(ctx, where, maxTarball)
	}
	if u, err := url.Parse(where); err == nil && u.Scheme == "file" {
		where = filepath.FromSlash(u.Path)
	}
	f, err := os.Open(where)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && (!st.Mode().IsRegular() || st.Size() > maxTarball) {
		err = fmt.Errorf("%s: no file of at most %d bytes", where, int64(maxTarball))
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, st.Size(), nil
}

// places are where the tarball may lie: as CPython's project lays its files out, and
// for a folder or an address that holds the files themselves also without that.
func (s *Source) places(t Tarball) []string {
	base := strings.TrimRight(s.opt.Mirror, "/")
	if base == "" {
		return []string{Home + "/" + t.path()}
	}
	return []string{base + "/" + t.path(), base + "/" + t.Name()}
}

// fetch returns the tarball's file in the store, which has the digest t.SHA256.
func (s *Source) fetch(ctx context.Context, t Tarball, places []string, progress func(done, total int64)) (string, error) {
	sum, err := digest.Parse(t.SHA256)
	if err != nil {
		return "", fault.New(fault.Input, "sha256sum FILE prints it", "Python %s: %w", t.Version, err)
	}
	if file, ok := s.opt.Store.Blob(sum); ok {
		return file, nil
	}
	var failed error
	for _, where := range places {
		body, size, err := s.download(ctx, where)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		defer body.Close() // only read from
		file, err := s.opt.Store.PutBlob(ctx, sum, size, fetch.Counted(body, size, progress))
		if fault.CodeOf(err) == fault.Integrity {
			return "", fault.New(fault.Integrity, "the file is damaged, or not CPython's own; take it from "+Home+" or another mirror", "%s: %w", where, err)
		}
		return file, err
	}
	return "", fault.New(fault.Network, "python-sources in [tool.snug], or --python-sources, names a mirror or a folder that has "+t.Name()+"; snug python build --tarball FILE --sha256 HEX takes one file",
		"fetch the sources of Python %s: %w", t.Version, failed)
}

// Sum reads the tarball of a version from the first place that has it, and returns it
// with its digest and size. fault.Network if none has it.
func (s *Source) Sum(ctx context.Context, version string) (Tarball, error) {
	t := Tarball{Version: version}
	if !IsRelease(version) {
		return t, fault.New(fault.Usage, "write it as 3.13.5", "%q is no release of Python", version)
	}
	var failed error
	for _, where := range s.places(t) {
		body, _, err := s.download(ctx, where)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		sum, size, err := digest.OfReader(io.LimitReader(body, maxTarball))
		t.SHA256, t.Size = sum.String(), size
		return t, errors.Join(err, body.Close())
	}
	return t, fault.New(fault.Network, "", "the sources of Python %s: %w", version, failed)
}

// unpack writes the sources below dir without the folder that they stand in, and
// returns the time of their newest file, which a build takes for the clock. Every
// file gets that time: to make(1) none is newer than another.
func unpack(file, dir string) (epoch time.Time, err error) {
	f, err := os.Open(file)
	if err != nil {
		return epoch, err
	}
	defer f.Close() // only read from
	plain, err := decompressed(f)
	if err != nil {
		return epoch, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return epoch, err
	}
	defer root.Close()
	epoch, err = unpackInto(root, plain)
	if err != nil {
		return epoch, err
	}
	return epoch, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return os.Chtimes(name, epoch, epoch)
	})
}

// oldest is the first moment that zip files know.
var oldest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func unpackInto(root *os.Root, plain io.Reader) (epoch time.Time, err error) {
	epoch = oldest
	top := ""
	err = archive.Tar(plain, sourceLimits, func(h archive.TarEntry, body io.Reader) error {
		first, name, _ := strings.Cut(h.Name, "/")
		if top == "" {
			top = first
		}
		switch {
		case first != top:
			return fault.New(fault.Integrity, "take CPython's own file", "a second folder %q beside %q at the top", first, top)
		case name == "" || h.Dir:
			return nil
		}
		if h.Time.After(epoch) {
			epoch = h.Time.UTC().Truncate(time.Second)
		}
		return writeSource(root, name, h, body)
	})
	return epoch, err
}

func writeSource(root *os.Root, name string, h archive.TarEntry, body io.Reader) error {
	if h.Hard != "" {
		return fault.New(fault.Integrity, "take CPython's own file", "hard link %s, which no release has", h.Name)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if h.Link != "" {
		return root.Symlink(h.Link, name)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, h.Mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body) // archive.Tar holds it to sourceLimits
	return errors.Join(err, f.Chmod(h.Mode), f.Close())
}

// decompressed reads what xz packed, and hands on everything else, which
// archive.Tar knows. Only a file of known digest comes here: a later block of xz
// may ask for a larger window than its first one, which is all that is checked.
func decompressed(f io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(f, 1<<20)
	head, err := in.Peek(64)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.HasPrefix(head, xzMagic) {
		return in, nil
	}
	if window := xzWindow(head); window > maxWindow {
		return nil, fault.New(fault.Integrity, "take CPython's own file", "unpacking it takes %d bytes of memory", window)
	}
	return xz.NewReader(in)
}

// xzWindow is the size of the window that the first block names (5.3.1), 0 if it
// names none there.
func xzWindow(head []byte) int64 {
	const block = 12 // the length of the stream's header
	if len(head) < block+5 || head[block] == 0 {
		return 0
	}
	at, flags := block+2, head[block+1]
	for _, flag := range []byte{0x40, 0x80} { // sizes, seven bits a byte
		for flags&flag != 0 && at < len(head) {
			at++
			if head[at-1] < 0x80 {
				break
			}
		}
	}
	if at+2 >= len(head) || head[at] != 0x21 || head[at+1] != 1 {
		return 0
	}
	bits := int64(head[at+2])
	if bits >= 40 {
		return 1<<32 - 1
	}
	return (2 | bits&1) << (bits/2 + 11)
}

var patchLevel = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^#define PY_VERSION\s+"([^"]{1,20})"`) })

// versionOf is the version that unpacked sources say they are.
func versionOf(dir string) (string, error) {
	text, err := readSource(dir, "Include/patchlevel.h")
	if err != nil {
		return "", fault.New(fault.Input, "take a file as CPython's project publishes it: Python-3.13.5.tar.xz", "these are not the sources of CPython: %w", err)
	}
	match := patchLevel().FindSubmatch(text)
	if match == nil || !IsRelease(string(match[1])) {
		return "", fault.New(fault.Input, "take a release as CPython's project publishes it", "Include/patchlevel.h names no release")
	}
	return string(match[1]), nil
}

// readSource reads a small file below dir.
func readSource(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	return io.ReadAll(io.LimitReader(f, 8<<20))
}
