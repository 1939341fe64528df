package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"snug/internal/fault"
	"snug/internal/generation"
)

// tree is the files of one distribution, or of an interpreter.
type tree struct {
	fsys  fs.FS
	files []generation.File // sorted by path; SHA256 may be missing; links are not followed
	notes []string
}

// walked is the tree of all files below the root of fsys. Links and what is no
// regular file are left out.
func walked(ctx context.Context, fsys fs.FS) (*tree, error) {
	t := &tree{fsys: fsys}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case !d.Type().IsRegular():
			return nil
		case len(t.files) >= maxFiles:
			return fault.New(fault.Input, "read a part of it", "more than %d files", maxFiles)
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		t.files = append(t.files, generation.File{Path: name, Size: st.Size(), Mode: modeOf(st.Mode())})
		return nil
	})
	slices.SortFunc(t.files, func(a, b generation.File) int { return strings.Compare(a.Path, b.Path) })
	return t, err
}

func modeOf(mode fs.FileMode) string {
	if mode&0o111 != 0 {
		return "0755"
	}
	return "0644"
}

// note says what could not be read.
func (t *tree) note(format string, args ...any) {
	if len(t.notes) < maxNotes {
		t.notes = append(t.notes, cut(fmt.Sprintf(format, args...), 1000))
	}
}

// find is the file of that path.
func (t *tree) find(name string) (generation.File, bool) {
	i, ok := slices.BinarySearchFunc(t.files, name, func(f generation.File, name string) int { return strings.Compare(f.Path, name) })
	if !ok || t.files[i].Link != "" {
		return generation.File{}, false
	}
	return t.files[i], true
}

// read gives the whole of a file of at most max bytes. One that is larger, or
// cannot be read, is noted; ok is false then.
func (t *tree) read(name string, max int64) (data []byte, ok bool) {
	f, err := t.fsys.Open(name)
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(f, max+1))
		err = errors.Join(err, f.Close())
	}
	if err == nil && int64(len(data)) > max {
		err = fmt.Errorf("larger than %d bytes", max)
	}
	if err != nil {
		t.note("%s: %v", name, err)
		return nil, false
	}
	return data, true
}

// below are the files in the folder dir and in those below it.
func (t *tree) below(dir string) []generation.File {
	from, _ := slices.BinarySearchFunc(t.files, dir+"/", func(f generation.File, name string) int { return strings.Compare(f.Path, name) })
	to := from
	for to < len(t.files) && strings.HasPrefix(t.files[to].Path, dir+"/") {
		to++
	}
	return t.files[from:to]
}

// site is the folder of the tree that has dist-info folders or is to have them, and
// the dist-info folders there.
func (t *tree) site() (dir string, infos []string) {
	depth := -1
	for _, f := range t.files {
		info, base := path.Split(f.Path)
		info = strings.TrimSuffix(info, "/")
		if base != "METADATA" || !strings.HasSuffix(info, ".dist-info") {
			continue
		}
		switch d := strings.Count(f.Path, "/"); {
		case depth < 0 || d < depth:
			depth, dir, infos = d, path.Dir(info), []string{info}
		case d == depth && path.Dir(info) == dir:
			infos = append(infos, info)
		}
	}
	return dir, infos
}

// relative is the path below dir; ok is false for what lies elsewhere.
func relative(dir, name string) (rest string, ok bool) {
	if dir == "." {
		return name, true
	}
	return strings.CutPrefix(name, dir+"/")
}

// cut is text of at most max bytes, of whole characters.
func cut(text string, max int) string {
	if len(text) <= max {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	return strings.ToValidUTF8(text[:max], "") + "…"
}

// bounded is the list's first entries; what is left out is noted.
func bounded[T any](t *tree, what string, list []T) []T {
	if len(list) <= maxList {
		return list
	}
	t.note("%d %s, of which %d are kept", len(list), what, maxList)
	return list[:maxList]
}
