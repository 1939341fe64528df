package dist

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"snug/internal/pep508"
)

// A wheel's name has one reading, whichever reader; written again by its parts it
// is the same wheel.
func FuzzWheelName(f *testing.F) {
	for _, s := range []string{"a-1-py3-none-any.whl", "A.b_c-1!2.0RC1+Local.7-12b-py2.py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "a-1.0-post1-py3-none-any.whl", "é-1-cp314-abi3-any.whl"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := ParseWheelName(s)
		if err != nil {
			return
		}
		var reader NameReader
		for range 2 { // the second time from what it knows
			if again, err := reader.Wheel(s); err != nil || !reflect.DeepEqual(again, w) {
				t.Errorf("%q: %+v, %v; want %+v", s, again, err, w)
			}
		}
		if w.Name != pep508.NormalizeName(w.Name) || len(w.Tags) == 0 || len(w.Tags) > len(s)*len(s) {
			t.Errorf("%q: name %q, %d tags", s, w.Name, len(w.Tags))
		}
		_, rest, _ := strings.Cut(s, "-")
		_, rest, _ = strings.Cut(rest, "-")
		again := strings.ReplaceAll(w.Name, "-", "_") + "-" + w.Version.String() + "-" + rest
		if len(again) > maxFileName {
			return
		}
		v, err := ParseWheelName(again)
		if err != nil || v.Name != w.Name || !v.Version.Equal(w.Version) || v.Build.Compare(w.Build) != 0 || !reflect.DeepEqual(v.Tags, w.Tags) {
			t.Errorf("%q is %+v, written %q is %+v, %v", s, w, again, v, err)
		}
	})
}

// METADATA says the same with either kind of line end, to the reader that wants
// all of it and to the one that wants the name; what was read of it is in it.
func FuzzMetadata(f *testing.F) {
	for _, s := range []string{
		"Metadata-Version: 2.1\nName: a\nVersion: 1\n x\n\nbody",
		"Metadata-Version: 2.4\nName: a\nVersion: 1\nRequires-Dist: b>=1; extra == 'x'\nProvides-Extra: x\nDynamic: Requires-Dist\nKeywords: a,b\nProject-URL: x, https://index.example\n",
		"\ufeffName: a\nVersion: 1\nMetadata-Version: 1.0\nstray\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMetadata(data)
		if bytes.IndexByte(data, '\r') < 0 {
			again, err2 := ParseMetadata(bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
			if (err == nil) != (err2 == nil) || !reflect.DeepEqual(m, again) {
				t.Errorf("%q with other line ends: %+v, %v; want %+v, %v", data, again, err2, m, err)
			}
		}
		if err != nil {
			return
		}
		if name, version := Identity(data); !strings.ContainsAny(m.Name+m.Version, "\n\r") && (name != m.Name || version != m.Version) {
			t.Errorf("%q: it is %q %q, and %q %q", data, name, version, m.Name, m.Version)
		}
		for _, text := range append(append([]string{m.Name, m.Version, m.RequiresPython}, m.RequiresDist...), m.ProvidesExtra...) {
			if !strings.Contains(text, "\n") && !bytes.Contains(data, []byte(text)) {
				t.Errorf("%q: %q is not in it", data, text)
			}
		}
	})
}

// What is written of a RECORD is read as it was; the other files of a wheel are
// read or refused.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("[console_scripts]\na = m:f [x]\n"))
	f.Add([]byte("\"a,b\",sha256=,\n"))
	f.Add([]byte("a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nb,md5=0,\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if entries, err := ParseRecord(data); err == nil {
			slices.SortStableFunc(entries, func(a, b RecordEntry) int { return strings.Compare(a.Path, b.Path) }) // as it is written
			if again, err := ParseRecord(FormatRecord(entries)); err != nil || !reflect.DeepEqual(again, entries) {
				t.Errorf("%q: %+v, written and read %+v, %v", data, entries, again, err)
			}
		}
		if points, err := ParseEntryPoints(data); err == nil && len(points) > len(data) {
			t.Errorf("%d entry points out of %d bytes", len(points), len(data))
		}
		if w, err := ParseWheelFile(data); err == nil && len(w.Tags) > len(data) {
			t.Errorf("%d tags out of %d bytes", len(w.Tags), len(data))
		}
		if s, err := ParseSdistName(string(data), "a"); err == nil && s.Name != "a" {
			t.Errorf("%q is of %s", data, s.Name)
		}
	})
}
