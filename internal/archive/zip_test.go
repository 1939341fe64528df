package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
)

// zipOf writes a zip with an entry for each header; content is its name.
func zipOf(t testing.TB, headers ...*zip.FileHeader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, h := range headers {
		f, err := w.CreateHeader(h)
		if err == nil && !strings.HasSuffix(h.Name, "/") {
			_, err = io.WriteString(f, h.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func named(names ...string) []*zip.FileHeader {
	var headers []*zip.FileHeader
	for _, name := range names {
		headers = append(headers, &zip.FileHeader{Name: name, Method: zip.Deflate})
	}
	return headers
}

func moded(name string, mode fs.FileMode) *zip.FileHeader {
	h := &zip.FileHeader{Name: name}
	h.SetMode(mode)
	return h
}

func open(data []byte, lim archive.Limits) (*archive.Zip, error) {
	return archive.OpenZip(bytes.NewReader(data), int64(len(data)), lim)
}

func readAll(z *archive.Zip) error {
	for i := range z.Files() {
		r, err := z.Open(i)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if n != z.Files()[i].Size {
			return errors.New("a reader ended early without an error")
		}
	}
	return nil
}

func TestZipReads(t *testing.T) {
	run := moded("pkg/run", 0o700)
	run.Modified = time.Date(2001, 9, 9, 1, 46, 40, 0, time.UTC)
	data := zipOf(t, &zip.FileHeader{Name: "pkg/"}, run, moded("pkg/é.py", 0o444), &zip.FileHeader{Name: "big", Method: zip.Deflate})
	z, err := open(data, archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if err := readAll(z); err != nil {
		t.Error(err)
	}
	want := []archive.ZipFile{
		{Name: "pkg/", Mode: 0o755, Dir: true}, {Name: "pkg/run", Mode: 0o755, Size: 7},
		{Name: "pkg/é.py", Mode: 0o644, Size: 9}, {Name: "big", Mode: 0o644, Size: 3},
	}
	want[1].Time = time.Date(2001, 9, 9, 1, 46, 40, 0, time.UTC)
	for i, f := range z.Files() {
		if f.Name != want[1].Name {
			f.Time = time.Time{} // it was not set
		}
		if f != want[i] {
			t.Errorf("got %+v, want %+v", f, want[i])
		}
	}
	if got, err := z.ReadFile("pkg/é.py", 9); err != nil || string(got) != "pkg/é.py" {
		t.Errorf("ReadFile = %q, %v", got, err)
	}
	if _, err := z.ReadFile("big", 2); err == nil {
		t.Error("an entry over the bound was read")
	}
	if _, err := z.ReadFile("none", 2); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing entry: %v", err)
	}
}

func TestZipRefusesNames(t *testing.T) {
	cases := map[string][]string{ // the last name is the one refused
		"leaves":         {"ok", "../x"},
		"leaves the":     {"a/../../x"},
		"absolute":       {"/etc/passwd"},
		"backslash":      {`a\b`},
		"control":        {"a\x00b"},
		"drive":          {"C:/x"},
		"twice":          {"a", "a"},
		"same file":      {"Readme", "README"},
		"is the same":    {"stra\u00dfe/\u00e9", "stra\u00dfe/e\u0301"},
		"same file as":   {"a.py", "a.py."},
		"case or":        {"\u212a", "k"},
		"Unicode form":   {"\uac00", "\u1100\u1161"},
		"which is a":     {"a", "a/b"},
		"a directory":    {"a/b", "a"},
		"component":      {"a//b"},
		"component in":   {"./a"},
		"not UTF-8":      {"a\xff"},
		"4096 bytes":     {strings.Repeat("a/", 2100) + "b"},
		"deep":           {strings.Repeat("a/", 64) + "b"},
		"longer than 25": {strings.Repeat("a", 256)},
	}
	for reason, names := range cases {
		_, err := open(zipOf(t, named(names...)...), archive.DefaultLimits())
		var refused *archive.UnsafeError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), reason) || refused.Entry != names[len(names)-1] {
			t.Errorf("%.60q: got %v, want %q", names, err, reason)
		}
		if fault.CodeOf(err) != fault.Integrity || fault.HintOf(err) == "" {
			t.Errorf("%.60q: code %q, hint %q", names, fault.CodeOf(err), fault.HintOf(err))
		}
	}
}

func TestZipRefusesKinds(t *testing.T) {
	for _, mode := range []fs.FileMode{fs.ModeSymlink | 0o777, fs.ModeNamedPipe, fs.ModeDevice, fs.ModeSocket} {
		if _, err := open(zipOf(t, moded("x", mode)), archive.DefaultLimits()); err == nil {
			t.Errorf("mode %v was accepted", mode)
		}
	}
}

func TestZipLimits(t *testing.T) {
	data := zipOf(t, named("aaaa", "bbbb")...)
	for what, lim := range map[string]archive.Limits{
		"entries":    {Files: 1, Entry: 100, Total: 100, Ratio: 1},
		"one entry":  {Files: 9, Entry: 3, Total: 100, Ratio: 1},
		"bytes in a": {Files: 9, Entry: 4, Total: 7, Ratio: 1},
	} {
		if _, err := open(data, lim); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%+v: %v", lim, err)
		}
	}
	if _, err := open(data, archive.Limits{Files: 2, Entry: 4, Total: 8, Ratio: 1}); err != nil {
		t.Error(err)
	}
}

func TestZipBomb(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("zeros")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 65 {
		if _, err := f.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(out.Bytes(), archive.DefaultLimits()); err == nil || !strings.Contains(err.Error(), "times as much") {
		t.Errorf("a bomb: %v", err)
	}
}

// Each trick changes bytes of a good zip with two stored entries "aaaa" and "bbbb".
func TestZipTricks(t *testing.T) {
	le := binary.LittleEndian
	good := func() []byte {
		// Raw entries have their sizes in the local header.
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, name := range []string{"aaaa", "bbbb"} {
			f, err := w.CreateRaw(&zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte(name)), CompressedSize64: 4, UncompressedSize64: 4})
			if err == nil {
				_, err = io.WriteString(f, name)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	central := func(b []byte) []byte { return b[bytes.Index(b, []byte("PK\x01\x02")):] }
	second := func(b []byte) []byte { return b[bytes.LastIndex(b, []byte("PK\x01\x02")):] }
	end := func(b []byte) []byte { return b[bytes.LastIndex(b, []byte("PK\x05\x06")):] }
	cases := []struct {
		want  string
		trick func([]byte) []byte
	}{
		{"", func(b []byte) []byte { return b }},
		{"disagree on its name", func(b []byte) []byte { b[30] = 'x'; return b }},
		{"disagree on its name", func(b []byte) []byte { b[8] = 8; return b }},
		{"disagree on its size", func(b []byte) []byte { b[22] = 9; return b }},
		{"disagree on its size", func(b []byte) []byte { b[14]++; return b }},
		{"CRC", func(b []byte) []byte { b[34] = 'x'; return b }},
		{"local header is damaged", func(b []byte) []byte { b[0] = 'x'; return b }},
		{"overlaps the next", func(b []byte) []byte { b[28] = 200; return b }},
		{"overlaps", func(b []byte) []byte { le.PutUint32(second(b)[42:], 0); return b }},
		{"overlaps", func(b []byte) []byte { le.PutUint32(second(b)[42:], 1<<30); return b }},
		{"two sizes", func(b []byte) []byte { le.PutUint32(central(b)[24:], 5); return b }},
		{"neither stored nor deflated", func(b []byte) []byte { central(b)[10] = 14; return b }},
		{"encrypted", func(b []byte) []byte { central(b)[8] |= 1; return b }},
		{"end record starts", func(b []byte) []byte { return append([]byte("#!/bin/sh\n"), b...) }},
		{"something after it", func(b []byte) []byte { return append(b, 'x') }},
		{"cut off", func(b []byte) []byte { le.PutUint16(central(b)[28:], 60000); return b }},
		{"more than the 1 entries", func(b []byte) []byte { e := end(b); e[8], e[10] = 1, 1; return b }},
		{"cannot stand", func(b []byte) []byte { e := end(b); e[9], e[11] = 1, 1; return b }},
		{"several parts", func(b []byte) []byte { end(b)[4] = 1; return b }},
		{"damaged", func(b []byte) []byte { central(b)[0] = 'x'; return b }},
		{"no end record", func(b []byte) []byte { return b[:len(b)-1] }},
		{"no end record", func([]byte) []byte { return nil }},
		{"lies before it, the first entry", func(b []byte) []byte { return insert(b, 0, []byte("#!/bin/sh\n")) }},
		{"lies before it, the first entry", func(b []byte) []byte { return insert(b, 0, good()) }},
		{"between it and the next", func(b []byte) []byte { return insert(b, 38, []byte("hidden")) }},
		{"between it and the next", func(b []byte) []byte { return insert(b, 38, bytes.Clone(b[:38])) }}, // an entry that the directory lacks
		{"between it and the next", func(b []byte) []byte { return insert(b, 38, make([]byte, 16)) }},    // where no descriptor was announced
	}
	for i, c := range cases {
		z, err := open(c.trick(good()), archive.DefaultLimits())
		if err == nil {
			err = readAll(z)
		}
		if c.want == "" {
			if err != nil {
				t.Errorf("the untouched zip: %v", err)
			}
			continue
		}
		var refused *archive.UnsafeError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("trick %d: got %v, want %q", i, err, c.want)
		}
	}
}

// insert puts bytes at a place of a zip of stored entries, and moves what its
// directory says of what comes after.
func insert(b []byte, at int, more []byte) []byte {
	le := binary.LittleEndian
	for from := bytes.Index(b, []byte("PK\x01\x02")); from >= 0; {
		if head := b[from:]; int(le.Uint32(head[42:])) >= at {
			le.PutUint32(head[42:], le.Uint32(head[42:])+uint32(len(more)))
		}
		next := bytes.Index(b[from+4:], []byte("PK\x01\x02"))
		if next < 0 {
			break
		}
		from += 4 + next
	}
	end := b[bytes.LastIndex(b, []byte("PK\x05\x06")):]
	le.PutUint32(end[16:], le.Uint32(end[16:])+uint32(len(more)))
	return slices.Concat(b[:at], more, b[at:])
}

// wide is a zip of one stored entry "aaaa" with its sizes in zip64 fields, in
// the directory and in the local header.
func wide(size, packed uint64, fieldBytes uint16) []byte {
	le := binary.LittleEndian
	crc := crc32.ChecksumIEEE([]byte("aaaa"))
	field := le.AppendUint16(le.AppendUint16(nil, 1), fieldBytes)
	field = le.AppendUint64(le.AppendUint64(field, size), packed)
	common := func(b []byte) []byte { // from "version needed" to the length of the extra field
		b = append(b, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, crc), 1<<32-1), 1<<32-1)
		return le.AppendUint16(le.AppendUint16(b, 4), uint16(len(field)))
	}
	b := common([]byte("PK\x03\x04"))
	b = slices.Concat(b, []byte("aaaa"), field, []byte("aaaa"))
	start := len(b)
	b = common(append(b, "PK\x01\x02-\x00"...))
	b = slices.Concat(b, make([]byte, 14), []byte("aaaa"), field)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"...)
	b = le.AppendUint32(b, uint32(len(b)-12-start))
	return append(le.AppendUint32(b, uint32(start)), 0, 0)
}

