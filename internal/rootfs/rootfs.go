// Package rootfs reads the file system that the layers of a container image make,
// out of a tar as `docker save` writes it or in the OCI image layout. It runs
// nothing, needs no daemon, and keeps only the files that its caller wants.
//
// The hard idea: layers lie in the tar in any order, and are read once, as they come.
// So each file is kept with the number of its layer, and what a higher layer hides
// (by the same path, by a whiteout, by an opaque folder) is decided at the end. Kept
// files lie under numbers in a folder of the caller's: no name of an image becomes a
// path on this machine.
package rootfs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"snug/internal/archive"
	"snug/internal/fault"
)

// The bounds of an image.
const (
	maxDocument = 4 << 20 // bytes of a manifest or an index
	maxLayers   = 1000
	maxNested   = 4 // indexes within indexes
	maxKept     = 500_000
)

// limits are of the outer tar and of each layer.
func limits() archive.Limits {
	return archive.Limits{Files: 2_000_000, Entry: 16 << 30, Total: 64 << 30, Ratio: 200}
}

// maxSpooled is how much of an image's files may be kept.
const maxSpooled = 16 << 30

// Image is what was kept of an image. FS is its file system: files only, links are
// not followed and not in it.
type Image struct {
	FS     fs.FS
	Name   string // a tag that the image says it has, "" where it says none
	Layers int
}

const hint = "make it again: docker save IMAGE -o image.tar, or skopeo copy … oci-archive:image.tar"

// Read reads the image in the file at path. Of its files those are kept, in dir,
// that want tells by their path. Errors are fault.Input or fault.Integrity with the
// file and the layer. An image for several platforms must be one of them.
func Read(ctx context.Context, file, dir string, want func(path string) bool) (*Image, error) {
	outer, err := readOuter(ctx, file)
	if err != nil {
		return nil, named(file, err)
	}
	layers, tag, err := outer.layers()
	if err != nil {
		return nil, named(file, err)
	}
	m := &merge{ctx: ctx, dir: dir, want: want, kept: map[string]kept{}, hidden: map[string]int{}, opaque: map[string]int{}, solid: map[string]int{}, links: map[int]map[string][]string{}}
	if err := m.read(file, layers, m.entry); err != nil {
		return nil, named(file, err)
	}
	if err := m.resolve(file, layers); err != nil {
		return nil, named(file, err)
	}
	return &Image{FS: m.tree(), Name: tag, Layers: len(layers)}, nil
}

// named says which file is at fault.
func named(file string, err error) error {
	var refused *archive.UnsafeError
	if errors.As(err, &refused) && refused.Archive == "" {
		refused.Archive = file
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}

// outer is the small documents of the tar by name, and the names of all its files.
type outer struct {
	documents map[string][]byte
	names     map[string]bool
	links     map[string]string // of hard and symbolic links: what they stand for
}

func readOuter(ctx context.Context, file string) (*outer, error) {
	f, err := open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := &outer{documents: map[string][]byte{}, names: map[string]bool{}, links: map[string]string{}}
	err = archive.Layer(f, limits(), func(e archive.TarEntry, body io.Reader) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case e.Dir:
			return nil
		case e.Link != "":
			out.links[e.Name] = path.Join(path.Dir(e.Name), e.Link) // older docker save links equal layers
			return nil
		case e.Hard != "":
			out.links[e.Name] = e.Hard
			return nil
		}
		out.names[e.Name] = true
		return out.document(e, body)
	})
	return out, err
}

// document keeps what may be a manifest.
func (o *outer) document(e archive.TarEntry, body io.Reader) error {
	if e.Size > maxDocument || len(o.documents) > 10*maxLayers {
		return nil
	}
	data, err := io.ReadAll(body)
	if err == nil && len(data) > 0 && (data[0] == '{' || data[0] == '[') {
		o.documents[e.Name] = data
	}
	return err
}

func open(file string) (*os.File, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the path starts from the folder that snug is run in", "there is no such file")
	}
	if err != nil {
		return nil, fault.New(fault.Input, "name a file that this user may read", "%w", err)
	}
	return f, nil
}

