package wheel

import (
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"snug/internal/dist"
	"snug/internal/elf"
)

// native is what an ELF file asks of the system that it will run on.
type native struct {
	glibc   [2]int   // the newest version of glibc that a symbol names; zero: none
	runpath []string // folders in which libraries are looked for
}

// natives reads the native libraries that were unpacked: what they need, and what
// of their build machine they still speak of.
func (in *install) natives() error {
	var newest [2]int // glibc that is asked for
	var by string
	for _, f := range in.files {
		if !strings.Contains(path.Base(f.Path), ".so") {
			continue
		}
		n, ok, err := in.native(f.Path)
		if err != nil {
			in.note("%s: %v", in.short(f.Path), err)
		}
		if !ok {
			continue
		}
		if elf.Older(newest, n.glibc) {
			newest, by = n.glibc, in.short(f.Path)
		}
		for _, dir := range n.runpath {
			if leaves(f.Path, dir) {
				in.note("%s looks for libraries in %s, outside of the runtime", in.short(f.Path), dir)
			}
		}
	}
	// Said, not refused: some libraries are for special uses, and loaded by nobody else.
	if promised := promise(in.name); promised != [2]int{} && elf.Older(promised, newest) {
		in.note("%s needs glibc %d.%d, and the wheel's name promises %d.%d", by, newest[0], newest[1], promised[0], promised[1])
	}
	return nil
}

func (in *install) native(name string) (native, bool, error) {
	f, err := os.Open(filepath.Join(in.dir, filepath.FromSlash(name)))
	if err != nil {
		return native{}, false, err
	}
	n, ok, err := readNative(f)
	return n, ok, errors.Join(err, f.Close())
}

// readNative reads an ELF file; ok is false for any other, and for one of a
// platform that is no target.
func readNative(r io.ReaderAt) (native, bool, error) {
	f, ok, err := elf.Open(r)
	if !ok || err != nil {
		return native{}, ok, err
	}
	d, err := f.Dynamic()
	if err != nil {
		return native{}, true, err
	}
	return native{glibc: d.Glibc(), runpath: d.RunPath}, true, nil
}

// short is a path as people know it: below site-packages, where it lies there.
func (in *install) short(name string) string { return strings.TrimPrefix(name, in.site+"/") }

// leaves tells whether a folder that a library names ($ORIGIN is its own) lies
// outside of the runtime. An empty one is no folder.
func leaves(library, dir string) bool {
	for _, origin := range []string{"$ORIGIN", "${ORIGIN}"} {
		if rest, ok := strings.CutPrefix(dir, origin); ok {
			return !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(library), rest)))
		}
	}
	return dir != ""
}

// promise is the oldest glibc that the wheel's tags say is enough (PEP 600), zero
// if they say nothing of it.
func promise(name dist.WheelName) (least [2]int) {
	legacy := map[string][2]int{"manylinux1": {2, 5}, "manylinux2010": {2, 12}, "manylinux2014": {2, 17}}
	for _, tag := range name.Tags {
		first, rest, _ := strings.Cut(tag.Platform, "_")
		v, ok := legacy[first]
		if first == "manylinux" {
			parts := strings.SplitN(rest, "_", 3)
			if ok = len(parts) == 3; ok {
				v = versionOf(parts[0], parts[1])
			}
		}
		if ok && (least == [2]int{} || elf.Older(v, least)) {
			least = v
		}
	}
	return least
}

// versionOf is zero where one of them is no small number.
func versionOf(major, minor string) [2]int {
	a, err := strconv.ParseUint(major, 10, 16)
	b, err2 := strconv.ParseUint(minor, 10, 16)
	if err != nil || err2 != nil {
		return [2]int{}
	}
	return [2]int{int(a), int(b)}
}
