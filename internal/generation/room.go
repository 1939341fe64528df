package generation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"snug/internal/fault"
)

// tempPrefix marks what is being built; nothing else in a room starts so.
const tempPrefix = ".tmp-"

// Room is the folder of one runtime, .snug/NAME: generations by number and
// `current`, which points at one. It may not exist yet.
type Room struct{ Dir string }

// Info is one generation of a room.
type Info struct {
	Number  int
	Current bool
	Built   time.Time // when it was finished
	Path    string
}

// Path is the folder of generation n, whether it exists or not.
func (r Room) Path(n int) string { return filepath.Join(r.Dir, strconv.Itoa(n)) }

// Has reports whether generation n is there.
func (r Room) Has(n int) bool {
	_, err := os.Stat(filepath.Join(r.Path(n), filepath.FromSlash(ManifestPath)))
	return n > 0 && err == nil
}

// Current is the generation in use; not ok when there is none, or it is gone.
func (r Room) Current() (n int, ok bool) {
	text, err := r.pointer()
	if err != nil {
		return 0, false
	}
	n, err = strconv.Atoi(text)
	return n, err == nil && r.Has(n)
}

func (r Room) current() string { return filepath.Join(r.Dir, "current") }

// pointer reads `current`: a symbolic link, or on Windows a file.
func (r Room) pointer() (string, error) {
	if runtime.GOOS != "windows" {
		return os.Readlink(r.current())
	}
	text, err := os.ReadFile(r.current())
	return strings.TrimSpace(string(text)), err
}

// Next is the number that the next generation gets.
func (r Room) Next() (int, error) {
	numbers, err := r.numbers()
	if err != nil || len(numbers) == 0 {
		return 1, err
	}
	return numbers[len(numbers)-1] + 1, nil
}

