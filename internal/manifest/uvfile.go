package manifest

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"snug/internal/toml"
)

// uvFileName is where uv's settings may stand instead of [tool.uv].
const uvFileName = "uv.toml"

// uvFileKeys is the key of [tool.snug] for each key of a uv.toml that decides what
// is locked, and values of it that change nothing.
var uvFileKeys = []struct {
	key, snug string
	but       []any
}{
	{"constraint-dependencies", "constraints", nil},
	{"override-dependencies", "overrides", nil},
	{"exclude-dependencies", "exclude", nil},
	{"environments", "targets", nil},
	{"exclude-newer", "min-age or as-of", nil},
	{"exclude-newer-package", "min-age-package", nil},
	{"prerelease", "prereleases", []any{"if-necessary", "if-necessary-or-explicit"}},
	{"resolution", "resolution", []any{"highest"}},
	{"no-binary", "build.from-source", []any{false}},
	{"no-binary-package", "build.from-source", nil},
	{"no-build", "build.never", []any{false}},
	{"no-build-package", "build.never", nil},
}

// refuseUvFile refuses a uv.toml beside the project that says what is to be
// locked: only where packages come from is read there (in package index), and to
// pass over the rest would lock something else than uv does.
func (p *Project) refuseUvFile() error {
	if p.env("UV_NO_CONFIG") != "" {
		return nil
	}
	src, err := readFile(filepath.Join(p.Root, uvFileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	doc, err := toml.Parse(uvFileName, src)
	if err != nil {
		return err
	}
	t := doc.Top()
	for _, e := range uvFileKeys {
		if v, said := t.Values[e.key]; said && !slices.ContainsFunc(e.but, func(b any) bool { return b == v }) {
			return t.Bad(e.key, "say it in [tool.snug] of "+FileName+" ("+e.snug+"), or there in [tool.uv]; UV_NO_CONFIG=1 leaves "+uvFileName+" out",
				"%s is not read here: of %s only the indexes are", e.key, uvFileName)
		}
	}
	return nil
}
