package build

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"snug/internal/sandbox"
)

// The kinds of causes. Their text is stable.
const (
	causeLimit    = "limit"       // it was stopped at a limit; Name is which
	causeCrash    = "crash"       // the backend's process ended without an answer
	causeBackend  = "backend"     // the backend is not what pyproject.toml says
	causeAnswer   = "answer"      // it returned what is no answer
	causeOutput   = "output"      // what it made is not what it should be
	causeRequires = "requirement" // a Python module that the build imports is missing; Name is the module
	causeHeader   = "header"      // a C header is missing; Name is as it is included
	causeLibrary  = "library"     // a library, or its configuration, is missing
	causeCompiler = "compiler"    // there is no compiler; a build without a toolchain may be tried with one
	causeRust     = "rust"        // there is no Rust, or it is too old
	causeCrate    = "crate"       // a crate is not among those of Cargo.lock
	causeProgram  = "program"     // another program is missing
	causeNetwork  = "network"     // it tried to reach the network
	causeDisk     = "disk"        // the disk is full
	causePython   = "python"      // it does not know this version of Python
	causeVersion  = "version"     // it does not know its own version without a repository
	causeCompile  = "compile"     // its code does not compile
	causeInput    = "input"       // it asked for input
	causeUnknown  = "unknown"
)

// Cause is why a build failed, as far as its end tells.
type Cause struct {
	Kind   string // one of the kinds above
	Name   string // what is missing, "" for causes of another kind
	Text   string // one line
	Remedy string // one line
}

const (
	moreLimits = "another version may need less; docs/sandbox.md has the limits"
	otherwise  = "another version may build"
)

// rule finds one kind of cause in a log. The first that finds something speaks: what
// is missing stands before what fails because of it. $1 is the first group that
// took something.
type rule struct {
	kind    string
	pattern func() *regexp.Regexp
	text    string
	remedy  string // "": by the kind
	name    string // "": what the pattern took
}

