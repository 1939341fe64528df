package cpython

import (
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
)

// What is built of the sources.
const (
	Minimal = "minimal" // the interpreter, its library and its headers
	Full    = "full"    // that, curses, ensurepip and CPython's own tests
)

// PGO has the compiler learn from a run of the tests, and optimises across files.
const PGO = "pgo"

// recipeVersion changes whenever the same sources would be built otherwise.
const recipeVersion = "1"

// oldestMinor is the first minor whose modules can be linked into the interpreter by
// MODULE_BUILDTYPE.
const oldestMinor = 12

// choice is what of the sources is built, and how. Its text is an interpreter's ID.
type choice struct{ profile, optimize string }

func (c choice) String() string {
	id := c.profile + "-" + recipeVersion
	if c.optimize != "" {
		id += "-" + c.optimize
	}
	return id
}

// choose checks a profile ("" is Minimal) and an optimisation ("" is none).
func choose(profile, optimize string) (choice, error) {
	if profile == "" {
		profile = Minimal
	}
	if profile != Minimal && profile != Full {
		return choice{}, fault.New(fault.Usage, "the profiles are "+Minimal+" and "+Full, "there is no profile %q of Python", profile)
	}
	if optimize != "" && optimize != PGO {
		return choice{}, fault.New(fault.Usage, "the only one is "+PGO, "there is no optimisation %q of Python", optimize)
	}
	return choice{profile, optimize}, nil
}

// parseID reads an interpreter's ID. One of another recipe is refused: it names what
// this snug cannot build.
func parseID(id string) (choice, error) {
	profile, rest, _ := strings.Cut(id, "-")
	version, optimize, _ := strings.Cut(rest, "-")
	if version != recipeVersion {
		return choice{}, fault.New(fault.Unsupported, "snug lock --upgrade takes this snug's recipe", "recipe %q for building Python is not that of this snug (%s)", id, recipeVersion)
	}
	return choose(profile, optimize)
}

//go:embed probe.sh
var probeScript string

//go:embed check.py
var checkScript string

// prefix is where the Python is told that it lies; interp corrects it on import.
const prefix = "/install"

// Flags that the compiler is asked about before they are used: what an older one
// does not know is left out, and said. Those of the first list go to extensions too,
// since sysconfig hands them on.
func hardenings() (compile, link []string) {
	compile = []string{"-fstack-protector-strong", "-fstack-clash-protection", "-ftrivial-auto-var-init=zero"}
	switch runtime.GOARCH {
	case "amd64":
		compile = append(compile, "-fcf-protection=full")
	case "arm64":
		compile = append(compile, "-mbranch-protection=standard")
	}
	return compile, []string{"-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,separate-code", "-Wl,--build-id=none", "-Wl,--exclude-libs,ALL", "-Wl,--as-needed"}
}

// recipe is everything that configure is told. Folders are those that the build sees.
type recipe struct {
	choice
	minor     int
	source    string   // where the sources lie
	compiler  string   // cc
	accepted  []string // flags that the compiler takes
	libraries []library
	epoch     time.Time
}

// env is the environment of every step.
func (r recipe) env() []string {
	compile, link := hardenings()
	both := []string{"-O2", "-g0", "-fPIE", "-ffile-prefix-map=" + r.source + "=/src"}
	env := []string{
		"PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C", "TZ=UTC", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1",
		"SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.epoch.Unix(), 10),
		"CC=" + r.compiler,
		"OPT=-O2 -Wall",
		"CFLAGS=" + strings.Join(append(r.only(compile), "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"), " "),
		"CFLAGS_NODIST=" + strings.Join(both, " "),
		"LDFLAGS=" + strings.Join(r.only(link[:4]), " "),
		"LDFLAGS_NODIST=" + strings.Join(r.only(link[4:]), " "),
		"LINKFORSHARED=-pie -Xlinker -export-dynamic", // the interpreter alone: -pie and -shared exclude each other
	}
	for _, l := range r.libraries {
		env = append(env, l.variables...)
	}
	return env
}

func (r recipe) only(flags []string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return !slices.Contains(r.accepted, f) })
}

// absent are modules that are never built: readline is GPL, the others bring Tk or a
// database of the machine.
var absent = []string{"_tkinter", "_dbm", "_gdbm", "readline"}

// arguments are those of configure.
func (r recipe) arguments() []string {
	args := []string{
		"--prefix=" + prefix, "--with-openssl=/usr", "--without-readline", "--with-dbmliborder=", "--without-static-libpython",
		"--with-system-libmpdec=no", "--with-system-expat=no", "--with-ensurepip=no", "MODULE_BUILDTYPE=static",
	}
	out := absent
	if r.profile == Minimal {
		args = append(args, "--disable-test-modules")
		out = append(slices.Clone(out), "_curses", "_curses_panel")
	}
	for _, name := range out {
		args = append(args, "py_cv_module_"+name+"=n/a")
	}
	if r.optimize == PGO {
		args = append(args, "--enable-optimizations", "--with-lto")
	}
	return args
}

// linked makes the Makefile of configure take OpenSSL's own archives: configure knows
// no variable for them.
func linked(makefile string) string {
	static := "-l:libssl.a -l:libcrypto.a -ldl -lpthread"
	makefile = strings.ReplaceAll(makefile, "-L/usr/lib ", " ")
	makefile = strings.ReplaceAll(makefile, "-lssl -lcrypto", static)
	lines := strings.Split(makefile, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "MODULE__HASHLIB_LDFLAGS=") {
			lines[i] = strings.ReplaceAll(line, "-lcrypto", "-l:libcrypto.a -ldl -lpthread")
		}
	}
	return strings.Join(lines, "\n")
}

// trims are what is left out of the installed tree, besides what interp leaves out.
func trims(c choice, minor string) []string {
	lib := "lib/python" + minor + "/"
	out := []string{
		"share/man", "lib/pkgconfig", lib + "idlelib", lib + "turtledemo", lib + "turtle.py", lib + "tkinter",
		lib + "config-*/libpython*.a", lib + "config-*/python.o", lib + "config-*/config.c*", lib + "config-*/Setup*",
		lib + "config-*/install-sh", lib + "config-*/makesetup", lib + "config-*/python-config.py",
	}
	if c.profile == Minimal {
		out = append(out, lib+"ensurepip", lib+"test")
	}
	return out
}

// RecipeDigest names everything that decides how sources are built here. The results
// of a real build are committed with it, and taken again when it changes.
func RecipeDigest() digest.SHA256 {
	compile, link := hardenings()
	var b strings.Builder
	for _, profile := range []string{Minimal, Full} {
		c := choice{profile: profile}
		r := recipe{choice: c, minor: 13, source: "/src", compiler: "cc", accepted: append(compile, link...), libraries: librariesFor(c, 13), epoch: oldest}
		fmt.Fprintln(&b, c, r.env(), r.arguments(), trims(c, "3.13"))
	}
	b.WriteString(probeScript + checkScript + dynloadNote + linked("-lssl -lcrypto\nMODULE__HASHLIB_LDFLAGS=-lcrypto"))
	return digest.Of([]byte(b.String()))
}
