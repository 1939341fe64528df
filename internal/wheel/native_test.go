package wheel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"snug/internal/dist"
)

// elfOf is a library with that RUNPATH that needs these versions of one other.
func elfOf(runpath string, versions ...string) string {
	le := binary.LittleEndian
	names := []byte("\x00libc.so.6\x00" + runpath + "\x00")
	var needs []byte
	needs = le.AppendUint16(le.AppendUint16(needs, 1), uint16(len(versions)))
	needs = le.AppendUint32(le.AppendUint32(le.AppendUint32(needs, 1), 16), 0)
	for i, v := range versions {
		next := uint32(16)
		if i == len(versions)-1 {
			next = 0
		}
		needs = le.AppendUint64(needs, 0)
		needs = le.AppendUint32(le.AppendUint32(needs, uint32(len(names))), next)
		names = append(names, v+"\x00"...)
	}
	var dynamic []byte
	for _, n := range []uint64{1, 1, elfRunpath, 11, 0, 0} {
		dynamic = le.AppendUint64(dynamic, n)
	}
	head := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	head = le.AppendUint16(le.AppendUint16(head, 3), 62) // a shared object for x86-64
	head = le.AppendUint32(head, 1)
	at := uint64(elfHead + len(names) + len(needs) + len(dynamic))
	head = le.AppendUint64(le.AppendUint64(le.AppendUint64(head, 0), 0), at)
	head = append(head, make([]byte, 4)...)
	for _, n := range []uint16{elfHead, 56, 0, elfSection, 4, 0} {
		head = le.AppendUint16(head, n)
	}
	section := func(kind, link uint32, at, size int) []byte {
		s := le.AppendUint32(le.AppendUint32(nil, 0), kind)
		s = append(s, make([]byte, 16)...)
		s = le.AppendUint64(le.AppendUint64(s, uint64(at)), uint64(size))
		s = le.AppendUint32(le.AppendUint32(s, link), 1)
		return append(s, make([]byte, 16)...)
	}
	first := elfHead
	return string(slices.Concat(head, names, needs, dynamic, make([]byte, elfSection),
		section(3, 0, first, len(names)), section(elfVersionNeed, 1, first+len(names), len(needs)), section(elfDynamic, 1, first+len(names)+len(needs), len(dynamic))))
}

func TestReadNative(t *testing.T) {
	text := elfOf("$ORIGIN/../x.libs:/opt/build/lib", "GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.17", "GLIBC_PRIVATE", "GLIBCXX_3.4.99", "GLIBC_2")
	n, ok, err := readNative(strings.NewReader(text))
	if !ok || err != nil || n.glibc != [2]int{2, 34} || !slices.Equal(n.runpath, []string{"$ORIGIN/../x.libs", "/opt/build/lib"}) {
		t.Errorf("%+v, %v, %v", n, ok, err)
	}
	other, err := elf.NewFile(strings.NewReader(text)) // the sample is one to others, too
	if err != nil {
		t.Fatal(err)
	}
	if got, err := other.DynString(elf.DT_RUNPATH); err != nil || len(got) != 1 || got[0] != strings.Join(n.runpath, ":") {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"", "#!/bin/sh\n", "\x7fELF", "\x7fELF\x01\x01" + strings.Repeat("\x00", 90)} {
		if n, ok, err := readNative(strings.NewReader(text)); ok || err != nil {
			t.Errorf("%.10q: %+v, %v, %v", text, n, ok, err)
		}
	}
	for cut := elfHead; cut < len(text); cut++ {
		if _, ok, err := readNative(strings.NewReader(text[:cut])); !ok || err == nil {
			t.Errorf("cut at %d: %v, %v", cut, ok, err)
		}
	}
}

// TestNativeNeeds: what a library needs is held to what the wheel's name promises.
func TestNativeNeeds(t *testing.T) {
	const name = "shop_kit-1.0-cp314-cp314-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
	for _, c := range []struct{ wheel, text, note string }{
		{name, elfOf("$ORIGIN/../shop_kit.libs", "GLIBC_2.17"), ""},
		{name, elfOf("", "GLIBC_2.34"), "shop_kit/_c.so needs glibc 2.34, and the wheel's name promises 2.17"},
		{strings.Replace(name, "_2_17", "_2_34", 1), elfOf("", "GLIBC_2.34"), "promises 2.17"},
		{"shop_kit-1.0-cp314-cp314-linux_x86_64.whl", elfOf("", "GLIBC_2.34"), ""},
		{name, elfOf("/home/builder/lib", "GLIBC_2.2.5"), "shop_kit/_c.so looks for libraries in /home/builder/lib, outside of the runtime"},
		{name, elfOf("${ORIGIN}/../../../../../lib", "GLIBC_2.2.5"), "outside of the runtime"},
		{name, "\x7fELF\x02\x01" + strings.Repeat("\xff", 80), "shop_kit/_c.so: a damaged ELF file"},
		{name, "text", ""},
	} {
		wheel, err := dist.ParseWheelName(c.wheel)
		if err != nil {
			t.Fatal(err)
		}
		files := shop()
		files["shop_kit/_c.so"] = c.text
		_, info, err := Install(pack(t, files), wheel, Options{PythonMinor: "3.14"}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(info.Notes, "\n"); !strings.Contains(got, c.note) || (got == "") != (c.note == "") {
			t.Errorf("%s: noted %q, want %q", c.wheel, got, c.note)
		}
	}
}

// Whatever a file says of itself, it is read in bounds.
func FuzzNative(f *testing.F) {
	f.Add([]byte(elfOf("$ORIGIN", "GLIBC_2.34", "GLIBC_2.17")))
	f.Add([]byte(elfOf("")))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ok, err := readNative(bytes.NewReader(data))
		if (!ok || err != nil) && ok != bytes.HasPrefix(data, []byte("\x7fELF\x02\x01")) && len(data) >= elfHead {
			t.Errorf("%+v, %v, %v", n, ok, err)
		}
		if err == nil && len(n.runpath) > maxRunpath {
			t.Errorf("%d folders out of %d bytes", len(n.runpath), len(data))
		}
	})
}
