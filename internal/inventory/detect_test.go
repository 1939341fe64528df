package inventory

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// library is a native file whose constants are the texts, each ended by a NUL.
func nativeWith(texts ...string) []byte {
	return []byte("MZ\x90\x00" + strings.Repeat("\x00", 100) + strings.Join(texts, "\x00") + "\x00")
}

// told is what is found inside a package that has those files.
func told(t *testing.T, files map[string][]byte) []string {
	t.Helper()
	all := fstest.MapFS{"shop-1.dist-info/METADATA": {Data: []byte("Metadata-Version: 2.1\nName: shop\nVersion: 1\n")}}
	for name, data := range files {
		all[name] = &fstest.MapFile{Data: data}
	}
	facts, err := Read(t.Context(), fs.FS(all))
	if err != nil {
		t.Fatal(err)
	}
	if len(facts.Notes) > 0 {
		t.Errorf("notes: %q", facts.Notes)
	}
	var out []string
	for _, c := range facts.Components {
		if c.Owner != "shop" || len(c.Paths) == 0 || !strings.HasPrefix(c.PURL, "pkg:") {
			t.Errorf("%+v", c)
		}
		out = append(out, strings.Join([]string{string(c.Class), c.Name, c.Version, strings.Join(c.How, ",")}, "|"))
	}
	return out
}