// log is a pattern that is compiled when a build has failed: a start of snug should
// not pay for it.
func log(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)` + pattern) })
}

var rules = []rule{
	{kind: causeLimit, name: "memory", pattern: log(`MemoryError|std::bad_alloc|virtual memory exhausted|Cannot allocate memory|memory allocation of \d+ bytes failed|Killed signal terminated program`), text: "it was stopped at the limit of memory", remedy: moreLimits},
	{kind: causeLimit, name: "processes", pattern: log(`Resource temporarily unavailable|can't start new thread|[Cc]annot fork`), text: "it was stopped at the limit of processes", remedy: moreLimits},
	{kind: causeDisk, pattern: log(`No space left on device|Disk quota exceeded|\[Errno 28\]`), text: "the disk is full, or the build wrote more than it may", remedy: "make room below snug's folder for builds"},
	{kind: causeHeader, pattern: log(`fatal error: '?(Python\.h)'?(?:: No such file| file not found)`), text: "the headers of Python are missing", remedy: "choose a Python that has headers, or one whose sources can be fetched"},
	{kind: causePython, pattern: log(`fatal error: (longintrepr\.h): No such file`), text: "its C code is older than this Python: it includes $1"},
	{kind: causeHeader, pattern: log(`fatal error: '?([\w./+-]+)'?(?:: No such file or directory| file not found)`), text: "the header $1 is missing"},
	{kind: causeLibrary, pattern: log(`cannot find -l([\w.+-]+)|unable to find (?:dynamic system )?library '?-?l?([\w.+-]+)'?`), text: "the library $1 is missing"},
	{kind: causeProgram, pattern: log(`(?:Error: )?(pg_config|mysql_config|curl-config|xml2-config|xslt-config|krb5-config|geos-config|gdal-config|nc-config)(?: executable)?(?:'|:)? (?:is )?(?:not found|No such file|could not be)`), text: "the program $1 is missing, which tells where its library lies"},
	{kind: causeLibrary, pattern: log(`Could not run (curl-config)`), text: "the program $1 is missing, which tells where its library lies"},
	{kind: causeLibrary, pattern: log(`make sure the (libxml2) and libxslt development packages are installed`), text: "the libraries libxml2 and libxslt are missing", remedy: "install libxml2-dev libxslt1-dev (Debian, Ubuntu), libxml2-devel libxslt-devel (Fedora), libxml2-dev libxslt-dev (Alpine)"},
	{kind: causeLibrary, pattern: log(`headers or library files could not be found for (\w+),|Unable to load dependency (\w+),`), text: "the library $1 is missing"},
	{kind: causeLibrary, pattern: log(`^Package '?([\w.+-]+)'?,? (?:required by .*)?(?:was )?not found|No package '([\w.+-]+)' found|Dependency "([\w.+-]+)" not found|Could NOT find (\w+)|Can not find valid pkg-config name`), text: "the library $1 is missing, or pkg-config does not know it"},
	{kind: causeCompiler, pattern: log(noCompiler + `|Unknown compiler\(s\): \[\[?'(?:cc|gcc|clang|c\+\+|g\+\+)|No CMAKE_C(?:XX)?_COMPILER could be found|command '(?:[\w./-]*/)?(?:cc|gcc|clang|c\+\+|g\+\+)' failed: No such file|unable to execute '(?:cc|gcc|clang|c\+\+|g\+\+)'|linker .(?:cc|gcc|clang). not found`), text: "it needs a C compiler, and none is there", remedy: compilerRemedy},
	{kind: causeProgram, pattern: log(`Unknown compiler\(s\): \[\[?'(gfortran|flang|ifort)`), text: "it needs a Fortran compiler, and none is there", remedy: "install gfortran (Debian, Ubuntu, Alpine), gcc-gfortran (Fedora)"},
	{kind: causeRust, pattern: log(`can't find Rust compiler|No module named 'puccinialin'|Rust toolchain, rustc|No such file or directory: '(?:[\w./-]*/)?(?:cargo|rustc)'|(?:Cargo|cargo), the Rust package manager, is not installed|failed to (?:run|start|execute) .?(?:rustc|cargo)`), text: "it needs Rust, and none is there", remedy: "install Rust (rustup, or your distribution's cargo and rustc)"},
	{kind: causeRust, pattern: log(`requires rustc ([\d.]+\d)|feature .?(edition20\d\d).? is required`), text: "it needs a newer Rust: $1", remedy: "update Rust: rustup update stable"},
	{kind: causeCrate, pattern: log("no matching package named `([\\w-]+)` found|failed to (?:load|get) (?:source for dependency )?`([\\w-]+)`|attempting to make an HTTP request, but --offline|the lock file .* needs to be updated"), text: "Cargo.lock does not hold all the crates that it needs: $1", remedy: "choose another version, or its wheel; a recipe can patch Cargo.toml"},
	{kind: causePython, pattern: log(`interpreter version \((3\.\d+)\) is newer than PyO3's maximum supported version`), text: "its PyO3 does not know Python $1", remedy: `choose a newer version of the package, or an older Python; a recipe with env = { PYO3_USE_ABI3_FORWARD_COMPATIBILITY = "1" } may do`},
	{kind: causePython, pattern: log(`has no member named .(exc_type|use_tracing|curexc_type|ob_digit|recursion_depth|ob_shash|cframe|frame|f_code|co_code|tp_print)\W|undeclared here.*(_PyGen_Send)|implicit declaration of function .(_PyUnicode_Ready|_PyGen_Send|PyUnicode_AS_UNICODE|PyUnicode_GET_SIZE|PyEval_CallObject|PyUnicode_READY|_PyInterpreterState_GetConfig|_PyLong_AsByteArray)|too few arguments to function .(_PyLong_AsByteArray)`), text: "its C code is older than this Python: it uses $1"},
	{kind: causePython, pattern: log(`No module named '?(distutils|imp|asyncore|asynchat|lib2to3)\b|module 'pkgutil' has no attribute '(ImpImporter)'|module 'configparser' has no attribute '(SafeConfigParser)'|has no attribute '(readfp)'`), text: "it uses $1, which this Python has no more"},
	{kind: causePython, pattern: log(`(use_2to3) is invalid`), text: "it is written for Python 2 and wants to be translated by $1", remedy: "choose a newer version of the package"},
	{kind: causeNetwork, pattern: log(`Temporary failure in name resolution|Name or service not known|[Nn]ame resolution|Network is unreachable|Could not resolve host|[Cc]ouldn't resolve host|getaddrinfo failed|nodename nor servname|Failed to establish a new connection|failed to lookup address|urlopen error|Could not connect to|Connection refused`), text: "it tried to use the network, which no build has", remedy: "choose a version whose sources are whole; a recipe can point it to a library of the system"},
	{kind: causeVersion, pattern: log(`setuptools[-_]scm was unable to detect version|unable to detect version for|Error getting the version from source .?vcs|versioningit|No tags? found.*git`), text: "it reads its version from a repository, which is not among the sources", remedy: `a recipe can tell it: env = { SETUPTOOLS_SCM_PRETEND_VERSION = "…" }`},
	{kind: causeProgram, pattern: log(`(?:[Cc]ould not find|[Pp]roblem with the|Did not find) (?:the )?(CMake|cmake|[Nn]inja|pkg-config)|(CMake|ninja|pkg-config) (?:must be|is not) installed|FileNotFoundError: \[Errno 2\] No such file or directory: '([\w.+-]+)'|(?:/bin/sh|sh|bash)(?:: line \d+)?: (?:\d+: )?([\w.+-]+): (?:command )?not found|command '([\w./+-]+)' failed: No such file or directory|Program '([\w.+-]+)' not found|make\S*: ([\w.+-]+): No such file or directory`), text: "the program $1 is missing"},
	{kind: causeRequires, pattern: log(`ModuleNotFoundError: No module named '?([\w.]+)|ImportError: No module named '?([\w.]+)`), text: "a build requirement is missing: module $1"},
	{kind: causeInput, pattern: log(`^EOFError: EOF when reading a line`), text: "it asks for input, which no build gets"},
	{kind: causeCompile, pattern: log(`^\S+?:\d+(?::\d+)?: (?:fatal )?error: (.+)$|^error(?:\[E\d+\])?: (could not compile .+)$`), text: "its code does not compile: $1"},
}

