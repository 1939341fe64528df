package assemble

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"snug/internal/digest"
	"snug/internal/index"
	"snug/internal/store"
)

// confirmed returns the wheel's file in the store, compared with what the index
// told of it before it was here.
func (in *Input) confirmed(ctx context.Context, sum digest.SHA256, src source) (string, error) {
	blob, err := in.blob(ctx, sum, src)
	if err != nil || in.Confirm == nil {
		return blob, err
	}
	var broken error
	err = in.Confirm(sum.String(), func() (own []byte, err error) {
		own, broken = index.WheelMetadata(blob)
		return own, broken
	})
	if broken != nil {
		return blob, nil // a wheel that cannot be read is refused where it is unpacked, with what is wrong in it
	}
	return blob, err
}

// metadataOf reads the METADATA of an unpacked wheel, which has one.
func metadataOf(tree *store.Tree) ([]byte, error) {
	for _, f := range tree.Files {
		if dir, name := path.Split(f.Path); name == "METADATA" && strings.HasSuffix(dir, ".dist-info/") {
			return os.ReadFile(filepath.Join(tree.Dir, filepath.FromSlash(f.Path)))
		}
	}
	return nil, integrity("clear the store's tree and build again", "the unpacked wheel has no METADATA")
}