// Versions come of texts that stand in a library's own code; texts in code that only
// uses it, and what is not sure, tell none.
func TestLibraries(t *testing.T) {
	const deflate, inflate = " deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly and Mark Adler ", " inflate 1.3.1 Copyright 1995-2024 Mark Adler "
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"static OpenSSL": {
			map[string][]byte{"shop/_rust.abi3.so": nativeWith("OpenSSL 3.0.13 30 Jan 2024", `OPENSSLDIR: "/usr"`)},
			[]string{"native|openssl|3.0.13|version string"}},
		"a user of OpenSSL": {map[string][]byte{"shop/_ext.so": nativeWith("OpenSSL 3.0.13 30 Jan 2024")}, nil},
		"BoringSSL":         {map[string][]byte{"shop/_ext.so": nativeWith("OpenSSL 1.1.1 (compatible; BoringSSL)", "OPENSSLDIR: n/a")}, []string{"native|boringssl||text of its code"}},
		"libraries beside": {
			map[string][]byte{
				"shop.libs/libcrypto-1a2b3c4d.so.3": nativeWith("OpenSSL 3.0.13 30 Jan 2024"), "shop.libs/libssl-5e6f7a8b.so.3": nativeWith("x"),
				"shop.libs/libaec-7e9d22b8.so.0.1.3": nativeWith("x"), "shop.libs/liblzma-00aa11bb.so.5.8.1": nativeWith("x"),
			},
			[]string{"native|libaec||library name", "native|openssl|3.0.13|library name,version string", "native|xz|5.8.1|version in the file name"}},
		"two versions": {
			map[string][]byte{"shop/a.so": nativeWith("expat_2.6.2"), "shop/b.so": nativeWith("expat_2.5.0")},
			[]string{"native|expat|2.5.0|version string", "native|expat|2.6.2|version string"}},
		"two versions in one file": {
			map[string][]byte{"shop/a.so": nativeWith("expat_2.6.2", "expat_2.5.0")}, []string{"native|expat||version strings disagree"}},
		"SQLite": {
			map[string][]byte{"shop/_sqlite.so": nativeWith("3.11.7", "3.45.1", "unable to delete/modify user-function due to active statements")},
			[]string{"native|sqlite|3.45.1|version string"}},
		"SQLite of one of two versions": {
			map[string][]byte{"shop/_sqlite.so": nativeWith("3.44.0", "3.45.1", "unable to delete/modify user-function due to active statements")},
			[]string{"native|sqlite||version strings disagree"}},
		"a part of another version": {
			map[string][]byte{"shop/_sqlite.so": nativeWith("13.45.1", "unable to delete/modify user-function due to active statements")},
			[]string{"native|sqlite||text of its code"}},
		"zlib":                    {map[string][]byte{"shop/_z.so": nativeWith(deflate, inflate)}, []string{"native|zlib|1.3.1|version string"}},
		"zlib-ng":                 {map[string][]byte{"shop/_z.so": nativeWith(deflate, inflate, " zlib-ng 2.2.4")}, []string{"native|zlib-ng|2.2.4|version string"}},
		"zlib-ng in zlib's place": {map[string][]byte{"shop/.dylibs/libz.1.3.1.zlib-ng.dylib": nativeWith(deflate, "1.3.1.zlib-ng"), "shop/_png.so": nativeWith("1.3.1.zlib-ng")}, []string{"native|zlib-ng||text of its code"}},
		"Windows": {
			map[string][]byte{"shop.libs/libcrypto-3-x64-5c171716accecee9b0c1ee574c2a4da0.dll": nativeWith("OpenSSL 3.5.3 16 Sep 2025"), "shop.libs/libssl-3-x64-dd4221de8bb64df4e207d54ae2f1061b.dll": nativeWith("x")},
			[]string{"native|openssl|3.5.3|library name,version string"}},
		"libxml2":     {map[string][]byte{"shop/_x.so": nativeWith("21406-GITv2.14.6", "Extra content at the end of the document")}, []string{"native|libxml2|2.14.6|version string"}},
		"a mention":   {map[string][]byte{"shop/_x.so": nativeWith("needs libpng version 1.6.0 or later", "see HDF5 library version 1.10 and higher")}, nil},
		"OpenBLAS":    {map[string][]byte{"shop.libs/libopenblasp-r0-39a31c03.2.18.so": nativeWith("x")}, []string{"native|openblas|0.2.18|version in the file name"}},
		"owner in it": {map[string][]byte{"shop.libs/libsqlite3-shop-83998bda.so.0.8.6": nativeWith("3.7.17")}, []string{"native|sqlite|3.7.17|version string"}},
		"GEOS":        {map[string][]byte{"shop.libs/libgeos-3ef06f11.so.3.13.1": nativeWith("x"), "shop.libs/libgeos_c-1b7ca2b4.so.1.19.2": nativeWith("x")}, []string{"native|geos|3.13.1|library name,version in the file name"}},
		"macOS":       {map[string][]byte{"shop/.dylibs/liblzma.5.8.1.dylib": nativeWith("x")}, []string{"native|xz|5.8.1|version in the file name"}},
		"libvpx":      {map[string][]byte{"shop.libs/libvpx-4fb239ff.so.11.0.1": nativeWith("WebM Project VP8 Encoder v1.15.2", "WebM Project VP9 Decoder v1.15.2")}, []string{"native|libvpx|1.15.2|version string"}},
		"libjpeg-turbo": {
			map[string][]byte{"shop.libs/libjpeg-8a13c6e0.so.62.4.0": nativeWith("libjpeg-turbo version 3.1.1 (build 20250701)")},
			[]string{"native|libjpeg-turbo|3.1.1|version string"}},
		"crates": {
			map[string][]byte{"shop/_rust.so": nativeWith("/home/b/.cargo/registry/src/index.example-1949cf8c6b5b557f/smallvec-1.13.1/src/lib.rs/x/registry/src/i/openssl-sys-0.9.99/build.rs")},
			[]string{"cargo|openssl-sys|0.9.99|path of its source", "cargo|smallvec|1.13.1|path of its source"}},
	} {
		if got := told(t, c.files); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A library that another file brings is not inside the one that loads it.
func TestLinked(t *testing.T) {
	d := newDetector()
	file := nativeWith("LIBTIFF, Version 4.6.0\nCopyright", "TIFFFetchNormalTag")
	at, spans := bytes.NewReader(file), []span{{0, int64(len(file))}}
	got, err := d.file(Native{Path: "a/libgdal.so", Needed: []string{"libtiff-13a02c81.so.6.1.0"}}, "a", false, at, spans)
	if err != nil || len(got) != 1 || got[0].name != "gdal" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = d.file(Native{Path: "a/libgdal.so"}, "a", false, at, spans); err != nil || len(got) != 2 {
		t.Errorf("with libtiff inside: %+v, %v", got, err)
	}
}

// All anchors of the table differ, and all expressions compile and have a group.
func TestTable(t *testing.T) {
	d, names, anchors := newDetector(), map[string]bool{}, map[string]bool{}
	for _, a := range d.scanner.anchors {
		if anchors[a] || len(a) < 4 || len(a) > scanAround {
			t.Errorf("anchor %q is there twice, or too short or long", a)
		}
		anchors[a] = true
	}
	for _, l := range d.known {
		exprs := []string{l.bare, l.bareNamed, l.suffix}
		for _, text := range l.texts {
			exprs = append(exprs, text.expr)
		}
		for _, expr := range exprs {
			if expr != "" && !strings.Contains(expr, "(") {
				t.Errorf("%s: %q has no group", l.name, expr)
			}
			d.match(expr, nil, 0) // panics where it is none
		}
		if names[l.name] || len(l.stems)+len(l.proof)+len(l.texts) == 0 {
			t.Errorf("%s is there twice, or cannot be found", l.name)
		}
		names[l.name] = true
	}
}

// Wherever an anchor lies, also across blocks, it is found once.
func TestScanner(t *testing.T) {
	anchors := []string{"alphabet", "bet it is", "phab-ulous", "alphaalpha"}
	s, rnd := newScanner(anchors), rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 2*scanBlock+12345)
	for i := range data {
		data[i] = "alphbet is-uo\x00"[rnd.IntN(14)]
	}
	for _, at := range []int{0, 1, scanBlock - 4, scanBlock - scanAround, 2*scanBlock - scanAround - 3, len(data) - 8} {
		copy(data[at:], anchors[0])
	}
	spans := []span{{0, 100}, {100, int64(len(data)) - 100}}
	got := map[string]int{}
	err := s.scan(bytes.NewReader(data), spans, func(n int, before, after []byte) { got[anchors[n]]++ })
	for _, a := range anchors {
		want := 0
		for _, s := range spans {
			part := data[s.at : s.at+s.size]
			for i := range part {
				if bytes.HasPrefix(part[i:], []byte(a)) {
					want++
				}
			}
		}
		if got[a] != want || err != nil {
			t.Errorf("%s: found %d, want %d, %v", a, got[a], want, err)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(nativeWith("OpenSSL 3.0.13 30 Jan 2024", `OPENSSLDIR: "/usr"`), uint16(0), "libssl.so.3", "libz.so.1")
	f.Add(nativeWith("3.45.1", "unable to delete/modify user-function due to active statements", "/registry/src/a/b-1.2.3/"), uint16(7), "x.so", "")
	d := newDetector()
	f.Fuzz(func(t *testing.T, data []byte, cut uint16, name, needed string) {
		at := int64(min(int(cut), len(data)))
		spans := []span{{0, at}, {at, int64(len(data)) - at}}
		all, err := d.file(Native{Path: name, SoName: needed, Needed: []string{needed}}, "shop", true, bytes.NewReader(data), spans)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			// Nothing is told that does not stand in the file or its name.
			for part := range strings.FieldsFuncSeq(l.version, func(c rune) bool { return c == '.' }) {
				if !bytes.Contains(data, []byte(part)) && !strings.Contains(name+needed, part) {
					t.Errorf("%s: version %q comes of nowhere", l.name, l.version)
				}
			}
			if c := l.component(); c.Name == "" || c.PURL == "" {
				t.Errorf("%+v", c)
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	d, rnd := newDetector(), rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 8<<20)
	for i := range data {
		data[i] = byte(' ' + rnd.IntN(95))
	}
	b.SetBytes(int64(len(data)))
	for range b.N {
		if _, err := d.texts(bytes.NewReader(data), []span{{0, int64(len(data))}}); err != nil {
			b.Fatal(err)
		}
	}
}
