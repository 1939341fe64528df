package advisory

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/osv"
)

// Limits of an import.
const (
	maxRecords = 2_000_000
	maxBytes   = 4 << 30 // of all records, unpacked
	maxDepth   = 12      // of folders
)

// recordHint is the remedy where what should be records is not.
const recordHint = "advisories are OSV records, one object each (ossf.github.io/osv-schema): a zip or a folder of ID.json or ID.yaml, one file, or one a line"

// source is one record before it is parsed.
type source struct {
	name string // for messages
	data []byte
	yaml bool
}

// readPath reads the records of a zip file, a folder (a git checkout, too), one
// record, or records one a line. A record that is malformed ends it with the
// record's name: data that was read in part would not be known to be so.
func readPath(ctx context.Context, path string, kind Kind) ([]record, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "give a zip of OSV records, a folder of them, or one record", "advisories: %w", err)
	}
	in := intake{kind: kind, name: path}
	switch {
	case st.IsDir():
		err = in.folder(path)
	case isZip(path):
		err = in.zip(ctx, path)
	default:
		err = in.file(path, st.Size())
	}
	if err != nil {
		return nil, err
	}
	return in.parse(ctx)
}

// isZip looks at the first bytes, not at the name.
func isZip(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	first := make([]byte, 4)
	_, err = io.ReadFull(f, first)
	return err == nil && (string(first) == "PK\x03\x04" || string(first) == "PK\x05\x06")
}

// intake collects what is to be parsed.
type intake struct {
	kind    Kind
	name    string
	sources []source
	bytes   int64
}

func (in *intake) add(s source) error {
	in.bytes += int64(len(s.data))
	if len(in.sources) >= maxRecords || in.bytes > maxBytes {
		return fault.New(fault.Input, recordHint, "%s: more than %d records, or %d bytes", in.name, maxRecords, int64(maxBytes))
	}
	in.sources = append(in.sources, s)
	return nil
}

// recordFile tells whether a file of that name is a record, and how it is written.
func recordFile(name string) (yaml, ok bool) {
	switch ext := filepath.Ext(name); ext {
	case ".json":
		return false, true
	case ".yaml", ".yml":
		return true, true
	}
	return false, false
}

// ratio is how much more than its packed size a zip of records may hold; they are
// text, which packs well.
const ratio = 200

func (in *intake) zip(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.New(fault.NotFound, recordHint, "advisories: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return in.zipAt(ctx, f, st.Size())
}

func (in *intake) zipAt(ctx context.Context, f io.ReaderAt, size int64) error {
	z, err := archive.OpenZip(f, size, archive.Limits{Files: maxRecords, Entry: osv.MaxRecord, Total: maxBytes, Ratio: ratio})
	if err != nil {
		return named(err, in.name)
	}
	for i, file := range z.Files() {
		yaml, ok := recordFile(file.Name)
		if !ok || file.Dir {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := entryOf(z, i, file.Size)
		if err != nil {
			return named(err, in.name)
		}
		if err := in.add(source{in.name + ": " + file.Name, data, yaml}); err != nil {
			return err
		}
	}
	return nil
}

func entryOf(z *archive.Zip, i int, size int64) ([]byte, error) {
	r, err := z.Open(i)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err = out.ReadFrom(r)
	return out.Bytes(), err
}

// named says of which archive an unsafe entry is.
func named(err error, name string) error {
	var u *archive.UnsafeError
	if errors.As(err, &u) {
		u.Archive = name
	}
	return err
}

func (in *intake) folder(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	fsys := root.FS()
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("advisories %s: %w", dir, err)
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."), d.IsDir() && strings.Count(name, "/") >= maxDepth:
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		yaml, ok := recordFile(name)
		if !ok {
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		if st.Size() > osv.MaxRecord {
			return fault.New(fault.Input, recordHint, "%s: %d bytes; a record has %d at most", filepath.Join(dir, name), st.Size(), osv.MaxRecord)
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return in.add(source{filepath.Join(dir, filepath.FromSlash(name)), data, yaml})
	})
}

// file reads one record, or records one a line.
func (in *intake) file(path string, size int64) error {
	if size > maxBytes {
		return fault.New(fault.Input, recordHint, "%s: %d bytes are too many", path, size)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if yaml, _ := recordFile(path); yaml || size <= osv.MaxRecord {
		data, err := io.ReadAll(io.LimitReader(f, osv.MaxRecord+1))
		if err != nil {
			return err
		}
		if yaml || json.Valid(data) {
			return in.add(source{path, data, yaml})
		}
		return in.lines(path, bytes.NewReader(data))
	}
	return in.lines(path, f)
}

func (in *intake) lines(path string, from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), osv.MaxRecord)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := in.add(source{name: fmt.Sprintf("%s:%d", path, n), data: bytes.Clone(line)}); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fault.New(fault.Input, "one record a line", "%s: %w", path, err)
	}
	return nil
}

// parse reads the records side by side.
func (in *intake) parse(ctx context.Context) ([]record, error) {
	if len(in.sources) == 0 {
		return nil, fault.New(fault.Input, recordHint, "%s holds no advisories", in.name)
	}
	out := make([]record, len(in.sources))
	g, ctx := errgroup.WithContext(ctx)
	const each = 256
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(out); from += each {
		g.Go(func() error {
			for i := from; i < min(from+each, len(out)); i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				r, err := in.sources[i].parse(in.kind)
				if err != nil {
					return err
				}
				out[i] = r
			}
			return nil
		})
	}
	return out, g.Wait()
}

func (s source) parse(kind Kind) (record, error) {
	data := s.data
	if s.yaml {
		var err error
		if data, err = jsonOf(data); err != nil {
			return record{}, fault.New(fault.Input, recordHint, "%s: %w", s.name, err)
		}
	}
	r, err := osv.Parse(data)
	if err != nil {
		return record{}, fault.New(fault.CodeOf(err), fault.HintOf(err), "%s: %w", s.name, err)
	}
	return record{kind, data, r}, nil
}
