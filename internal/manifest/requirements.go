package manifest

import (
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/fault"
)

// Requirements is what a requirements file says, with the files it includes.
type Requirements struct {
	Requirements   []Requirement
	Constraints    []Requirement
	IndexURL       string
	ExtraIndexURLs []string
	Build          BuildSettings // of --no-binary and --only-binary
	Files          []string      // every file read, absolute, in order
	Notes          []string      // options that are not obeyed, with their place
}

// ReadRequirements reads the file and those that it includes. Paths in the
// result are relative to the file's folder. Errors are fault.Input with the
// file and the line.
func ReadRequirements(path string, env func(string) string) (*Requirements, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return readRequirements(filepath.Dir(path), path, env)
}

// ParseRequirements is ReadRequirements for the text of a file at path, which is
// not read; the files that it includes are.
func ParseRequirements(src []byte, path string, env func(string) string) (*Requirements, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	rd := &reader{root: filepath.Dir(path), env: env, out: &Requirements{}}
	if err := rd.text(src, path, nil); err != nil {
		return nil, err
	}
	return rd.out, nil
}

func readRequirements(root, path string, env func(string) string) (*Requirements, error) {
	rd := &reader{root: root, env: env, out: &Requirements{}}
	if err := rd.file(path, Origin{}, nil); err != nil {
		return nil, err
	}
	return rd.out, nil
}

// reader collects one requirements file and its includes.
type reader struct {
	root       string
	env        func(string) string
	out        *Requirements
	constraint bool // reading below -c
}

// Relative is a path as messages and origins show it: with slashes, and relative
// where it lies below root.
func Relative(root, path string) string {
	if rel, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// file reads one file. from is the line that named it, via the open includes.
func (rd *reader) file(path string, from Origin, via []string) error {
	name := Relative(rd.root, path)
	if i := slices.Index(via, path); i >= 0 {
		chain := make([]string, 0, len(via))
		for _, v := range append(slices.Clone(via[i:]), path) {
			chain = append(chain, Relative(rd.root, v))
		}
		return inputAt(from.File, from.Line, "remove one -r of the chain", "files include each other: %s", strings.Join(chain, " -> "))
	}
	if len(rd.out.Files) >= maxIncludes {
		return inputAt(from.File, from.Line, "do the files include each other under many names?", "more than %d requirements files are included", maxIncludes)
	}
	src, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if from.File == "" {
			return fault.New(fault.NotFound, "the path starts from the folder that snug is run in", "no requirements file %s", name)
		}
		return inputAt(from.File, from.Line, "paths start from the folder of the file that names them", "no requirements file %s", name)
	}
	if err != nil && from.File != "" {
		return inputAt(from.File, from.Line, fault.HintOf(err), "%w", err)
	}
	if err != nil {
		return err
	}
	return rd.text(src, path, via)
}

// text reads what stands in one file.
func (rd *reader) text(src []byte, path string, via []string) error {
	if err := checkText(Relative(rd.root, path), src); err != nil {
		return err
	}
	if !slices.Contains(rd.out.Files, path) {
		rd.out.Files = append(rd.out.Files, path)
	}
	for _, l := range logicalLines(src) {
		if err := rd.line(l, path, append(slices.Clone(via), path)); err != nil {
			return err
		}
	}
	return nil
}

// line reads one logical line.
func (rd *reader) line(l logical, path string, via []string) error {
	at := Origin{File: Relative(rd.root, path), Line: l.line}
	text, missing := expand(l.text, rd.env)
	if missing != "" {
		return inputAt(at.File, at.Line, "set it in the environment", "the variable %s is not set", missing)
	}
	if text == "" {
		return nil
	}
	if strings.HasPrefix(text, "-") {
		return rd.option(text, at, path, via)
	}
	return rd.requirement(text, at, filepath.Dir(path), false)
}

// option reads a line that is an option: "-r file", "-rfile", "--name=value".
func (rd *reader) option(text string, at Origin, path string, via []string) error {
	name, arg := cutOption(text)
	needsArg := map[string]bool{"-r": true, "-c": true, "-e": true, "-i": true, "--extra-index-url": true, "--no-binary": true, "--only-binary": true}
	if needsArg[name] && arg == "" {
		return inputAt(at.File, at.Line, "write it as "+name+" VALUE", "%s needs a value", name)
	}
	switch name {
	case "-r", "-c":
		return rd.include(name, arg, at, path, via)
	case "-e":
		return rd.requirement(arg, at, filepath.Dir(path), true)
	case "-i":
		rd.out.IndexURL = arg
	case "--extra-index-url":
		rd.out.ExtraIndexURLs = append(rd.out.ExtraIndexURLs, arg)
	case "-f":
		rd.note(at, "--find-links is ignored: snug reads package indexes only")
	case "--no-index":
		rd.note(at, "--no-index is ignored: it would leave no place to find packages")
	case "--no-binary", "--only-binary":
		return rd.builds(name, arg, at)
	case "--pre", "--prefer-binary", "--require-hashes", "--trusted-host", "--use-feature":
		rd.note(at, name+" is ignored: "+ignored[name])
	default:
		return inputAt(at.File, at.Line, "pip's requirements file format knows -r, -c, -e, -i, --extra-index-url and --hash", "unknown option %s", name)
	}
	return nil
}

