package manifest

import (
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"snug/internal/fault"
)

// Repository is where a requirement names a state of a repository.
type Repository struct {
	URL          string // of the repository, https:// or http://, without a login
	Revision     string // a commit, branch or tag; "": what the repository has as its newest
	Subdirectory string // where in it the package lies; "": at the top
}

const repositoryHint = "such as NAME @ git+https://code.example/name@v1.0"

// Repository is the one that r names by git+https://…@REVISION#subdirectory=…; ok is
// false where r names none. Other systems and protocols are a fault.Unsupported.
func (r Requirement) Repository() (repo Repository, ok bool, err error) {
	system, rest, plus := strings.Cut(r.URL, "+")
	if !plus || strings.Contains(system, ":") {
		return repo, false, nil
	}
	u, err := url.Parse(rest)
	if err != nil {
		return repo, true, fault.New(fault.Input, repositoryHint, "%s: %s: malformed address of a repository", r.Origin, r.Name)
	}
	if system != "git" || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return repo, true, fault.New(fault.Unsupported, repositoryHint, "%s: %s comes from a repository by %s+%s, and snug reads git over https only", r.Origin, r.Name, system, u.Scheme)
	}
	escaped := u.EscapedPath()
	if at := strings.LastIndexByte(escaped, '@'); at >= 0 {
		if repo.Revision, err = url.PathUnescape(escaped[at+1:]); err != nil || repo.Revision == "" {
			return repo, true, fault.New(fault.Input, repositoryHint, "%s: %s: no revision stands behind the @", r.Origin, r.Name)
		}
		escaped = escaped[:at]
	}
	repo.URL, repo.Subdirectory = u.Scheme+"://"+u.Host+escaped, r.Subdirectory()
	if !isRevision(repo.Revision) {
		return repo, true, fault.New(fault.Input, repositoryHint, "%s: %s: %q can be no revision", r.Origin, r.Name, repo.Revision)
	}
	return repo, true, nil
}

// isRevision keeps to what git allows as the name of a reference, roughly.
func isRevision(text string) bool {
	return len(text) <= 255 && !strings.ContainsAny(text, " ~^:?*[\\\x7f") && !strings.Contains(text, "..") && !strings.HasPrefix(text, "-") &&
		!strings.ContainsFunc(text, func(c rune) bool { return c < ' ' })
}

// Subdirectory is where in the archive, folder or repository the package lies, with
// slashes; "" is its top.
func (r Requirement) Subdirectory() string {
	if r.within != "" {
		return r.within
	}
	_, fragment, _ := strings.Cut(r.URL, "#")
	return fragmentOf(fragment, "subdirectory")
}

func fragmentOf(fragment, key string) string {
	for part := range strings.SplitSeq(fragment, "&") {
		if value, ok := strings.CutPrefix(part, key+"="); ok {
			return value
		}
	}
	return ""
}

// checkWithin refuses a subdirectory that leads out.
func (r Requirement) checkWithin() error {
	within := r.Subdirectory()
	if within == "" || within == path.Clean(within) && filepath.IsLocal(filepath.FromSlash(within)) && !strings.Contains(within, `\`) {
		return nil
	}
	return inputAt(r.Origin.File, r.Origin.Line, "a folder below the top, such as packages/core", "%s: the subdirectory %q leads out of the source", r.Name, within)
}

// gitURL is the address of a repository's state, as requirements have it.
func gitURL(repository, revision, within string) string {
	out := strings.TrimPrefix(repository, "git+")
	out = "git+" + out
	if revision != "" {
		out += "@" + strings.NewReplacer("%2F", "/", "@", "%40").Replace(url.PathEscape(revision))
	}
	return inFolder(out, within)
}

// inFolder is an address with the subdirectory in its fragment.
func inFolder(address, within string) string {
	switch {
	case within == "":
		return address
	case strings.Contains(address, "#"):
		return address + "&subdirectory=" + within
	}
	return address + "#subdirectory=" + within
}

// placed is a requirement of which a file:// address is a path.
func (p *Project) placed(r Requirement) (Requirement, error) {
	if err := r.checkWithin(); err != nil {
		return r, err
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return r, nil // whoever fetches it says so
	}
	if u.User != nil { // of a table that is read in parts
		r.login = newRequirement(r.Requirement, r.Origin).login
		r.URL = bare(r.URL)
	}
	if u.Scheme != "file" {
		return r, nil
	}
	if u.Host != "" && u.Host != "localhost" || u.Path == "" {
		return r, inputAt(r.Origin.File, r.Origin.Line, "file:///folder/on/this/machine", "%s: %s names no file of this machine", r.Name, r.URL)
	}
	r.within = r.Subdirectory()
	if sum := fragmentOf(u.Fragment, "sha256"); sum != "" {
		r.Hashes = append(r.Hashes, "sha256:"+strings.ToLower(sum))
	}
	full := u.Path
	if runtime.GOOS == "windows" {
		full = strings.TrimPrefix(full, "/")
	}
	r.URL, r.Path = "", path.Clean(full)
	if rel, err := filepath.Rel(p.root(), filepath.FromSlash(full)); err == nil {
		r.Path = filepath.ToSlash(rel)
	}
	return r, nil
}
