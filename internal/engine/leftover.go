package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	oldBuild = 24 * time.Hour      // older than any build that may still run
	oldLog   = 30 * 24 * time.Hour // of a build that failed
)

// removeLeftovers removes the folders of builds that were killed and the logs of
// those that failed long ago, and returns how many there were.
func (e *Engine) removeLeftovers() (int, error) {
	folders, err := e.removeOld("tmp", oldBuild)
	logs, failed := e.removeOld("logs", oldLog)
	return folders + logs, errors.Join(err, failed)
}

func (e *Engine) removeOld(folder string, age time.Duration) (int, error) {
	dir := filepath.Join(e.Home, folder)
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // nothing was ever built here
	}
	n := 0
	for _, d := range found {
		st, err := d.Info()
		if err != nil || e.Now().Sub(st.ModTime()) < age {
			continue // gone meanwhile, or in use
		}
		removeTree(filepath.Join(dir, d.Name()))
		n++
	}
	return n, err
}
