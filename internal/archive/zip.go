package archive

import (
	"bufio"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/klauspost/compress/flate"
)

// ZipFile is an entry. The Name of a directory ends in a slash, as in the file. Mode is 0644, or
// 0755 for what was made on Unix with an execute bit, and for directories.
type ZipFile struct {
	Name string
	Mode fs.FileMode
	Size int64
	Dir  bool
	Time time.Time // of the last change, as the archive says, taken as UTC
}

// Zip is an opened zip file. It is safe for concurrent use when its io.ReaderAt is.
type Zip struct {
	r       io.ReaderAt
	files   []ZipFile
	entries []entry // parallel to files
	index   map[string]int
	pool    sync.Pool // of *inflater
}

// OpenZip reads and checks the whole directory of a zip file; the local header of an entry is
// checked when the entry is opened, so that r may be a remote file of which little is read. A
// malformed or unsafe file is an *UnsafeError.
func OpenZip(r io.ReaderAt, size int64, lim Limits) (*Zip, error) {
	dir, err := findDirectory(r, size)
	if err != nil {
		return nil, err
	}
	entries, err := readDirectory(r, dir, lim)
	if err != nil {
		return nil, err
	}
	z := &Zip{r: r, entries: entries, index: make(map[string]int, len(entries))}
	for i, e := range entries {
		z.files = append(z.files, ZipFile{Name: e.name, Mode: e.mode(), Size: e.size, Dir: e.dir(), Time: e.time()})
		z.index[e.name] = i
	}
	if err := z.check(size, dir.offset, lim); err != nil {
		return nil, err
	}
	return z, nil
}

// Files lists the entries in the order of the directory. The caller must not change it.
func (z *Zip) Files() []ZipFile { return z.files }

// ReadFile reads a whole entry of at most max bytes. A name that is not there is fs.ErrNotExist.
func (z *Zip) ReadFile(name string, max int64) ([]byte, error) {
	i, ok := z.index[name]
	if !ok {
		return nil, fmt.Errorf("zip entry %q: %w", name, fs.ErrNotExist)
	}
	if size := z.files[i].Size; size > max {
		return nil, unsafe(name, "%d bytes, more than the %d allowed here", size, max)
	}
	r, err := z.Open(i)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r) // Open's reader ends at the announced size
}

// Open reads entry i of Files. The reader gives exactly the announced number of bytes and verifies
// the CRC before it says io.EOF; anything else is an *UnsafeError. Close it.
func (z *Zip) Open(i int) (io.ReadCloser, error) {
	e := &z.entries[i]
	start, err := z.checkLocal(e)
	if err != nil {
		return nil, err
	}
	body := io.NewSectionReader(z.r, start, e.packed)
	out := &entryReader{zip: z, entry: e, crc: crc32.NewIEEE(), left: e.size, r: body}
	if e.method == methodDeflate {
		out.inflate = z.inflater(body)
		out.r = out.inflate.flate
	}
	return out, nil
}

// inflater is a decompressor with its input buffer, kept between entries.
type inflater struct {
	in    *bufio.Reader
	flate io.ReadCloser
}

func (z *Zip) inflater(body io.Reader) *inflater {
	if f, ok := z.pool.Get().(*inflater); ok {
		f.in.Reset(body)
		if f.flate.(flate.Resetter).Reset(f.in, nil) == nil {
			return f
		}
	}
	in := bufio.NewReaderSize(body, 32<<10)
	return &inflater{in: in, flate: flate.NewReader(in)}
}

type entryReader struct {
	zip     *Zip
	entry   *entry
	r       io.Reader
	inflate *inflater // nil when stored, and after Close
	crc     hash.Hash32
	left    int64
	err     error
}

func (r *entryReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.left == 0 {
		r.err = r.finish()
		return 0, r.err
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.crc.Write(p[:n])
	r.left -= int64(n)
	if err != nil && (err != io.EOF || r.left > 0) {
		r.err = r.fail(err)
	}
	return n, r.err
}

// finish looks for one byte too many and compares the CRC.
func (r *entryReader) finish() error {
	var more [1]byte
	switch n, err := io.ReadFull(r.r, more[:]); {
	case n > 0:
		return unsafe(r.entry.name, "it unpacks to more than the %d bytes that were announced", r.entry.size)
	case err != io.EOF:
		return r.fail(err)
	case r.crc.Sum32() != r.entry.crc:
		return unsafe(r.entry.name, "CRC is %08x, want %08x", r.crc.Sum32(), r.entry.crc)
	}
	return io.EOF
}

// fail is the archive's fault where its data ends or cannot be unpacked, else err of the file below.
func (r *entryReader) fail(err error) error {
	var corrupt flate.CorruptInputError
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) {
		return unsafe(r.entry.name, "its data is damaged, %d bytes short of its size: %v", r.left, err)
	}
	return fmt.Errorf("read zip entry %q: %w", r.entry.name, err)
}

// Close gives the decompressor back.
func (r *entryReader) Close() error {
	if r.inflate != nil {
		r.zip.pool.Put(r.inflate)
		r.inflate = nil
	}
	r.err = fs.ErrClosed
	return nil
}
