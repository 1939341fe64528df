package cpython

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/fault"
)

// tidy takes everything out of the installed tree that its profile leaves out, that
// debuggers alone read, or that tells of the build.
func (b *build) tidy(ctx context.Context) error {
	installed := filepath.Join(b.out.Host, "install")
	if err := trim(installed, trims(b.choice, b.minor())); err != nil {
		return err
	}
	root, err := os.OpenRoot(installed)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll("lib/python"+b.minor()+"/lib-dynload", 0o755); err != nil {
		return err
	}
	if err := root.WriteFile("lib/python"+b.minor()+"/lib-dynload/README.txt", []byte(dynloadNote), 0o644); err != nil {
		return err
	}
	for _, pattern := range []string{"_sysconfigdata_*.py", "config-*/Makefile"} {
		names, err := fs.Glob(root.FS(), "lib/python"+b.minor()+"/"+pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := editIn(root, name, func(text string) (string, error) { return cleaned(text, b.recipe.source), nil }); err != nil {
				return err
			}
		}
	}
	return b.strip(ctx, installed)
}

// dynloadNote keeps the folder, of which nothing else may be left: Python looks for it
// at start, and complains where it is not there.
const dynloadNote = "The modules of this Python are part of its executable.\n"

// trim removes what the patterns match below dir.
func trim(dir string, patterns []string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, pattern := range patterns {
		names, err := fs.Glob(root.FS(), pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := root.RemoveAll(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Words of flags and paths that tell of the build, and would mislead what builds
// extensions on another machine.
var (
	mapWord    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s?-ffile-prefix-map=[^\s'"]*`) })
	folderWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|[\s'"=])-[IL]/usr/[^\s'"]*`) })
	toolPath   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`/(usr/)?bin/(install|mkdir)\b`) })
)

// cleaned takes the folder of the sources, and those where this machine's compiler
// looks, out of sysconfig's data or of a Makefile.
func cleaned(text, source string) string {
	text = mapWord().ReplaceAllString(text, "")
	text = folderWord().ReplaceAllString(text, "$1")
	text = toolPath().ReplaceAllString(text, "$2")
	return regexp.MustCompile(regexp.QuoteMeta(source)+`(/|['"\s]|$)`).ReplaceAllString(text, ".$1")
}

// strip takes the symbols that only debuggers read out of every native file.
func (b *build) strip(ctx context.Context, installed string) error {
	files, err := elfFiles(installed)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fault.New(fault.Failed, "", "install left no native file")
	}
	argv := []string{"strip", "--strip-unneeded"}
	for _, name := range files {
		argv = append(argv, b.inside("install/"+name))
	}
	return b.run(ctx, "strip", argv...)
}

// elfFiles are the names of the native files below dir, sorted.
func elfFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		ok, err := isELF(path)
		if ok {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	slices.Sort(out)
	return out, err
}

func isELF(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	head := make([]byte, 4)
	_, err = io.ReadFull(f, head)
	if err = errors.Join(err, f.Close()); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil // shorter than any
	}
	return strings.HasPrefix(string(head), "\x7fELF"), err
}
