package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
)

// planHead begins the first line of a plan, which ends with the SHA-256 of the
// rest: nothing waits for a disk to have it, and a part of a plan must not pass
// for one. Then comes one line a file, its fields divided by tabs: mode, size,
// time of change, sha256, kind, link, owner, path. A plan of 21,000 files loads
// in 16 ms, walking them takes ten times that.
const planHead = "snug-plan 2 "

const planFields = 8

// writePlan makes the files read-only and lists them.
func writePlan(dir, files string, plan Plan) error {
	slices.SortFunc(plan, func(a, b generation.File) int { return cmp.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	for _, f := range plan {
		if strings.ContainsAny(f.Path+f.Link+f.Owner, "\t\n\r") {
			return fault.New(fault.Integrity, "choose another version, and tell the publisher", "file name %q holds a tab or line break", f.Path)
		}
		st, err := seal(filepath.Join(files, filepath.FromSlash(f.Path)), f)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", f.Mode, f.Size, st.ModTime().UnixNano(), f.SHA256, f.Kind, f.Link, f.Owner, f.Path)
	}
	head := planHead + digest.Of(b.Bytes()).String() + "\n"
	return os.WriteFile(filepath.Join(dir, planName), append([]byte(head), b.Bytes()...), 0o644)
}

// seal takes the write bits from a file, if they are not gone already.
func seal(path string, f generation.File) (fs.FileInfo, error) {
	st, err := os.Lstat(path)
	if err != nil || f.Link != "" {
		return st, err
	}
	want := fs.FileMode(0o444)
	if f.Mode == "0755" {
		want = 0o555
	}
	if st.Mode().Perm() == want {
		return st, nil
	}
	return st, os.Chmod(path, want)
}

func readPlan(dir string) (*Tree, error) {
	data, err := os.ReadFile(filepath.Join(dir, planName))
	if err != nil {
		return nil, err
	}
	head, rest, _ := strings.Cut(string(data), "\n")
	if sum, ok := strings.CutPrefix(head, planHead); !ok || sum != digest.Of(data[len(data)-len(rest):]).String() {
		return nil, fmt.Errorf("%s: not a plan, or a part of one", dir)
	}
	t := &Tree{Dir: filepath.Join(dir, "files")}
	n := strings.Count(rest, "\n")
	t.Files, t.moved = make(Plan, 0, n), make([]int64, 0, n)
	for line := range strings.Lines(strings.TrimPrefix(rest, "\n")) {
		if err := t.addLine(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
	}
	t.held = make([]atomic.Bool, len(t.Files))
	return t, nil
}

func (t *Tree) addLine(line string) error {
	var field [planFields]string
	rest, ok := line, true
	for i := range planFields - 1 {
		if field[i], rest, ok = strings.Cut(rest, "\t"); !ok {
			return fmt.Errorf("short line %q in the plan", line)
		}
	}
	field[planFields-1] = rest
	size, err1 := strconv.ParseInt(field[1], 10, 64)
	moved, err2 := strconv.ParseInt(field[2], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	t.Files = append(t.Files, generation.File{Mode: field[0], Size: size, SHA256: field[3], Kind: field[4], Link: field[5], Owner: field[6], Path: field[7]})
	t.moved = append(t.moved, moved)
	return nil
}
