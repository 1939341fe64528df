package assemble

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"snug/internal/digest"
	"snug/internal/store"
)

// confirm compares an unpacked wheel with what the index told of it before
// anybody had it.
func (in *Input) confirm(sum digest.SHA256, dir string, files store.Plan) error {
	if in.Confirm == nil {
		return nil
	}
	return in.Confirm(sum.String(), func() ([]byte, error) { return metadataOf(dir, files) })
}

// metadataOf reads the METADATA of an unpacked wheel, which has one.
func metadataOf(dir string, files store.Plan) ([]byte, error) {
	for _, f := range files {
		if info, name := path.Split(f.Path); name == "METADATA" && strings.HasSuffix(info, ".dist-info/") {
			return os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		}
	}
	return nil, integrity("clear the store's tree and build again", "the unpacked wheel has no METADATA")
}
