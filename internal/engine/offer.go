package engine

import (
	"os"
	"path/filepath"
)

// Numbers are the generations of a runtime, the newest first; none where it is
// not built.
func Numbers(root, name string) []int {
	infos, err := roomOf(root, name).List()
	if err != nil {
		return nil
	}
	out := make([]int, len(infos))
	for i, info := range infos {
		out[i] = info.Number
	}
	return out
}

// Programs are the names in a runtime's bin folder, sorted; none where it is
// not built.
func Programs(root, name string) []string {
	dir, err := runtimeDir(root, name)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(dir, "bin"))
	if err != nil {
		return nil
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name()
	}
	return out
}
