package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the memory that a zstd frame may ask for.
const maxWindow = 128 << 20

// TarEntry is a file, a directory or a link. Mode is 0644 or 0755.
type TarEntry struct {
	Name string // a clean relative path, without a trailing slash
	Mode fs.FileMode
	Size int64
	Dir  bool
	Link string    // of a symbolic link: its target, relative to the link's directory, that stays inside
	Hard string    // of a hard link: the Name of an earlier file
	Time time.Time // of the last change, as the archive says; it may say anything
}

// Tar reads a tar file, plain or packed by gzip, bzip2 or zstd as its first bytes say, and calls fn for
// every entry in order; a body that fn leaves unread is skipped. An unsafe entry is an *UnsafeError
// and ends the walk before fn sees it; entries before it were seen, so unpack into a directory that
// can be dropped. Unlike in a zip, names that differ in case only are passed: terminal databases
// have such. An error of fn ends the walk and is returned as it is.
func Tar(r io.Reader, lim Limits, fn func(hdr TarEntry, body io.Reader) error) error {
	packed := &counter{r: r}
	plain, done, err := unpack(packed)
	if err != nil {
		return err
	}
	defer done()
	w := &tarWalk{spent: budget{lim: lim}, seen: newNames(nil), files: map[string]bool{}, links: map[string]bool{}}
	bounded := &guard{r: plain, packed: packed, lim: lim, left: tarBound(lim)}
	tr := tar.NewReader(bounded)
	for {
		h, err := tr.Next()
		switch {
		case err == io.EOF:
			return finish(bounded, packed)
		case err != nil:
			return readError("", packed, err)
		case h.Typeflag == tar.TypeXGlobalHeader:
			continue
		}
		e, err := w.admit(h)
		if err != nil {
			return err
		}
		if e.Name == "." {
			continue
		}
		if err := fn(e, &tarBody{name: e.Name, r: tr, packed: packed}); err != nil {
			return err
		}
	}
}

// finish reads what follows the end of the tar, so that the checksum of its packing is verified.
func finish(rest io.Reader, packed *counter) error {
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return readError("", packed, err)
	}
	return nil
}

// tarBound is how long the unpacked stream may be: the content, headers, padding, and names. Sparse
// files unpack to more than they hold, which budget counts.
func tarBound(lim Limits) int64 { return lim.Total + int64(lim.Files+1)*(4<<10) + 1<<20 }

// unpack looks at the first bytes. done releases the decompressor.
func unpack(r *counter) (plain io.Reader, done func(), err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	magic, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, readError("", r, err)
		}
		return z, func() {}, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, readError("", r, err)
		}
		return z, z.Close, nil
	case bytes.HasPrefix(magic, []byte("BZh")):
		return bzip2.NewReader(in), func() {}, nil
	}
	return in, func() {}, nil
}

type tarWalk struct {
	spent budget
	seen  *names
	files map[string]bool // regular files so far
	links map[string]bool // symbolic links so far
}

// admit checks a header against what came before it.
func (w *tarWalk) admit(h *tar.Header) (TarEntry, error) {
	e := TarEntry{Name: cleanTar(h.Name), Size: h.Size, Mode: permission(h.Mode&0o111 != 0), Time: h.ModTime}
	if e.Name == "." && h.Typeflag == tar.TypeDir {
		return e, nil
	}
	if reason := checkName(e.Name); reason != "" {
		return e, unsafe(h.Name, "%s", reason)
	}
	if err := w.spent.add(e.Name, h.Size); err != nil {
		return e, err
	}
	for parent := path.Dir(e.Name); parent != "."; parent = path.Dir(parent) {
		if w.links[parent] {
			return e, unsafe(h.Name, "it lies behind the symbolic link %q", parent)
		}
	}
	reason := w.kind(&e, h)
	if reason == "" {
		reason = w.seen.add(e.Name, e.Dir)
	}
	if reason != "" {
		return e, unsafe(h.Name, "%s", reason)
	}
	return e, nil
}

// kind sets what sort of entry it is, or says why it is refused.
func (w *tarWalk) kind(e *TarEntry, h *tar.Header) string {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		w.files[e.Name] = true
	case tar.TypeDir:
		e.Dir, e.Mode, e.Size = true, 0o755, 0
	case tar.TypeSymlink:
		w.links[e.Name], e.Link, e.Size = true, h.Linkname, 0
		return CheckLink(e.Name, h.Linkname)
	case tar.TypeLink:
		e.Hard, e.Size = cleanTar(h.Linkname), 0
		if !w.files[e.Hard] {
			return "a hard link to " + quote(h.Linkname) + ", which is no earlier file"
		}
		w.files[e.Name] = true
	default:
		return "neither a file, a directory nor a link"
	}
	return ""
}

// cleanTar drops what tar itself writes: a leading "./" and a directory's slash.
func cleanTar(name string) string {
	name = strings.TrimPrefix(name, "./")
	if trimmed := strings.TrimSuffix(name, "/"); trimmed != "" {
		return trimmed
	}
	if name == "" {
		return "."
	}
	return name
}

// CheckLink says why a symbolic link of that name leaves the archive, or the tree, that it is in; ""
// if it stays inside. Links that go through other links are safe too: each of them stays inside, and
// ".." is only allowed in front, where it climbs real directories.
func CheckLink(name, target string) string {
	rest, dir := strings.TrimPrefix(target, "./"), path.Dir(name)
	for strings.HasPrefix(rest, "../") {
		if dir == "." {
			return "a symbolic link that leaves the archive"
		}
		rest, dir = rest[len("../"):], path.Dir(dir)
	}
	if rest == ".." && dir != "." {
		return ""
	}
	if reason := checkName(strings.TrimSuffix(rest, "/")); reason != "" {
		return "a symbolic link to " + quote(target) + ": " + reason
	}
	return ""
}

// tarBody names the entry when its data cannot be read.
type tarBody struct {
	name   string
	r      io.Reader
	packed *counter
}

func (b *tarBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = readError(b.name, b.packed, err)
	}
	return n, err
}

// readError tells a file that could not be read from one that was, and is damaged.
func readError(entry string, packed *counter, err error) error {
	var refused *UnsafeError
	switch {
	case errors.As(err, &refused):
		return err
	case packed.err != nil:
		return fmt.Errorf("read archive: %w", packed.err)
	}
	return unsafe(entry, "it is damaged: %v", err)
}

// counter counts the packed bytes, and keeps what went wrong below the archive.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// guard ends a stream that unpacks to more than the limits allow.
type guard struct {
	r      io.Reader
	packed *counter
	lim    Limits
	n      int64
	left   int64
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	if g.n > g.left {
		return 0, unsafe("", "it unpacks to more than %d bytes", g.lim.Total)
	}
	if g.lim.bomb(g.n, g.packed.n) {
		return 0, unsafe("", "%d bytes unpack to %d, more than %g times as much", g.packed.n, g.n, g.lim.Ratio)
	}
	return n, err
}