// layers are the names of the layers in the tar, the lowest first, and the image's
// tag.
func (o *outer) layers() ([]string, string, error) {
	if data, ok := o.documents["manifest.json"]; ok {
		return o.saved(data)
	}
	if data, ok := o.documents["index.json"]; ok {
		return o.oci(data, 0)
	}
	return nil, "", fault.New(fault.Input, hint, "not an image: neither manifest.json nor index.json is in it")
}

// saved reads docker save's manifest.json.
func (o *outer) saved(data []byte) ([]string, string, error) {
	var images []struct {
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(data, &images); err != nil {
		return nil, "", fault.New(fault.Input, hint, "manifest.json: %v", err)
	}
	if len(images) != 1 {
		return nil, "", fault.New(fault.Unsupported, "save one image at a time", "manifest.json: %d images in one file", len(images))
	}
	tag := ""
	if len(images[0].RepoTags) > 0 {
		tag = images[0].RepoTags[0]
	}
	layers, err := o.present(images[0].Layers)
	return layers, tag, err
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
	Platform    struct {
		OS string `json:"os"`
	} `json:"platform"`
}

// oci follows an index of the OCI layout to its one image.
func (o *outer) oci(data []byte, depth int) ([]string, string, error) {
	var doc struct {
		Manifests []descriptor `json:"manifests"`
		Layers    []descriptor `json:"layers"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, "", fault.New(fault.Input, hint, "index.json, or what it names: %v", err)
	}
	if doc.Layers != nil {
		var names []string
		for _, l := range doc.Layers {
			names = append(names, blob(l.Digest))
		}
		layers, err := o.present(names)
		return layers, "", err
	}
	images := doc.Manifests[:0:0]
	for _, m := range doc.Manifests {
		if m.Platform.OS != "unknown" { // that is how attestations are listed beside images
			images = append(images, m)
		}
	}
	if len(images) != 1 || depth == maxNested {
		return nil, "", fault.New(fault.Unsupported, "save the image of one platform: docker save --platform linux/amd64, skopeo copy --override-arch amd64",
			"%d images are in its index, or indexes %d deep", len(images), depth)
	}
	next, ok := o.documents[blob(images[0].Digest)]
	if !ok {
		return nil, "", fault.New(fault.Input, hint, "%.200q is named and is not in the file", images[0].Digest)
	}
	layers, tag, err := o.oci(next, depth+1)
	if tag == "" {
		tag = images[0].Annotations["org.opencontainers.image.ref.name"]
	}
	return layers, tag, err
}

// blob is where the OCI layout has what a digest names.
func blob(digest string) string {
	algorithm, sum, _ := strings.Cut(digest, ":")
	return path.Join("blobs", algorithm, sum)
}

// present are the names as files of the tar, links followed once.
func (o *outer) present(names []string) ([]string, error) {
	if len(names) > maxLayers {
		return nil, fault.New(fault.Input, hint, "more than %d layers", maxLayers)
	}
	out := make([]string, 0, len(names))
	for _, n := range names {
		n = path.Clean(n)
		if to, ok := o.links[n]; ok {
			n = to
		}
		if !o.names[n] {
			return nil, fault.New(fault.Input, hint, "the layer %.200q is named and is not in the file", n)
		}
		out = append(out, n)
	}
	return out, nil
}

// read goes through the tar once more, for the layers.
func (m *merge) read(file string, layers []string, each func(archive.TarEntry, io.Reader) error) error {
	numbers := map[string][]int{}
	for i, name := range layers {
		numbers[name] = append(numbers[name], i)
	}
	f, err := open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return archive.Layer(f, limits(), func(e archive.TarEntry, body io.Reader) error {
		at := numbers[e.Name]
		if len(at) == 0 || e.Dir || e.Link != "" || e.Hard != "" {
			return nil
		}
		m.layer = at[len(at)-1] // the same layer twice adds nothing the first time
		m.same = map[string]kept{}
		if err := archive.Layer(body, limits(), each); err != nil {
			var refused *archive.UnsafeError
			if errors.As(err, &refused) {
				return &archive.UnsafeError{Entry: refused.Entry, Reason: fmt.Sprintf("layer %d (%s): %s", m.layer+1, e.Name, refused.Reason)}
			}
			return fmt.Errorf("layer %d (%s): %w", m.layer+1, e.Name, err)
		}
		return nil
	})
}

// spool is the path of the next kept file.
func (m *merge) spool() string {
	m.spooled++
	return filepath.Join(m.dir, fmt.Sprint(m.spooled))
}
