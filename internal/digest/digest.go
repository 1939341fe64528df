// Package digest names bytes by their SHA-256, and a tree of files by the SHA-256 of its sorted
// list. It is not a store and reads no directories. The one hard idea: a tree's digest covers mode,
// content and path of every file and nothing else (no time, owner, host or root), so that the same
// runtime has the same name on every machine.
package digest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
)

// SHA256 is the hash of some bytes. The zero value means "none".
type SHA256 [sha256.Size]byte

// Parse reads 64 hexadecimal digits of either case.
func Parse(text string) (SHA256, error) {
	var sum SHA256
	if len(text) != hex.EncodedLen(len(sum)) {
		return SHA256{}, fmt.Errorf("sha256 %.80q: want 64 hexadecimal digits, have %d characters", text, len(text))
	}
	if _, err := hex.Decode(sum[:], []byte(text)); err != nil {
		return SHA256{}, fmt.Errorf("sha256 %q: %w", text, err)
	}
	return sum, nil
}

// Of hashes b.
func Of(b []byte) SHA256 { return sha256.Sum256(b) }

// OfReader hashes everything up to EOF and says how many bytes there were. The caller bounds r.
func OfReader(r io.Reader) (SHA256, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return SHA256{}, n, err
	}
	return SHA256(h.Sum(nil)), n, nil
}

// OfFile hashes the content of a file.
func OfFile(name string) (SHA256, error) {
	f, err := os.Open(name)
	if err != nil {
		return SHA256{}, err
	}
	defer f.Close() // only read from
	sum, _, err := OfReader(f)
	return sum, err
}

// String is the hash in lower-case hexadecimal digits.
func (s SHA256) String() string { return hex.EncodeToString(s[:]) }

// IsZero reports whether there is no hash.
func (s SHA256) IsZero() bool { return s == SHA256{} }

// Entry is a file of a tree. Path is relative with forward slashes. For a symbolic link, Link is
// its target and Sum the hash of the target's text.
type Entry struct {
	Mode fs.FileMode // only the permission bits count
	Sum  SHA256
	Path string
	Link string
}

// Tree is the SHA-256 over a line "mode sha256 path\n" for every entry, sorted by path; the mode is
// four octal digits, or "link" for a symbolic link. A path that is not plain printable text is
// quoted as in Go, so that no path can imitate a second line. The order of entries is left as is.
func Tree(entries []Entry) SHA256 {
	byPath := func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) }
	sorted := entries
	if !slices.IsSortedFunc(entries, byPath) {
		sorted = slices.Clone(entries)
		slices.SortFunc(sorted, byPath)
	}
	h := sha256.New()
	var line []byte
	for _, e := range sorted {
		line = append(line[:0], e.mode()...)
		line = append(line, ' ')
		line = hex.AppendEncode(line, e.Sum[:])
		line = append(line, ' ')
		line = append(append(line, plain(e.Path)...), '\n')
		h.Write(line)
	}
	return SHA256(h.Sum(nil))
}

func (e Entry) mode() string {
	if e.Link != "" {
		return "link"
	}
	return fmt.Sprintf("%04o", e.Mode.Perm())
}

// plain is path itself, or quoted if it holds anything but printable characters or begins with a
// quote (which only a quoted path may).
func plain(path string) string {
	if isASCIIWord(path) {
		return path
	}
	quoted := strconv.Quote(path)
	if path != "" && path[0] != '"' && quoted == `"`+path+`"` {
		return path
	}
	return quoted
}

// isASCIIWord reports whether a path is of the kind that nearly all are: it
// holds nothing that quoting could change.
func isASCIIWord(path string) bool {
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return path != ""
}
