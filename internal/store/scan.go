package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"snug/internal/digest"
	"snug/internal/generation"
)

// Scan lists what lies below dir as a plan, all owned by owner, sorted by path.
// Anything but files, folders and symbolic links is an error.
func Scan(dir, owner string) (Plan, error) {
	var plan Plan
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := scanFile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", rel, err)
		}
		f.Path, f.Owner = filepath.ToSlash(rel), owner
		plan = append(plan, f)
		return nil
	})
	return plan, err
}

// scanFile describes one file or symbolic link, but for its path and owner.
func scanFile(path string) (generation.File, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return generation.File{}, err
	}
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		return generation.File{Mode: "0777", SHA256: digest.Of([]byte(to)).String(), Size: int64(len(to)), Link: to}, err
	case !st.Mode().IsRegular():
		return generation.File{}, fmt.Errorf("neither file nor link (%s)", st.Mode().Type())
	}
	r, err := os.Open(path)
	if err != nil {
		return generation.File{}, err
	}
	defer r.Close()
	sum, size, err := digest.OfReader(r)
	mode := "0644"
	if st.Mode()&0o111 != 0 {
		mode = "0755"
	}
	return generation.File{Mode: mode, SHA256: sum.String(), Size: size}, err
}
