package index

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"snug/internal/dist"
)

// page is a project page as the index sent it, JSON or HTML, before the names
// of its files are understood.
type page struct {
	files                []File // Wheel and Version not set
	status, statusReason string
	versioned            bool // HTML that names its version of the API
	skipped              int  // links that are no file
}

// understand reads version and tags from the file name and reports whether the
// file is a wheel or an sdist of the project. Indexes hold many that are
// neither: eggs, installers, versions from before PEP 440.
func (f *File) understand(names *dist.NameReader, project string) bool {
	if strings.HasSuffix(f.Name, ".whl") {
		w, err := names.Wheel(f.Name)
		if err != nil || w.Name != project {
			return false
		}
		f.Wheel, f.Version = &w, w.Version
		return true
	}
	s, err := names.Sdist(f.Name, project)
	if err != nil {
		return false
	}
	f.Version = s.Version
	return true
}

// setURL resolves an address of the page and takes the file name and a hash
// from it where the page gave none.
func (f *File) setURL(base *url.URL, ref string) error {
	if isPlain(ref) && strings.HasSuffix(ref, "/"+f.Name) {
		f.URL = ref
		return checkFileName(f.Name)
	}
	u, err := base.Parse(ref)
	if err != nil {
		return fmt.Errorf("file address %q is malformed", ref)
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("file address of scheme %q", u.Scheme)
	}
	if alg, sum, ok := strings.Cut(u.Fragment, "="); ok && f.Hashes == "" && isHash(alg, sum) {
		f.Hashes = NewHashes(map[string]string{alg: strings.ToLower(sum)})
	}
	u.Fragment, u.RawFragment, u.User = "", "", nil
	f.URL = u.String()
	if f.Name == "" {
		f.Name = u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	}
	return checkFileName(f.Name)
}

// absolute is the address that ref means on a page; "" where it is none that can
// be fetched.
func absolute(base *url.URL, ref string) string {
	if ref == "" || isPlain(ref) {
		return ref
	}
	u, err := base.Parse(ref)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	u.User = nil
	return u.String()
}

func checkFileName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00\n") {
		return errors.New("a file has no proper name")
	}
	return nil
}

// isPlain reports whether ref is an absolute address that parsing would give
// back unchanged. Nearly all are, and a page has thousands.
func isPlain(ref string) bool {
	rest, ok := strings.CutPrefix(ref, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(ref, "http://")
	}
	if !ok || rest == "" || rest[0] == '/' || strings.Contains(rest, "/.") {
		return false
	}
	return addressBytes.holdAll(rest)
}

// asciiSet has a bit for each of the first 128 bytes.
type asciiSet [2]uint64

// Letters, digits and "-./:_"; hexadecimal digits.
var (
	addressBytes = asciiSet{0x3ff<<'0' | 1<<'-' | 1<<'.' | 1<<'/' | 1<<':', 0x3ffffff<<('A'-64) | 0x3ffffff<<('a'-64) | 1<<('_'-64)}
	hexBytes     = asciiSet{0x3ff << '0', 0x3f<<('A'-64) | 0x3f<<('a'-64)}

	lowerHexBytes = asciiSet{0x3ff << '0', 0x3f << ('a' - 64)}
)

func (s *asciiSet) holdAll(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= 128 || s[c>>6]>>(c&63)&1 == 0 {
			return false
		}
	}
	return true
}

var hashLengths = map[string]int{"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}

func isHash(alg, sum string) bool {
	n, ok := hashLengths[alg]
	return ok && len(sum) == n && hexBytes.holdAll(sum)
}

// checkVersion refuses a major version of the API that came after us (PEP 629).
func checkVersion(v string) error {
	if major, _, _ := strings.Cut(v, "."); v != "" && major != "1" {
		return fmt.Errorf("version %.20q of the simple API is not known", v)
	}
	return nil
}
