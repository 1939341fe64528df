package repro

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"snug/internal/dist"
	"snug/internal/elf"
	"snug/internal/fault"
	"snug/internal/pytag"
)

// system lists the libraries that every Linux with glibc has (PEP 600: the loader, the parts of
// glibc, the runtimes of C and C++, and zlib, without which no package manager unpacks anything). X11,
// OpenGL and GLib, which PEP 513 allowed too, are absent from servers and images, so that a wheel
// which needs them keeps the tag of its machine.
var system = []string{
	"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0",
	"libutil.so.1", "libnsl.so.1", "libresolv.so.2", "libanl.so.1", "libmvec.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1",
}

// bundledToo are those of system that wheels bring all the same; the parts of glibc are never another's.
var bundledToo = []string{"libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"}

// since says from which glibc on systems also bring a runtime of the compiler that is new enough.
type since struct {
	version [4]int
	glibc   [2]int
}

// runtimes pairs the versions of GCC's libraries and of zlib with the glibc of the first long-lived
// distributions that have them: RHEL 5, 6, 7, 8 and 9, Debian 9, Ubuntu 18.04 to 24.04. Sorted; what is newer than the last is on none.
var runtimes = map[string][]since{
	"GLIBCXX": {{[4]int{3, 4, 8}, [2]int{2, 5}}, {[4]int{3, 4, 13}, [2]int{2, 12}}, {[4]int{3, 4, 19}, [2]int{2, 17}}, {[4]int{3, 4, 22}, [2]int{2, 24}},
		{[4]int{3, 4, 24}, [2]int{2, 27}}, {[4]int{3, 4, 25}, [2]int{2, 28}}, {[4]int{3, 4, 28}, [2]int{2, 31}}, {[4]int{3, 4, 29}, [2]int{2, 34}},
		{[4]int{3, 4, 30}, [2]int{2, 35}}, {[4]int{3, 4, 33}, [2]int{2, 39}}},
	"CXXABI": {{[4]int{1, 3, 1}, [2]int{2, 5}}, {[4]int{1, 3, 3}, [2]int{2, 12}}, {[4]int{1, 3, 7}, [2]int{2, 17}}, {[4]int{1, 3, 10}, [2]int{2, 24}},
		{[4]int{1, 3, 11}, [2]int{2, 27}}, {[4]int{1, 3, 12}, [2]int{2, 31}}, {[4]int{1, 3, 13}, [2]int{2, 34}}, {[4]int{1, 3, 15}, [2]int{2, 39}}},
	"GCC": {{[4]int{4, 2, 0}, [2]int{2, 5}}, {[4]int{4, 3, 0}, [2]int{2, 12}}, {[4]int{4, 8, 0}, [2]int{2, 17}}, {[4]int{7, 0, 0}, [2]int{2, 27}},
		{[4]int{12, 0, 0}, [2]int{2, 35}}, {[4]int{14, 0, 0}, [2]int{2, 39}}},
	"ZLIB": {{[4]int{1, 2, 2, 4}, [2]int{2, 5}}, {[4]int{1, 2, 5, 2}, [2]int{2, 17}}, {[4]int{1, 2, 7, 1}, [2]int{2, 24}}, {[4]int{1, 2, 9}, [2]int{2, 27}},
		{[4]int{1, 2, 12}, [2]int{2, 36}}},
}

// retag works out which platform the natives need, and gives the wheel that tag.
func (w *work) retag(context.Context) error {
	platform := ""
	switch {
	case len(w.natives) == 0:
	case w.expect.Target.Libc == "musl":
		if err := w.musl(); err != nil {
			return err
		}
	default:
		var err error
		if platform, err = w.glibc(); err != nil {
			return err
		}
	}
	stem := strings.TrimSuffix(w.file, ".whl")
	if platform != "" {
		stem = stem[:strings.LastIndexByte(stem, '-')+1] + platform
	}
	w.report.Name = stem + ".whl"
	name, err := dist.ParseWheelName(w.report.Name)
	if err != nil {
		return w.broken("%w", err)
	}
	w.name = name
	w.report.Tags = texts(name.Tags)
	return w.allowed()
}

// allowed holds the glibc that is needed to what may be.
func (w *work) allowed() error {
	need, limit, floor := w.report.Glibc, w.expect.Glibc, w.expect.Target.Floor
	switch {
	case limit != [2]int{} && elf.Older(limit, need):
		return named(w.file, fault.New(fault.Unsupported, `build with an older glibc: toolchain = "zig" and its glibc in [tool.snug.build]`,
			"it needs glibc %d.%d, and %d.%d is allowed", need[0], need[1], limit[0], limit[1]))
	case w.expect.Target.Libc == "glibc" && elf.Older(floor, need):
		w.note(fmt.Sprintf("it needs glibc %d.%d, newer than the %d.%d that the target promises", need[0], need[1], floor[0], floor[1]))
	}
	return nil
}

