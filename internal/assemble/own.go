package assemble

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"snug/internal/digest"
	"snug/internal/generation"
)

// ownFiles are what no tree holds: the project's dist-info and the control
// files. They are listed in the manifest first and written when the trees are
// there.
type ownFiles struct {
	manifest *generation.Manifest
	files    []ownFile
}

type ownFile struct {
	generation.File
	data []byte
}

func (o *ownFiles) add(name string, data []byte, kind, owner string) {
	mode := "0644"
	if strings.HasPrefix(name, "bin/") {
		mode = "0755"
	}
	o.put(generation.File{Path: name, Mode: mode, SHA256: digest.Of(data).String(), Size: int64(len(data)), Owner: owner, Kind: kind}, data)
}

// link adds a symbolic link.
func (o *ownFiles) link(name, to string) { o.put(link(name, to), nil) }

func link(name, to string) generation.File {
	return generation.File{Path: name, Mode: "0777", SHA256: digest.Of([]byte(to)).String(), Size: int64(len(to)),
		Owner: generation.OwnerSnug, Link: to, Kind: generation.Control}
}

func (o *ownFiles) put(f generation.File, data []byte) {
	o.files = append(o.files, ownFile{f, data})
	o.manifest.Files = append(o.manifest.Files, f)
}

func (o *ownFiles) write(dest string) error {
	for _, f := range o.files {
		if err := f.write(filepath.Join(dest, filepath.FromSlash(f.Path))); err != nil {
			return err
		}
	}
	return nil
}

func (f ownFile) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if f.Link != "" {
		return os.Symlink(filepath.FromSlash(f.Link), path)
	}
	perm := os.FileMode(0o644)
	if f.Mode == "0755" {
		perm = 0o755
	}
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = w.Write(f.data)
	return errors.Join(err, w.Close())
}