func TestZip64(t *testing.T) {
	z, err := open(wide(4, 4, 16), archive.DefaultLimits())
	if err == nil {
		err = readAll(z)
	}
	if err != nil {
		t.Errorf("a sound one: %v", err)
	}
	for want, data := range map[string][]byte{
		"a broken zip64 field":           wide(4, 4, 12),
		"bytes, more than the 858993459": wide(1<<40, 4, 16),
		"stored, with two sizes":         wide(5, 4, 16),
	} {
		if _, err := open(data, archive.DefaultLimits()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `entry "aaaa"`) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A stored entry with its sizes behind it has one meaning where the directory
// has them too: many writers make these.
func TestZipDescriptorOfStoredEntry(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range []string{"a", "b"} {
		if f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store}); err != nil {
			t.Fatal(err)
		} else if _, err := io.WriteString(f, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.Bytes()[6]&8 == 0 {
		t.Fatal("the writer made no descriptor")
	}
	for at := range 16 { // local header 30, name 1, data 1
		lies := bytes.Clone(out.Bytes())
		lies[32+at]++
		z, err := open(lies, archive.DefaultLimits())
		if err == nil {
			err = readAll(z)
		}
		if err == nil || !strings.Contains(err.Error(), `entry "a": its data descriptor and the directory disagree`) {
			t.Errorf("byte %d of the descriptor changed: %v", at, err)
		}
	}
	z, err := open(out.Bytes(), archive.DefaultLimits())
	if err == nil {
		err = readAll(z)
	}
	if err != nil {
		t.Error(err)
	}
}

// Who may execute is taken from zips that were made on Unix, and nothing else of
// their modes: files that nobody may read, that all may write, or that run as
// another user are made readable, read-only and plain.
func TestZipModes(t *testing.T) {
	const unix, dos = 3, 0
	for _, c := range []struct {
		made uint16
		mode uint32 // st_mode
		want fs.FileMode
	}{
		{unix, 0o100755, 0o755}, {unix, 0o100001, 0o755}, {unix, 0o100644, 0o644}, {unix, 0o100000, 0o644}, {unix, 0o104777, 0o755},
		{unix, 0, 0o644}, {dos, 0o100755, 0o644},
	} {
		h := &zip.FileHeader{Name: "x", CreatorVersion: c.made << 8, ExternalAttrs: c.mode << 16}
		z, err := open(zipOf(t, h), archive.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if got := z.Files()[0].Mode; got != c.want {
			t.Errorf("made by %d with %o: %o, want %o", c.made, c.mode, got, c.want)
		}
		if err := readAll(z); err != nil {
			t.Error(err)
		}
	}
}

// A broken disk or network is not the archive's fault.
type brokenAt struct {
	io.ReaderAt
	from int64
}

func (b brokenAt) ReadAt(p []byte, at int64) (int, error) {
	if at < b.from {
		return 0, fs.ErrPermission
	}
	return b.ReaderAt.ReadAt(p, at)
}

func TestZipPassesErrorsOfTheFile(t *testing.T) {
	data := zipOf(t, named("a")...)
	_, err := archive.OpenZip(brokenAt{bytes.NewReader(data), 1 << 40}, int64(len(data)), archive.DefaultLimits())
	var refused *archive.UnsafeError
	if !errors.Is(err, fs.ErrPermission) || errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, named("a", "b/c")...))
	f.Add(zipOf(f, moded("x", 0o755), &zip.FileHeader{Name: "d/"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := archive.Limits{Files: 100, Entry: 1 << 20, Total: 1 << 21, Ratio: 100}
		z, err := open(data, lim)
		if err != nil {
			return
		}
		for _, file := range z.Files() {
			if !fs.ValidPath(strings.TrimSuffix(file.Name, "/")) {
				t.Errorf("accepted %q", file.Name)
			}
		}
		if readAll(z) == nil { // any error will do; a panic or a wrong length will not
			asStandard(t, data, z)
		}
	})
}

// asStandard: what is accepted has one meaning, so another reader finds the same.
func asStandard(t *testing.T, data []byte, z *archive.Zip) {
	t.Helper()
	other, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(other.File) != len(z.Files()) {
		t.Fatalf("another reader: %v", err)
	}
	for i, f := range other.File {
		if f.Name != z.Files()[i].Name || int64(f.UncompressedSize64) != z.Files()[i].Size {
			t.Fatalf("entry %d is %q of %d bytes, and %+v", i, f.Name, f.UncompressedSize64, z.Files()[i])
		}
		if z.Files()[i].Dir {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatalf("%q by another reader: %v", f.Name, err)
		}
		if got, err := z.ReadFile(f.Name, 1<<20); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q is %q, %v; want %q", f.Name, got, err, want)
		}
	}
}
