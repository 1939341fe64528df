package elf

import (
	"bytes"
	"debug/elf"
	"errors"
	"slices"
	"strings"
	"testing"

	"snug/internal/elf/elftest"
)

func sample() elftest.Library {
	return elftest.Library{
		Needed: []string{"libc.so.6", "libstdc++.so.6"}, SoName: "libshop.so.1", RunPath: "$ORIGIN/../x.libs:/opt/build/lib",
		Versions: map[string][]string{
			"libc.so.6":      {"GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.17", "GLIBC_PRIVATE", "GLIBC_2"},
			"libstdc++.so.6": {"GLIBCXX_3.4.29"},
		},
		Now: true, RELRO: true, Imports: []string{"malloc", "__stack_chk_fail"},
		Funcs: []elftest.Func{{Name: "PyInit_shop", Code: "\x90\xc3"}}, Hidden: []elftest.Func{{Name: "add", Code: "\x8d\x04\x37\xc3"}},
		Data: "constant", Comment: "GCC: (made up) 1.0",
	}
}

// TestDynamic: what is read is what the standard library's reader finds in the same file.
func TestDynamic(t *testing.T) {
	text := sample().String()
	other, err := elf.NewFile(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	f, ok, err := Open(strings.NewReader(text))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	d, err := f.Dynamic()
	if err != nil {
		t.Fatal(err)
	}
	needed, err := other.DynString(elf.DT_NEEDED)
	if err != nil || !slices.Equal(d.Needed, needed) || len(needed) != 2 {
		t.Errorf("needs %q, want %q, %v", d.Needed, needed, err)
	}
	if path, err := other.DynString(elf.DT_RUNPATH); err != nil || strings.Join(d.RunPath, ":") != path[0] {
		t.Errorf("looks in %q, want %q, %v", d.RunPath, path, err)
	}
	want := []Version{{"libc.so.6", "GLIBC_2.2.5"}, {"libc.so.6", "GLIBC_2.34"}, {"libc.so.6", "GLIBC_2.17"}, {"libc.so.6", "GLIBC_PRIVATE"}, {"libc.so.6", "GLIBC_2"}, {"libstdc++.so.6", "GLIBCXX_3.4.29"}}
	if !slices.Equal(d.Versions, want) || d.Glibc() != [2]int{2, 34} {
		t.Errorf("versions %v, glibc %v", d.Versions, d.Glibc())
	}
	if d.SoName != "libshop.so.1" || !d.BindNow || d.TextRel || f.Kind != Shared || f.Machine != X86_64 {
		t.Errorf("%+v, %+v", d, f)
	}
	d.Versions = append(d.Versions, Version{"libc.so.6", "GLIBC_ABI_DT_RELR"})
	if d.Glibc() != [2]int{2, 36} {
		t.Errorf("relative relocations need glibc %v", d.Glibc())
	}
}

func TestNoELF(t *testing.T) {
	for _, text := range []string{"", "#!/bin/sh\n", "\x7fELF", "\x7fELF\x01\x01" + strings.Repeat("\x00", 90), "\x7fELF\x02\x02" + strings.Repeat("\x00", 90)} {
		if f, ok, err := Open(strings.NewReader(text)); ok || err != nil {
			t.Errorf("%.10q: %+v, %v, %v", text, f, ok, err)
		}
	}
}

// TestCutOff: a file that ends before its dynamic segment does is damaged, wherever it ends.
func TestCutOff(t *testing.T) {
	text := sample().String()
	whole, _, err := Open(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	segment, _ := whole.Segment(SegmentDynamic)
	for cut := sizeHead; cut < int(segment.Offset+segment.Size); cut += 7 {
		f, ok, err := Open(strings.NewReader(text[:cut]))
		if !ok {
			t.Fatalf("cut at %d: no ELF", cut)
		}
		if err == nil {
			_, err = f.Dynamic()
		}
		if err != ErrDamaged {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestWithoutRunPath(t *testing.T) {
	data := sample().Bytes()
	f, _, err := Open(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	before, err := f.Dynamic()
	if err != nil {
		t.Fatal(err)
	}
	at, part, ok, err := f.WithoutRunPath()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	copy(data[at:], part)
	after, err := f.Dynamic()
	if err != nil || len(after.RunPath) != 0 || !slices.Equal(after.Needed, before.Needed) || !slices.Equal(after.Versions, before.Versions) || after.SoName != before.SoName {
		t.Errorf("%+v, %v", after, err)
	}
	if _, _, ok, err := f.WithoutRunPath(); ok || err != nil {
		t.Errorf("there is one still: %v, %v", ok, err)
	}
}

func TestNumber(t *testing.T) {
	for name, want := range map[string][4]int{"GLIBC_2.34": {2, 34}, "GLIBC_2.2.5": {2, 2, 5}, "GLIBC_2": {}, "GLIBC_PRIVATE": {}, "GLIBCXX_3.4": {}, "GLIBC_2.99999": {}, "GLIBC_2.1.1.1": {2, 1, 1, 1}, "GLIBC_2.1.1.1.1": {}, "GLIBC_-1.2": {}} {
		got, ok := Number(name, "GLIBC")
		if got != want || ok != (want != [4]int{}) {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}

// TestSymbols: sections and symbols are those that the standard library's reader finds.
func TestSymbols(t *testing.T) {
	text := sample().String()
	other, err := elf.NewFile(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := Open(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	sections, err := f.Sections()
	if err != nil || len(sections) != len(other.Sections) {
		t.Fatalf("%d sections, want %d, %v", len(sections), len(other.Sections), err)
	}
	for i, s := range sections {
		o := other.Sections[i]
		if s.Name != o.Name || s.Kind != uint32(o.Type) || s.Address != o.Addr || s.Offset != o.Offset || s.Size != o.FileSize {
			t.Errorf("section %+v, want %+v", s, o.SectionHeader)
		}
	}
	want, err := other.Symbols()
	got, err2 := f.Symbols()
	sameSymbols(t, got, want, errors.Join(err, err2))
}

func sameSymbols(t *testing.T, got []Symbol, want []elf.Symbol, err error) {
	t.Helper()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d symbols, want %d, %v", len(got), len(want), err)
	}
	for i, s := range got {
		w := want[i]
		if s.Name != w.Name || s.Address != w.Value || s.Size != w.Size || s.Section != uint16(w.Section) || elf.SymType(s.Kind) != elf.ST_TYPE(w.Info) || elf.SymBind(s.Binding) != elf.ST_BIND(w.Info) {
			t.Errorf("symbol %+v, want %+v", s, w)
		}
	}
}

// TestDynamicSymbols: they are found as the loader finds them, in files of both kinds of tables.
func TestDynamicSymbols(t *testing.T) {
	many, none := sample(), sample()
	many.Funcs = append(many.Funcs, elftest.Func{Name: "a", Code: "\xc3"}, elftest.Func{Name: "b", Code: "\xc3"})
	none.Funcs = nil
	for _, l := range []elftest.Library{sample(), many, none} {
		for _, l.SysV = range []bool{false, true} {
			other, err := elf.NewFile(bytes.NewReader(l.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			want, err := other.DynamicSymbols()
			got, err2 := open(t, l).DynamicSymbols()
			sameSymbols(t, got, want, errors.Join(err, err2))
			if len(got) != len(l.Imports)+len(l.Funcs) {
				t.Errorf("%d symbols", len(got))
			}
		}
	}
}

// TestSplitSegments: a table may run from one loaded segment into the next, as in files that
// patchelf rewrote.
func TestSplitSegments(t *testing.T) {
	data := sample().Bytes()
	f := open(t, sample())
	entries, _, err := f.entries()
	if err != nil {
		t.Fatal(err)
	}
	strings, _ := last(entries, tagStrings)
	whole, _ := f.Segment(SegmentLoad)
	cut := strings + 5 - whole.Address
	f.loads = nil
	f.segments = append(f.segments, Segment{Kind: SegmentLoad, Offset: whole.Offset + cut, Address: whole.Address + cut, Size: whole.Size - cut})
	f.segments[0].Size = cut
	f.join()
	d, err := f.Dynamic()
	if err != nil || len(d.Needed) != 2 || len(f.loads) != 1 || f.loads[0] != whole {
		t.Errorf("%+v, %v, of %d bytes", d, err, len(data))
	}
}

func TestRanges(t *testing.T) {
	l := sample()
	if ranges, err := open(t, l).Ranges(); ranges != nil || err != nil {
		t.Errorf("without a table: %v, %v", ranges, err)
	}
	l.Frames = true
	f := open(t, l)
	ranges, err := f.Ranges()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil || len(ranges) != len(symbols) {
		t.Fatalf("%d functions, want %d, %v", len(ranges), len(symbols), err)
	}
	for i, s := range symbols {
		if ranges[i] != (Range{s.Address, s.Size}) {
			t.Errorf("%+v, want %+v", ranges[i], s)
		}
	}
}

func TestFeatures(t *testing.T) {
	for _, want := range []uint32{0, FeatureBranch | FeatureShadow, FeatureShadow} {
		if got, err := open(t, elftest.Library{Features: want}).Features(); got != want || err != nil {
			t.Errorf("%d, want %d, %v", got, want, err)
		}
	}
}

func open(t *testing.T, l elftest.Library) *File {
	t.Helper()
	f, ok, err := Open(bytes.NewReader(l.Bytes()))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	return f
}

// Whatever a file says of itself, it is read in bounds.
func FuzzELF(f *testing.F) {
	f.Add(sample().Bytes())
	f.Add(elftest.Library{Features: FeatureShadow}.Bytes())
	f.Add(elftest.Library{Frames: true, Funcs: []elftest.Func{{Name: "f", Code: "\xc3"}}}.Bytes())
	f.Add(elftest.Library{Static: true, Kind: uint16(Executable)}.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file, ok, err := Open(bytes.NewReader(data))
		if !ok || err != nil {
			if file != nil {
				t.Errorf("%+v with %v", file, err)
			}
			return
		}
		if d, err := file.Dynamic(); err == nil && (len(d.RunPath) > maxFolders || len(d.Versions) > maxVersions || len(d.Needed) > maxNeeded) {
			t.Errorf("%d folders, %d versions, %d needs out of %d bytes", len(d.RunPath), len(d.Versions), len(d.Needed), len(data))
		}
		if at, part, ok, err := file.WithoutRunPath(); ok && err == nil && (at+uint64(len(part)) > uint64(len(data)) || len(part)%8 != 0 && len(part) < 16) {
			t.Errorf("%d bytes at %d of %d", len(part), at, len(data))
		}
		if features, err := file.Features(); err != nil && features != 0 {
			t.Errorf("features %x with %v", features, err)
		}
		if ranges, err := file.Ranges(); err == nil && len(ranges)*8 > len(data) {
			t.Errorf("%d functions out of %d bytes", len(ranges), len(data))
		}
		sections, err := file.Sections()
		if err == nil && len(sections)*sizeSection > len(data) {
			t.Errorf("%d sections out of %d bytes", len(sections), len(data))
		}
		for _, symbols := range []func() ([]Symbol, error){file.Symbols, file.DynamicSymbols} {
			if symbols, err := symbols(); err == nil && len(symbols)*sizeSymbol > len(data) {
				t.Errorf("%d symbols out of %d bytes", len(symbols), len(data))
			}
		}
	})
}
