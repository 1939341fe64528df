package repro

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"

	"snug/internal/digest"
	"snug/internal/dist"
)

// The canonical form. A wheel's bytes follow from its content alone:
//
//   - files sorted by name, dist-info behind the others, RECORD the very last, its lines sorted;
//     no entries for folders;
//   - each dated 1980-01-01 00:00:00, the first moment a zip can name: the source's own time would
//     make two archives of one content;
//   - mode 0755 for what can be run (ELF, a first line of #!, .data/scripts), else 0644, whatever the
//     file system of the build said;
//   - names marked as UTF-8, no extra fields, no comments, no data descriptors;
//   - deflated at level 6, or stored where that is not longer.
//
// Archive and compressor are those of one module that go.sum pins, not of the Go that happens to
// compile this: the bytes change only with that module's version. Report.Contents does not even then.
const (
	compressionLevel = 6
	flagUTF8         = 1 << 11
	madeOnUnix       = 3
	zipVersion       = 20       // 2.0: deflate
	firstDay         = 1<<5 | 1 // 1 January 1980: years since 1980, month, day
)

// pack writes the canonical wheel and completes the report.
func (w *work) pack(ctx context.Context, outDir string) (string, error) {
	if err := w.rewrite(); err != nil {
		return "", err
	}
	temp := filepath.Join(w.temp, "wheel")
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	if err := errors.Join(w.write(ctx, f), w.sum(f), f.Sync(), f.Close()); err != nil {
		return "", err
	}
	final := filepath.Join(outDir, w.report.Name)
	return final, os.Rename(temp, final)
}

// rewrite gives WHEEL the true tags, sorts the entries and makes RECORD anew.
func (w *work) rewrite() error {
	for _, e := range w.entries {
		if e.name != w.distInfo+"/WHEEL" {
			continue
		}
		raw, err := os.ReadFile(e.path)
		if err != nil {
			return err
		}
		if err := e.replace([]byte(retagged(string(raw), w.name.Tags))); err != nil {
			return err
		}
	}
	rank := func(e *entry) int {
		if strings.HasPrefix(e.name, w.distInfo+"/") {
			return 1
		}
		return 0
	}
	slices.SortFunc(w.entries, func(a, b *entry) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.name, b.name)) })
	own := w.distInfo + "/RECORD"
	lines := []dist.RecordEntry{{Path: own, Size: -1}}
	for _, e := range w.entries {
		lines = append(lines, dist.RecordEntry{Path: e.name, Sum: e.sum, Size: e.size})
	}
	record := &entry{name: own, path: filepath.Join(w.temp, "RECORD")}
	w.entries = append(w.entries, record)
	return record.replace(dist.FormatRecord(lines))
}

func (e *entry) replace(data []byte) error {
	e.sum, e.size = digest.Of(data), int64(len(data))
	return os.WriteFile(e.path, data, 0o644)
}

func (e *entry) mode() fs.FileMode {
	if e.run {
		return 0o755
	}
	return 0o644
}

// write packs every entry, one after the other through one file beside: the size of what is packed
// stands before it, and it may be larger than memory.
func (w *work) write(ctx context.Context, out io.Writer) error {
	spool, err := os.OpenFile(filepath.Join(w.temp, "packed"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer spool.Close()
	deflate, err := flate.NewWriter(nil, compressionLevel)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(out, 1<<16)
	z := zip.NewWriter(buffered)
	for _, e := range w.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.write(z, spool, deflate); err != nil {
			return err
		}
	}
	return errors.Join(z.Close(), buffered.Flush())
}

func (e *entry) write(z *zip.Writer, spool *os.File, deflate *flate.Writer) error {
	in, size, err := openRegular(e.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer in.Close()
	head := &zip.FileHeader{
		Name: e.name, Flags: flagUTF8, Method: zip.Store, CreatorVersion: madeOnUnix<<8 | zipVersion, ReaderVersion: zipVersion,
		ExternalAttrs: (0o100000 | uint32(e.mode())) << 16, UncompressedSize64: uint64(size), CompressedSize64: uint64(size),
		//lint:ignore SA1019 CreateRaw writes the date as it is given here, and not Modified
		ModifiedDate: firstDay,
	}
	var body io.Reader = in
	packed, err := e.deflate(in, spool, deflate, head)
	if err != nil {
		return err
	}
	if packed < size {
		head.Method, head.CompressedSize64 = zip.Deflate, uint64(packed)
		body = io.NewSectionReader(spool, 0, packed)
	} else if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	to, err := z.CreateRaw(head)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, body)
	return err
}

// deflate packs the content into spool, and holds it to its sum on the way.
func (e *entry) deflate(in io.Reader, spool *os.File, deflate *flate.Writer, head *zip.FileHeader) (packed int64, err error) {
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	buffered := bufio.NewWriterSize(spool, 1<<16)
	deflate.Reset(buffered)
	crc := crc32.NewIEEE()
	sum, size, err := digest.OfReader(io.TeeReader(in, io.MultiWriter(crc, deflate)))
	if err := errors.Join(err, deflate.Close(), buffered.Flush()); err != nil {
		return 0, err
	}
	if sum != e.sum || size != e.size {
		return 0, errors.New(e.name + " changed while it was packed")
	}
	head.CRC32 = crc.Sum32()
	return spool.Seek(0, io.SeekCurrent)
}

// sum completes the report: what the wheel is called, as a file and by its content.
func (w *work) sum(f io.ReadSeeker) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var err error
	if w.report.SHA256, w.report.Size, err = digest.OfReader(f); err != nil {
		return err
	}
	var tree []digest.Entry
	for _, e := range w.entries {
		tree = append(tree, digest.Entry{Mode: e.mode(), Sum: e.sum, Path: e.name})
	}
	w.report.Contents = digest.Tree(tree)
	return nil
}
