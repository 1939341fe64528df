package git

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"snug/internal/archive"
	"snug/internal/fault"
)

// laying is a commit on its way into a folder.
type laying struct {
	pack  *pack
	root  *os.Root
	out   *Commit
	files int
	total int64
}

// checkout lays the files of a commit out.
func checkout(p *pack, commit, dir string) (*Commit, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return nil, fault.New(fault.Internal, "", "snug: internal error: %s is not empty: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	want, err := parseID(commit)
	if err != nil {
		return nil, err
	}
	text, err := p.object(want, aCommit)
	if err != nil {
		return nil, err
	}
	tree, at, err := readCommit(string(text))
	if err != nil {
		return nil, err
	}
	l := &laying{pack: p, root: root, out: &Commit{Time: at}}
	return l.out, l.tree(tree, ".", 0)
}

func parseID(text string) (id, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(id{}) {
		return id{}, damaged("%.60q is no object id", text)
	}
	return id(raw), nil
}

// object is the content of what an id names.
func (p *pack) object(want id, kind int) ([]byte, error) {
	at, ok := p.byID[want]
	if !ok {
		return nil, damaged("the server did not send the %s %s", kinds[kind], want)
	}
	have, content, err := p.content(at, 0)
	if err == nil && have != kind {
		err = damaged("%s is a %s, not a %s", want, kinds[have], kinds[kind])
	}
	return content, err
}

// readCommit reads the tree and the committer's time.
func readCommit(text string) (tree id, at time.Time, err error) {
	head, _, _ := strings.Cut(text, "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case key == "tree":
			if tree, err = parseID(value); err != nil {
				return tree, at, err
			}
		case key == "committer" && strings.Contains(value, "> "):
			stamp, _, _ := strings.Cut(value[strings.LastIndex(value, "> ")+2:], " ")
			seconds, err := strconv.ParseInt(stamp, 10, 64)
			if err != nil || seconds < 0 || seconds > 1<<33 {
				return tree, at, damaged("the commit has no time: %.60q", stamp)
			}
			at = time.Unix(seconds, 0).UTC()
		}
	}
	if tree == (id{}) || at.IsZero() {
		return tree, at, damaged("the commit is malformed")
	}
	return tree, at, nil
}

// The modes of a tree's entries.
const (
	modeDir  = "40000"
	modeFile = "100644"
	modeOld  = "100664"
	modeExec = "100755"
	modeLink = "120000"
	modeSub  = "160000"
)

// tree lays one folder out.
func (l *laying) tree(tree id, dir string, depth int) error {
	if depth > maxDepth {
		return refuse(dir, "more than 64 directories deep")
	}
	rest, err := l.pack.object(tree, aTree)
	if err != nil {
		return err
	}
	for len(rest) > 0 {
		head, after, ok := bytes.Cut(rest, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		if !ok || !spaced || len(after) < len(id{}) {
			return damaged("the tree %s is malformed", tree)
		}
		of := id(after[:len(id{})])
		rest = after[len(id{}):]
		full := path.Join(dir, name)
		if reason := checkName(name); reason != "" {
			return refuse(full, reason)
		}
		if l.files++; l.files > maxFiles {
			return refuse(full, "more than 200000 files")
		}
		if err := l.entry(mode, full, of, depth); err != nil {
			return err
		}
	}
	return nil
}

func (l *laying) entry(mode, name string, of id, depth int) error {
	switch mode {
	case modeDir:
		if err := l.root.Mkdir(name, 0o755); err != nil {
			return err
		}
		return l.tree(of, name, depth+1)
	case modeSub:
		l.out.Submodules = append(l.out.Submodules, name)
		return l.root.Mkdir(name, 0o755)
	case modeFile, modeOld, modeExec, modeLink:
	default:
		return damaged("%s has the unknown mode %.10q", name, mode)
	}
	content, err := l.pack.object(of, aBlob)
	if err != nil {
		return err
	}
	if l.total += int64(len(content)); l.total > maxTotal {
		return refuse(name, "more than 4 GB in all")
	}
	if mode == modeLink {
		return l.link(name, string(content))
	}
	perm := fs.FileMode(0o644)
	if mode == modeExec {
		perm = 0o755
	}
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return l.root.Chtimes(name, l.out.Time, l.out.Time)
}

// link makes a symbolic link that stays inside; nothing is laid out behind one.
func (l *laying) link(name, target string) error {
	if reason := archive.CheckLink(name, target); reason != "" {
		return refuse(name, reason)
	}
	return l.root.Symlink(target, name)
}

// checkName says why a name cannot be one in a folder, "" if it can.
func checkName(name string) string {
	switch {
	case name == "" || name == "." || name == "..":
		return "the path leaves the repository"
	case strings.EqualFold(name, ".git"):
		return "a repository inside of the repository"
	case strings.ContainsAny(name, `/\`):
		return "a separator in the name"
	case len(name) > 255:
		return "a name longer than 255 bytes"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "a control character in the name, or one that is not UTF-8"
	}
	return ""
}

func refuse(entry, reason string) error { return &archive.UnsafeError{Entry: entry, Reason: reason} }
