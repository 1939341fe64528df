package archive

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkName says why name cannot be a path inside an archive, "" if it can. A directory's name comes
// without its trailing slash.
func checkName(name string) string {
	switch {
	case name == "":
		return "no name"
	case len(name) > maxName:
		return "the name is longer than 4096 bytes"
	case !utf8.ValidString(name):
		return "the name is not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "a control character in the name"
	case strings.Contains(name, `\`):
		return "a backslash in the name"
	case name[0] == '/':
		return "an absolute path"
	case hasDrive(name):
		return "a drive letter"
	}
	parts := strings.Split(name, "/")
	if len(parts) > maxDepth {
		return "more than 64 directories deep"
	}
	for _, part := range parts {
		switch {
		case part == "..":
			return "the path leaves the archive"
		case part == "" || part == ".":
			return "an empty or \".\" component in the path"
		case len(part) > maxComponent:
			return "a component longer than 255 bytes"
		}
	}
	return ""
}

func hasDrive(name string) bool {
	return len(name) >= 2 && name[1] == ':' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z'
}

// names finds entries that would be one file on some file system.
type names struct {
	fold  func(string) string // what a file system may take as equal; nil: only equal bytes are
	files map[string]string   // folded path → the name as it was written
	dirs  map[string]string   // folded path of every directory, named or implied → a name under it
}

func newNames(fold func(string) string) *names {
	return &names{fold: fold, files: map[string]string{}, dirs: map[string]string{}}
}

// add takes a checked name; the reason is "" if it collides with none before it.
func (n *names) add(name string, dir bool) (reason string) {
	key := name
	if n.fold != nil {
		key = n.fold(name)
	}
	if other, ok := n.files[key]; ok {
		return collision(name, other)
	}
	if dir {
		n.dirs[key] = name
	} else {
		if other, ok := n.dirs[key]; ok {
			return "a file where " + quote(other) + " needs a directory"
		}
		n.files[key] = name
	}
	for parent := path.Dir(key); parent != "."; parent = path.Dir(parent) {
		if other, ok := n.files[parent]; ok {
			return "it lies under " + quote(other) + ", which is a file"
		}
		if _, ok := n.dirs[parent]; ok {
			break
		}
		n.dirs[parent] = name
	}
	return ""
}

func collision(name, other string) string {
	if name == other {
		return "the name is there twice"
	}
	return "it is the same file as " + quote(other) + " where case or Unicode form is not kept"
}

func quote(s string) string { return "\"" + s + "\"" }

// Fold maps paths that macOS or Windows would take as one to one text: letter case, trailing
// dots and spaces of a component, and composed against decomposed letters.
func Fold(name string) string {
	if isSimple(name) {
		return strings.ToLower(name)
	}
	parts := strings.Split(decompose(name), "/")
	for i, part := range parts {
		parts[i] = strings.TrimRight(strings.Map(foldRune, part), ". ")
	}
	return strings.Join(parts, "/")
}

// isSimple reports ASCII without anything that a component could end in and lose.
func isSimple(name string) bool {
	for i := range len(name) {
		c := name[i]
		last := i+1 == len(name) || name[i+1] == '/'
		if c >= utf8.RuneSelf || last && (c == '.' || c == ' ') {
			return false
		}
	}
	return true
}

// foldRune is the lower-case letter of r's case orbit, else its smallest member.
func foldRune(r rune) rune {
	least := r
	for s := unicode.SimpleFold(r); s != r; s = unicode.SimpleFold(s) {
		least = min(least, s)
	}
	if least >= 'A' && least <= 'Z' {
		return least + ('a' - 'A')
	}
	return least
}
