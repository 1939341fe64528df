package index

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// uvTool is what a pyproject.toml says to uv.
type uvTool struct {
	Tool struct {
		UV *struct {
			uvFile
		} `toml:"uv"`
	} `toml:"tool"`
}

// underProject adds what the nearest folder says that has a uv.toml or a
// [tool.uv], from dir upwards; of both in one folder uv reads the first.
func (s *settings) underProject(dir string) error {
	for at := dir; at != ""; at = parent(at) {
		var doc uvTool
		path := filepath.Join(at, "pyproject.toml")
		if err := readUvFile(path, &doc); err != nil {
			return err
		}
		tool := doc.Tool.UV
		own := filepath.Join(at, "uv.toml")
		if _, err := readFile(own); !errors.Is(err, fs.ErrNotExist) {
			var f uvFile
			if err := readUvFile(own, &f); err != nil {
				return err
			}
			s.under(f)
			return nil
		}
		if tool != nil {
			s.under(tool.uvFile)
			return nil
		}
	}
	return nil
}

// parent is the folder above, "" above the root.
func parent(dir string) string {
	if up := filepath.Dir(dir); up != dir {
		return up
	}
	return ""
}