// musl keeps the tag that the wheel has: musl has no versions of symbols, so that files do not tell
// which release they need (PEP 656).
func (w *work) musl() error {
	bundled := w.bundled()
	for _, l := range w.natives {
		for _, v := range l.dynamic.Versions {
			if strings.HasPrefix(v.Name, "GLIBC_") && !bundled[v.Library] {
				return w.wrongLibc(l, "musl", v.Library)
			}
		}
		for _, need := range l.Needs {
			if !bundled[need] && need != "libc.so" && !strings.HasPrefix(need, "libc.musl-") {
				w.outside(l, need)
			}
		}
	}
	w.note("its files do not tell which musl they need: the tag is the build's")
	return nil
}

func (w *work) wrongLibc(l *library, want, library string) error {
	return named(w.file, fault.New(fault.Failed, "the build used a compiler for another C library: look in its settings and its log",
		"%s is not for %s: it needs %s", l.Path, want, library))
}

// glibc is the platform tag of PEP 600, or that of this machine when a library is needed that not
// every system has.
func (w *work) glibc() (platform string, err error) {
	arch := w.expect.Target.Arch
	newest, common := [2]int{2, 17}, true
	if arch == "x86_64" {
		newest = [2]int{2, 5} // PEP 600 knows nothing older
	}
	bundled := w.bundled()
	for _, l := range w.natives {
		for _, need := range l.Needs {
			if strings.HasPrefix(need, "libc.musl-") || need == "libc.so" {
				return "", w.wrongLibc(l, "glibc", need)
			}
			if !bundled[need] && !slices.Contains(system, need) {
				w.outside(l, need)
				common = false
			}
		}
		for _, v := range l.dynamic.Versions {
			if !slices.Contains(system, v.Library) || bundled[v.Library] {
				continue
			}
			least, ok := leastGlibc(v.Name)
			if !ok {
				w.note(fmt.Sprintf("%s needs %s of %s, which no manylinux tag stands for", l.Path, v.Name, v.Library))
				common = false
			}
			newest = later(newest, least)
			w.report.Glibc = later(w.report.Glibc, least)
		}
	}
	if !common {
		return "linux_" + arch, nil
	}
	return fmt.Sprintf("manylinux_%d_%d_%s", newest[0], newest[1], arch), nil
}

func later(a, b [2]int) [2]int {
	if elf.Older(a, b) {
		return b
	}
	return a
}

// leastGlibc is the oldest glibc whose systems know a version of a symbol.
func leastGlibc(version string) (least [2]int, ok bool) {
	switch version {
	case "CXXABI_TM_1":
		return [2]int{2, 17}, true
	case "CXXABI_FLOAT128":
		return [2]int{2, 24}, true
	}
	one := elf.Dynamic{Versions: []elf.Version{{Name: version}}}
	if least := one.Glibc(); least != [2]int{} {
		return least, true
	}
	for family, known := range runtimes {
		number, ok := elf.Number(version, family)
		if !ok {
			continue
		}
		for _, k := range known {
			if slices.Compare(number[:], k.version[:]) <= 0 {
				return k.glibc, true
			}
		}
	}
	return [2]int{}, false
}

// outside notes a library that must be on the machine that runs the wheel.
func (w *work) outside(l *library, need string) {
	if strings.HasPrefix(need, "libpython") {
		w.note(fmt.Sprintf("%s is linked to %s, which an extension must not be: it loads only where that library is found", l.Path, need))
		return
	}
	w.note(fmt.Sprintf("%s needs %s of the system that runs it", l.Path, need))
}

// bundled are the names by which the wheel's own libraries are needed.
func (w *work) bundled() map[string]bool {
	own := map[string]bool{}
	for _, l := range w.natives {
		own[path.Base(l.Path)] = true
		if l.dynamic.SoName != "" {
			own[l.dynamic.SoName] = true
		}
	}
	maps.DeleteFunc(own, func(name string, _ bool) bool {
		return slices.Contains(system, name) && !slices.Contains(bundledToo, name)
	})
	return own
}

// retagged is WHEEL with the tags of the name in the place of those that it had.
func retagged(text string, tags []pytag.Tag) string {
	var out strings.Builder
	done := false
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, ":")
		if !strings.EqualFold(strings.TrimSpace(name), "Tag") {
			out.WriteString(line)
			continue
		}
		if !done {
			out.WriteString("Tag: " + strings.Join(texts(tags), "\nTag: ") + "\n")
		}
		done = true
	}
	return out.String()
}