// ignored says why an option of pip needs no obeying here.
var ignored = map[string]string{
	"--pre":            "name a pre-release in the specifier, as in >=2.0rc1",
	"--prefer-binary":  "of one release a wheel comes before the sdist anyway; bound the versions to get an older one",
	"--require-hashes": "snug always checks hashes, those of the lock",
	"--trusted-host":   "certificates are always checked; name yours with SSL_CERT_FILE",
	"--use-feature":    "it is a switch of pip's own",
}

func (rd *reader) note(at Origin, text string) {
	if len(rd.out.Notes) < maxNotes {
		rd.out.Notes = append(rd.out.Notes, at.String()+": "+text)
	}
}

// cutOption splits an option line and gives its short or only name.
func cutOption(text string) (name, arg string) {
	if strings.HasPrefix(text, "--") {
		i := strings.IndexAny(text, "= \t")
		if i < 0 {
			i = len(text)
		}
		name, arg = text[:i], strings.TrimLeft(text[i:], "= \t")
	} else {
		n := min(2, len(text))
		name, arg = text[:n], text[n:]
	}
	long := map[string]string{"--requirement": "-r", "--constraint": "-c", "--editable": "-e", "--index-url": "-i", "--pypi-url": "-i", "--find-links": "-f"}
	if short, ok := long[name]; ok {
		name = short
	}
	return name, strings.Trim(strings.TrimSpace(arg), `"'`)
}

// include reads the file of -r or -c.
func (rd *reader) include(name, arg string, at Origin, path string, via []string) error {
	if strings.Contains(arg, "://") {
		return inputAt(at.File, at.Line, "download it and name the file", "%s %s: requirements files are not read from the network", name, redact(arg))
	}
	if !filepath.IsAbs(arg) {
		arg = filepath.Join(filepath.Dir(path), filepath.FromSlash(arg))
	}
	was := rd.constraint
	rd.constraint = was || name == "-c"
	defer func() { rd.constraint = was }()
	return rd.file(filepath.Clean(arg), at, via)
}

// perRequirement finds where the options of a requirement begin.
var perRequirement = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s--?[a-zA-Z]`) })

// requirement reads "name…", "name @ url", a URL or a path, with its options.
func (rd *reader) requirement(text string, at Origin, dir string, editable bool) error {
	options := ""
	if loc := perRequirement().FindStringIndex(text); loc != nil {
		text, options = strings.TrimSpace(text[:loc[0]]), text[loc[0]:]
	}
	r, err := rd.parse(text, at, dir)
	if err != nil {
		return err
	}
	r.Editable = editable
	if editable && r.Path == "" {
		return inputAt(at.File, at.Line, "name a folder, or drop -e", "-e %s: only a local folder can be editable", redact(text))
	}
	if err := rd.requirementOptions(&r, options, at); err != nil {
		return err
	}
	if rd.constraint {
		rd.out.Constraints = append(rd.out.Constraints, r)
	} else {
		rd.out.Requirements = append(rd.out.Requirements, r)
	}
	return nil
}

// requirementOptions reads --hash, and notes what only matters to builds.
func (rd *reader) requirementOptions(r *Requirement, options string, at Origin) error {
	ws := words(options)
	for i := 0; i < len(ws); i++ {
		name, arg, joined := strings.Cut(ws[i], "=")
		if !joined && i+1 < len(ws) {
			i++
			arg = ws[i]
		}
		switch name {
		case "--hash":
			alg, hex, ok := strings.Cut(arg, ":")
			if !ok || hashLen[alg] != len(hex) || strings.Trim(strings.ToLower(hex), "0123456789abcdef") != "" {
				return inputAt(at.File, at.Line, "such as --hash=sha256:… with 64 hex digits", "%s: malformed hash %q", r.Name, arg)
			}
			r.Hashes = append(r.Hashes, alg+":"+strings.ToLower(hex))
		case "--config-settings", "--config-setting", "-C", "--global-option":
			rd.note(at, name+" is ignored: snug takes wheels")
		default:
			return inputAt(at.File, at.Line, "a requirement may be followed by --hash", "%s: unknown option %s", r.Name, name)
		}
	}
	return nil
}

// hashLen is the number of hex digits of the hashes that pip allows.
var hashLen = map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}

// redact takes credentials out of a URL.
func redact(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	u.User = url.User("****")
	return u.String()
}