// find tells the cause from what the sandbox saw, what the driver answered and the
// end of the log, in this order of trust.
func find(text string, said answer, result *sandbox.Result, recipe *Recipe) Cause {
	if result.Killed != "" {
		return Cause{Kind: causeLimit, Name: result.Killed, Text: "it was stopped at the limit of " + result.Killed,
			Remedy: moreLimits}
	}
	switch said.Kind {
	case "module":
		if c, ok := search("ModuleNotFoundError: No module named '"+said.Text+"'", recipe); ok {
			return c
		}
	case "import":
		return Cause{Kind: causeBackend, Text: "its build backend cannot be used: " + oneLine(said.Text), Remedy: "tell the package's publisher, or choose another version"}
	case causeAnswer:
		return Cause{Kind: causeAnswer, Text: oneLine(said.Text), Remedy: "tell the package's publisher, or choose another version"}
	}
	if c, ok := search(text+"\n"+said.Text, recipe); ok {
		return c
	}
	switch said.Kind {
	case "":
		return Cause{Kind: causeCrash, Text: fmt.Sprintf("its backend ended without an answer (exit code %d)", result.Exit), Remedy: otherwise}
	case "exit":
		return Cause{Kind: causeUnknown, Text: "its backend gave up: " + oneLine(said.Text), Remedy: otherwise}
	}
	return Cause{Kind: causeUnknown, Text: oneLine(said.Text), Remedy: otherwise}
}

// search finds a cause in a log.
func search(text string, recipe *Recipe) (Cause, bool) {
	for _, r := range rules {
		m := r.pattern().FindStringSubmatch(text)
		if m == nil {
			continue
		}
		name := cmp.Or(r.name, oneLine(cmp.Or(m[1:]...)))
		if name == "" && r.kind == causeLibrary && recipe != nil && len(recipe.System) > 0 {
			name = recipe.System[0].Name
		}
		told := strings.TrimSuffix(strings.ReplaceAll(r.text, "$1", cmp.Or(name, "that it links")), ": that it links")
		return Cause{Kind: r.kind, Name: name, Text: told, Remedy: cmp.Or(r.remedy, remedy(r.kind, name, recipe))}, true
	}
	return Cause{}, false
}

func remedy(kind, name string, recipe *Recipe) string {
	switch kind {
	case causeHeader, causeLibrary, causeProgram:
		return install(name, kind, recipe)
	case causePython:
		return "choose a newer version of the package, or an older Python"
	case causeRequires:
		return fmt.Sprintf("add %s to requires in a recipe of the package (recipes/NAME.toml in the project)", provider(name))
	}
	return otherwise
}

// provider is the distribution that holds a module that builds import, where its
// name is another.
func provider(module string) string {
	top, _, _ := strings.Cut(module, ".")
	known := map[string]string{
		"Cython": "cython", "pkg_resources": `"setuptools<81"`, "yaml": "pyyaml", "skbuild": "scikit-build", "mesonpy": "meson-python", "mesonbuild": "meson",
		"setuptools_rust": "setuptools-rust", "setuptools_scm": "setuptools-scm", "flit_core": "flit-core", "poetry": "poetry-core", "pbr": "pbr",
		"numpy": "numpy", "cffi": "cffi", "jinja2": "jinja2", "sipbuild": "sip", "pyqtbuild": "pyqt-builder", "hatch_vcs": "hatch-vcs", "pdm": "pdm-backend",
		"PIL": "pillow", "google": "protobuf", "mako": "mako", "attr": "attrs", "pkgconfig": "pkgconfig", "skbuild_core": "scikit-build-core",
	}
	return cmp.Or(known[top], strings.ReplaceAll(top, "_", "-"))
}

// oneLine is a text without its line breaks, cut to what a terminal shows well.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > lineBytes {
		text = strings.ToValidUTF8(text[:lineBytes], "") + "…"
	}
	return text
}
