package index

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"snug/internal/pep508"
)

// uvTool is what a pyproject.toml says to uv.
type uvTool struct {
	Tool struct {
		UV *struct {
			uvFile
			Sources map[string]any `toml:"sources"`
		} `toml:"uv"`
	} `toml:"tool"`
}

// underProject adds what the nearest folder says that has a uv.toml or a
// [tool.uv], from dir upwards; of both in one folder uv reads the first. The
// mapping of packages to indexes counts in the project itself only.
func (s *settings) underProject(dir string) error {
	for at := dir; at != ""; at = parent(at) {
		var doc uvTool
		path := filepath.Join(at, "pyproject.toml")
		if err := readUvFile(path, &doc); err != nil {
			return err
		}
		tool := doc.Tool.UV
		if tool != nil && at == dir {
			s.mapSources(path, tool.Sources)
		}
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

// mapSources reads [tool.uv.sources]: a package that is to come from one index
// is mapped to it; other sources, and one index on some targets only, are named
// and ignored.
func (s *settings) mapSources(path string, sources map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		all, several := sources[name].([]any)
		if !several {
			all = []any{sources[name]}
		}
		index, plain := "", true
		for _, one := range all {
			t, _ := one.(map[string]any)
			to, _ := t["index"].(string)
			plain = plain && to != "" && (index == "" || index == to)
			index = to
		}
		if !plain || index == "" {
			s.notes = append(s.notes, fmt.Sprintf("%s: [tool.uv.sources] %s is ignored: only { index = NAME } is followed; write it as a requirement (name @ URL)", path, name))
			continue
		}
		if s.packages == nil {
			s.packages = map[string]string{}
		}
		s.packages[pep508.NormalizeName(name)] = index
	}
}
