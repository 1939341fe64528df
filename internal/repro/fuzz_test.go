package repro

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/pep440"
	"snug/internal/pytag"
)

// Whatever a build wrote, it is refused, or becomes a wheel that normalising leaves as it is. Nothing
// else is left behind.
func FuzzNormalise(f *testing.F) {
	meta := pureFiles()[info+"METADATA"]
	pure, native := wheelFile(true, "py3-none-any"), wheelFile(false, "cp313-cp313-linux_x86_64")
	f.Add(pureName, "shop_kit/x.py", []byte("#!x"), meta, pure, "")
	f.Add(nativeName, "shop_kit/x.so", speedups().Bytes(), meta, native, "")
	l := speedups()
	l.RunPath, l.Versions = "/opt/lib", map[string][]string{"libstdc++.so.6": {"GLIBCXX_3.4.29"}}
	f.Add(nativeName, "shop_kit-1.0.data/platlib/x.so", l.Bytes(), meta, native, "")
	f.Add(pureName, "shop_kit-1.0.data/scripts/x", []byte(""), meta, pure, "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")
	f.Add(pureName, info+"entry_points.txt", []byte("[console_scripts]\na = b:c\n"), meta, pure, "")
	target, err := pytag.ParseTarget("linux-x86_64")
	if err != nil {
		f.Fatal(err)
	}
	python, err := pep440.Parse("3.13")
	if err != nil {
		f.Fatal(err)
	}
	e := Expect{Name: "shop-kit", Python: python, Target: target}
	f.Fuzz(func(t *testing.T, wheel, name string, content []byte, metadata, wheelFile, record string) {
		if _, err := dist.ParseWheelName(wheel); err != nil || filepath.Base(wheel) != wheel {
			return
		}
		files := map[string]string{name: string(content), info + "METADATA": metadata, info + "WHEEL": wheelFile}
		if record == "" {
			var lines []dist.RecordEntry
			for path, text := range files {
				lines = append(lines, dist.RecordEntry{Path: path, Sum: digest.Of([]byte(text)), Size: int64(len(text))})
			}
			record = string(dist.FormatRecord(lines))
		}
		files[info+"RECORD"] = record
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for path, text := range files {
			part, err := w.Create(path)
			if err == nil && text != "" {
				_, err = part.Write([]byte(text))
			}
			if err != nil {
				t.Skip("no zip can hold that")
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		in, out := filepath.Join(t.TempDir(), wheel), t.TempDir()
		if err := os.WriteFile(in, b.Bytes(), 0o644); err != nil {
			t.Skip("no file can be called that")
		}
		report, path, err := Normalise(t.Context(), in, e, nil, out)
		left, readErr := os.ReadDir(out)
		if readErr != nil || len(left) > 1 || (err == nil) != (len(left) == 1) {
			t.Fatalf("%v left after %v, %v", left, err, readErr)
		}
		if err != nil {
			return
		}
		first, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		again, path, err := Normalise(t.Context(), path, e, nil, t.TempDir())
		if err != nil {
			t.Fatalf("its own wheel is refused: %v", err)
		}
		second, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(first, second) || report.Name != again.Name || report.Contents != again.Contents {
			t.Errorf("%s became %s, or its bytes changed, %v", report.Name, again.Name, err)
		}
	})
}

// Whatever two files are, they are compared in bounds, and one is like itself.
func FuzzCompareBinaries(f *testing.F) {
	l := speedups()
	l.Frames, l.Hidden = true, l.Funcs
	f.Add(l.Bytes(), speedups().Bytes())
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if same := compareBinaries(a, a); same.Note == "" && (same.Code || len(same.Changed) > 0) {
			t.Errorf("differs from itself: %+v", same)
		}
		if d := compareBinaries(a, b); len(d.Changed) > maxListed || len(d.Sections) > maxListed+1 {
			t.Errorf("%d functions, %d sections", len(d.Changed), len(d.Sections))
		}
	})
}
