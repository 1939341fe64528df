package wheel

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/archive"
	"snug/internal/dist"
)

// Whatever a wheel says of itself, it installs below its folder, all of it
// listed, or not at all.
func FuzzInstall(f *testing.F) {
	metadata, wheelFile := "Metadata-Version: 2.1\nName: shop-kit\nVersion: 1.0\n", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
	f.Add("shop_kit/__init__.py", metadata, wheelFile, "shop_kit/__init__.py,,\n", "[console_scripts]\nshop = shop_kit:main\n")
	f.Add("shop_kit-1.0.data/scripts/tool", metadata, wheelFile, "x,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0,,,\n", "[a]\nb = c [d]\n")
	f.Add("shop_kit-1.0.data/data/../../x", metadata, wheelFile, "\"a,b\",,\n", "[gui_scripts]\n../x = a:b\n")
	f.Add("shop_kit-1.0.dist-info/RECORD.jws", "Name: x", "Wheel-Version: 2", "a", "=")
	name, err := dist.ParseWheelName(shopName)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, file, metadata, wheelFile, record, entries string) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		const info = "shop_kit-1.0.dist-info/"
		for _, e := range [][2]string{{file, "#!python\n"}, {info + "METADATA", metadata}, {info + "WHEEL", wheelFile}, {info + "RECORD", record}, {info + "entry_points.txt", entries}} {
			part, err := w.Create(e[0])
			if err == nil && !strings.HasSuffix(e[0], "/") {
				_, err = part.Write([]byte(e[1]))
			}
			if err != nil {
				t.Skip("no zip can hold that")
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		z, err := archive.OpenZip(bytes.NewReader(b.Bytes()), int64(b.Len()), archive.DefaultLimits())
		if err != nil {
			return
		}
		outer := t.TempDir()
		dir := filepath.Join(outer, "in", "here")
		files, _, err := Install(z, name, Options{PythonMinor: "3.14"}, dir)
		listed := map[string]bool{}
		for _, f := range files {
			listed[filepath.Join(dir, filepath.FromSlash(f.Path))] = true
		}
		walked := filepath.WalkDir(outer, func(path string, d fs.DirEntry, werr error) error {
			if werr == nil && !d.IsDir() && (!strings.HasPrefix(path, dir+string(filepath.Separator)) || err == nil && !listed[path]) {
				t.Errorf("%s was written", path)
			}
			return werr
		})
		if walked != nil {
			t.Error(walked)
		}
	})
}