// numbers are those of all generations, ascending.
func (r Room) numbers() ([]int, error) {
	entries, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && n > 0 && e.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// List returns the whole generations, the newest first; none for a room that
// is not there.
func (r Room) List() ([]Info, error) {
	current, _ := r.Current()
	numbers, err := r.numbers()
	if err != nil {
		return nil, err
	}
	var out []Info
	for _, n := range slices.Backward(numbers) {
		manifest := filepath.Join(r.Path(n), filepath.FromSlash(ManifestPath))
		if _, err := os.Stat(manifest); err != nil {
			continue // not one of ours
		}
		st, err := os.Stat(filepath.Dir(manifest)) // it came in last; itself it may be a link to an older one
		if err != nil {
			continue
		}
		out = append(out, Info{Number: n, Current: n == current, Built: st.ModTime(), Path: r.Path(n)})
	}
	return out, nil
}

// Stage makes the empty folder in which the next generation is assembled, on
// the same file system and at the same depth as it will have.
func (r Room) Stage() (string, error) {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return "", err
	}
	if err := r.ignore(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(r.Dir, tempPrefix)
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// ignore keeps .snug out of version control.
func (r Room) ignore() error {
	path := filepath.Join(filepath.Dir(r.Dir), ".gitignore")
	if st, err := os.Stat(path); err == nil && st.Size() > 0 {
		return nil // empty: a build was killed before it wrote
	}
	return os.WriteFile(path, []byte("*\n"), 0o644)
}

// Adopt gives a staged folder its number, and its evidence that number too. It
// does not switch to it.
func (r Room) Adopt(staged string, e Evidence) (int, error) {
	beside, err := r.stageEvidence(e)
	if err != nil {
		return 0, err
	}
	n, err := r.number(staged)
	if err != nil {
		return 0, errors.Join(err, os.RemoveAll(beside))
	}
	if err := r.placeEvidence(beside, n); err != nil {
		return 0, errors.Join(err, r.discard(r.Path(n)), os.RemoveAll(beside))
	}
	return n, nil
}

// number renames a staged folder to the next number.
func (r Room) number(staged string) (int, error) {
	for range 100 {
		n, err := r.Next()
		if err != nil {
			return 0, err
		}
		err = os.Rename(staged, r.Path(n))
		if err == nil {
			return n, nil
		}
		if _, taken := os.Lstat(r.Path(n)); taken != nil {
			return 0, err
		}
		// another process took the number between Next and Rename
	}
	return 0, fault.New(fault.Busy, "try again", "%s: other builds take every number", r.Dir)
}

// Switch points `current` at generation n by one rename: whoever looks sees
// the old one or the new one, whole. When it returns the disk has that.
func (r Room) Switch(n int) error {
	if err := r.Point(n); err != nil {
		return err
	}
	return syncDir(r.Dir)
}

// Point is Switch without waiting for the disk, which may show the old one once
// more after a power cut: for a generation that can be built again.
func (r Room) Point(n int) error {
	if !r.Has(n) {
		return fault.New(fault.NotFound, "snug history lists the generations", "%s has no generation %d", filepath.Base(r.Dir), n)
	}
	temp := filepath.Join(r.Dir, fmt.Sprintf("%scurrent-%d", tempPrefix, os.Getpid()))
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writePointer(temp, strconv.Itoa(n)); err != nil {
		return err
	}
	if err := os.Rename(temp, r.current()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

func writePointer(path, text string) error {
	if runtime.GOOS != "windows" {
		return os.Symlink(text, path)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// doubt is the mark beside a generation that was found changed.
func doubt(path string) string { return path + ".changed" }

// Doubt notes that the generation at path (Room.Path) is not as it was built,
// or that it is again: a build does not count on one that is not.
func Doubt(path string, changed bool) error {
	if changed {
		return os.WriteFile(doubt(path), nil, 0o644)
	}
	if err := os.Remove(doubt(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Doubted tells whether the generation at path was found changed.
func Doubted(path string) bool {
	_, err := os.Lstat(doubt(path))
	return err == nil
}

// staleAfter is when a staged folder counts as left behind by a killed build.
const staleAfter = 24 * time.Hour

// Prune removes all but the newest keep generations, the current one and (on
// Linux) those that run just now, and what killed builds left behind. It returns how many generations went.
func (r Room) Prune(keep int) (int, error) {
	current, _ := r.Current()
	numbers, err := r.numbers()
	if err != nil {
		return 0, err
	}
	kept := map[string]bool{r.Path(current): true}
	for _, n := range numbers[max(0, len(numbers)-keep):] {
		kept[r.Path(n)] = true
	}
	return r.PruneIf(func(path string) bool { return !kept[path] && !running(path) })
}

// PruneIf removes the generations of which old says so, by their paths, and what
// killed builds left behind.
func (r Room) PruneIf(old func(path string) bool) (int, error) {
	numbers, err := r.numbers()
	if err != nil {
		return 0, err
	}
	gone := 0
	for _, n := range numbers {
		if !old(r.Path(n)) {
			continue
		}
		if err := r.discard(r.Path(n)); err != nil {
			return gone, err
		}
		gone++
	}
	return gone, r.sweep()
}

// discard renames first, so that a half-removed generation never has a number.
func (r Room) discard(path string) error {
	temp := filepath.Join(r.Dir, tempPrefix+"gone-"+filepath.Base(path))
	if err := os.Rename(path, temp); err != nil {
		return err
	}
	return errors.Join(Doubt(path, false), discardEvidence(path), os.RemoveAll(temp))
}

func (r Room) sweep() error {
	entries, err := os.ReadDir(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), tempPrefix) && time.Since(info.ModTime()) > staleAfter {
			errs = append(errs, os.RemoveAll(filepath.Join(r.Dir, e.Name())))
		}
	}
	return errors.Join(append(errs, err, r.sweepEvidence())...)
}

// syncDir makes renames in dir last. Windows cannot open folders for that.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
