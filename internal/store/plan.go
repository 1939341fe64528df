package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"snug/internal/fault"
	"snug/internal/generation"
)

// planHead is the first line of a plan; then comes one line a file, its fields
// divided by tabs: mode, size, time of change, sha256, kind, link, owner, path;
// at last planEnd, so that one that a power cut shortened is none (it is not
// synced: a tree can always be made again from its blob, which is).
// A plan of 21,000 files loads in 16 ms, walking them takes ten times that.
const (
	planHead = "snug-plan 2"
	planEnd  = "end\n"
)

const planFields = 8

func writePlan(dir, files string, plan Plan) error {
	slices.SortFunc(plan, func(a, b generation.File) int { return cmp.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	b.WriteString(planHead + "\n")
	for _, f := range plan {
		if strings.ContainsAny(f.Path+f.Link+f.Owner, "\t\n\r") {
			return fault.New(fault.Integrity, "choose another version, and tell the publisher", "file name %q holds a tab or line break", f.Path)
		}
		st, err := os.Lstat(filepath.Join(files, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", f.Mode, f.Size, st.ModTime().UnixNano(), f.SHA256, f.Kind, f.Link, f.Owner, f.Path)
	}
	b.WriteString(planEnd)
	w, err := os.OpenFile(filepath.Join(dir, planName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return errors.Join(err, w.Close())
}

func readPlan(dir string) (*Tree, error) {
	data, err := os.ReadFile(filepath.Join(dir, planName))
	if err != nil {
		return nil, err
	}
	head, rest, _ := strings.Cut(string(data), "\n")
	rest, whole := strings.CutSuffix("\n"+rest, "\n"+planEnd)
	if head != planHead || !whole {
		return nil, fmt.Errorf("%s: not a whole plan", dir)
	}
	t := &Tree{Dir: filepath.Join(dir, "files")}
	n := strings.Count(rest, "\n")
	t.Files, t.moved = make(Plan, 0, n), make([]int64, 0, n)
	for line := range strings.Lines(strings.TrimPrefix(rest, "\n")) {
		if err := t.addLine(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
	}
	return t, nil
}

func (t *Tree) addLine(line string) error {
	field := strings.SplitN(line, "\t", planFields)
	if len(field) != planFields {
		return fmt.Errorf("short line %q in the plan", line)
	}
	size, err1 := strconv.ParseInt(field[1], 10, 64)
	moved, err2 := strconv.ParseInt(field[2], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	t.Files = append(t.Files, generation.File{Mode: field[0], Size: size, SHA256: field[3], Kind: field[4], Link: field[5], Owner: field[6], Path: field[7]})
	t.moved = append(t.moved, moved)
	return nil
}
