package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// oldBuild is older than any build that may still run.
const oldBuild = 24 * time.Hour

// removeLeftovers removes the folders of builds that were killed, and returns how many
// there were.
func (e *Engine) removeLeftovers() (int, error) {
	dir := filepath.Join(e.Home, "tmp")
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // nothing was ever built here
	}
	n := 0
	for _, d := range found {
		st, err := d.Info()
		if err != nil || e.Now().Sub(st.ModTime()) < oldBuild {
			continue // gone meanwhile, or in use
		}
		removeTree(filepath.Join(dir, d.Name()))
		n++
	}
	return n, err
}
