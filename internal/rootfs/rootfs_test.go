package rootfs_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/rootfs"
)

// tarOf packs lines: "path=text", "path/" a folder, "path->target" a link, "path=>earlier" a
// hard link, "path!" a device.
func tarOf(t *testing.T, lines ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, line := range lines {
		h, text := tar.Header{Mode: 0o644}, ""
		if name, to, ok := strings.Cut(line, "=>"); ok {
			h.Name, h.Linkname, h.Typeflag = name, to, tar.TypeLink
		} else if name, to, ok := strings.Cut(line, "->"); ok {
			h.Name, h.Linkname, h.Typeflag = name, to, tar.TypeSymlink
		} else if name, body, ok := strings.Cut(line, "="); ok {
			text = body
			h.Name, h.Typeflag, h.Size = name, tar.TypeReg, int64(len(body))
		} else if name, ok := strings.CutSuffix(line, "!"); ok {
			h.Name, h.Typeflag = name, tar.TypeChar
		} else {
			h.Name, h.Typeflag = line, tar.TypeDir
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t *testing.T, data []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// saved is an image as docker save writes it, its layers in that order in the file.
func saved(t *testing.T, inFile []int, layers ...[]byte) []byte {
	t.Helper()
	var names []string
	for i := range layers {
		names = append(names, fmt.Sprintf("layer%d.tar", i))
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "c.json", "RepoTags": []string{"shop:1"}, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, i := range inFile {
		lines = append(lines, names[i]+"="+string(layers[i]))
	}
	return tarOf(t, append(lines, "manifest.json="+string(manifest))...)
}

// oci is an image in the OCI layout, with an index for its platform and one for an
// attestation.
func oci(t *testing.T, layers ...[]byte) []byte {
	t.Helper()
	var lines []string
	blob := func(data []byte) string {
		sum := fmt.Sprintf("%x", sha256.Sum256(data))
		lines = append(lines, "blobs/sha256/"+sum+"="+string(data))
		return "sha256:" + sum
	}
	doc := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var described []map[string]any
	for _, l := range layers {
		described = append(described, map[string]any{"digest": blob(l)})
	}
	manifest := blob(doc(map[string]any{"layers": described}))
	inner := blob(doc(map[string]any{"manifests": []map[string]any{
		{"digest": manifest, "platform": map[string]string{"os": "linux"}}, {"digest": "sha256:0", "platform": map[string]string{"os": "unknown"}}}}))
	lines = append(lines, "index.json="+string(doc(map[string]any{"manifests": []map[string]any{{"digest": inner, "annotations": map[string]string{"org.opencontainers.image.ref.name": "shop:2"}}}})))
	return tarOf(t, lines...)
}

func read(t *testing.T, image []byte) (*rootfs.Image, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, image, 0o644); err != nil {
		t.Fatal(err)
	}
	return rootfs.Read(context.Background(), file, t.TempDir(), func(p string) bool { return !strings.HasPrefix(p, "skip") })
}

// contents are the files as "path=text", sorted.
func contents(t *testing.T, fsys fs.FS) string {
	t.Helper()
	var out []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		out = append(out, name+"="+string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLayers(t *testing.T) {
	below := tarOf(t, "a/", "a/one=1", "a/two=2", "b/deep/x=x", "c=file", "dev/null!", "etc/abs->/a/one", `odd\x2dname=1`, "d/old=1", "skip/me=1", "twice=1", "twice=2")
	middle := tarOf(t, "a/.wh.two=", "b/.wh..wh..opq=", "b/new=n", "c/inside=i", "hard=h", "hard2=>hard")
	above := tarOf(t, "a/one=changed", "d->a", "./dots/are=fine", "/rooted=r")
	const want = "a/one=changed b/new=n c/inside=i dots/are=fine hard2=h hard=h rooted=r twice=2"
	for name, image := range map[string][]byte{
		"in order":  saved(t, []int{0, 1, 2}, below, middle, above),
		"reversed":  saved(t, []int{2, 1, 0}, below, middle, above),
		"packed":    saved(t, []int{1, 2, 0}, gzipped(t, below), zstded(t, middle), gzipped(t, above)),
		"oci":       oci(t, gzipped(t, below), zstded(t, middle), above),
		"all by gz": gzipped(t, saved(t, []int{0, 1, 2}, below, middle, above)),
	} {
		t.Run(name, func(t *testing.T) {
			img, err := read(t, image)
			if err != nil {
				t.Fatal(err)
			}
			if got := contents(t, img.FS); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if !strings.HasPrefix(img.Name, "shop:") || img.Layers != 3 {
				t.Errorf("%s of %d layers", img.Name, img.Layers)
			}
			if err := fstest.TestFS(img.FS, "a/one", "c/inside"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Installers link packages from their cache, which nobody looks into: the files are read
// all the same, whichever of the names comes first.
func TestHardLinkToWhatIsNotWanted(t *testing.T) {
	image := saved(t, []int{0}, tarOf(t, "skip/cache=bytes", "site/METADATA=>skip/cache", "site/again=>skip/cache", "skip/other=>skip/cache"))
	img, err := read(t, image)
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, img.FS); got != "site/METADATA=bytes site/again=bytes" {
		t.Error(got)
	}
	if _, err := read(t, saved(t, []int{0}, tarOf(t, "a=1", "site/METADATA=>skip/gone"))); fault.CodeOf(err) != fault.Input {
		t.Errorf("a link to nothing: %v", err)
	}
}

// What cannot be read is refused with the file and a remedy, and nothing is written
// outside of the folder for it.
func TestRefused(t *testing.T) {
	plain := tarOf(t, "a=1")
	for name, c := range map[string]struct {
		image []byte
		want  string
		code  fault.Code
	}{
		"empty":          {nil, "neither manifest.json nor index.json", fault.Input},
		"no image":       {plain, "neither manifest.json nor index.json", fault.Input},
		"layer missing":  {tarOf(t, `manifest.json=[{"Layers":["x.tar"]}]`), `the layer "x.tar" is named and is not in the file`, fault.Input},
		"broken list":    {tarOf(t, `manifest.json=[{"Layers":"x"}]`), "manifest.json", fault.Input},
		"two images":     {tarOf(t, `manifest.json=[{"Layers":[]},{"Layers":[]}]`), "2 images", fault.Unsupported},
		"itself":         {tarOf(t, `blobs/sha256/a={"manifests":[{"digest":"sha256:a"}]}`, `index.json={"manifests":[{"digest":"sha256:a"}]}`), "indexes 4 deep", fault.Unsupported},
		"escape":         {saved(t, []int{0}, tarOf(t, "../../etc/passwd=1")), "layer 1 (layer0.tar): the path leaves the archive", fault.Integrity},
		"hidden escape":  {saved(t, []int{0}, tarOf(t, "a/../../b=1")), "the path leaves the archive", fault.Integrity},
		"bomb":           {saved(t, []int{0}, gzipped(t, tarOf(t, "a="+strings.Repeat("\x00", 100<<20)))), "times as much", fault.Integrity},
		"cut":            {saved(t, []int{0}, gzipped(t, plain)[:20]), "damaged", fault.Integrity},
		"layer no tar":   {saved(t, []int{0}, []byte(strings.Repeat("no tar at all ", 100))), "damaged", fault.Integrity},
		"digest escapes": {tarOf(t, `index.json={"manifests":[{"digest":"../../../etc:passwd"}]}`), "is named and is not in the file", fault.Input},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, c.image)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "image.tar") {
				t.Errorf("%v, want %s", err, c.want)
			}
			if fault.CodeOf(err) != c.code || fault.HintOf(err) == "" {
				t.Errorf("code %s, hint %q", fault.CodeOf(err), fault.HintOf(err))
			}
			var refused *archive.UnsafeError
			if c.code == fault.Integrity && !errors.As(err, &refused) {
				t.Errorf("%T", err)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := rootfs.Read(context.Background(), filepath.Join(t.TempDir(), "no.tar"), t.TempDir(), func(string) bool { return true })
	if fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}
