//go:build live

package cli

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// effect is what a variable does to a runtime under `snug run`.
type effect int

const (
	heeded  effect = iota // as in any Python
	ignored               // nothing
	always                // what it would do is so without it
	unseen                // shows at a terminal only: not tried here
)

// pyVariable states what one PYTHON* variable does. With it set to value, probe
// prints want where it counts. NEARBY stands for a folder of the test.
type pyVariable struct {
	name, value, probe, want string
	dev, prod                effect
}

// The rule: in prod what would change the code that is imported, or where it
// comes from, does not count, and what tunes the interpreter does; those that
// only the standard library reads are ignored where it asks for isolation.
var pythonVariables = []pyVariable{
	{"PYTHONPATH", "NEARBY", "import lurking", "lurks", heeded, ignored},
	{"PYTHONUSERBASE", "NEARBY", "import at_home", "is at home", heeded, ignored},
	{"PYTHONHOME", "/nowhere", "print('up')", "No module named", ignored, ignored},
	{"PYTHONEXECUTABLE", "/nowhere", "import sys; print(sys.executable)", "/nowhere", ignored, ignored},
	{"PYTHONPYCACHEPREFIX", "/nowhere", "import sys; print(sys.pycache_prefix)", "/nowhere", ignored, ignored},
	{"PYTHONDONTWRITEBYTECODE", "1", "import sys; print(sys.dont_write_bytecode)", "True", heeded, always},
	{"PYTHONSAFEPATH", "1", "import sys; print(sys.flags.safe_path)", "True", heeded, always},
	{"PYTHONNOUSERSITE", "1", "import sys; print(sys.flags.no_user_site + sys.flags.isolated > 0)", "True", heeded, always},
	{"PYTHONPLATLIBDIR", "lib64", "import sys; print(sys.platlibdir)", "lib64", ignored, ignored},
	{"PYTHONCASEOK", "1", "import Json", "''", ignored, ignored}, // Windows and macOS only

	{"PYTHONASYNCIODEBUG", "1", "import asyncio; print(asyncio.new_event_loop().get_debug())", "True", heeded, ignored},
	{"PYTHON_COLORS", "1", "import _colorize; print(_colorize.can_colorize())", "True", heeded, ignored},
	{"PYTHON_HISTORY", "/nowhere", "import site; print(site.gethistoryfile())", "/nowhere", heeded, ignored},
	{"PYTHON_BASIC_REPL", "1", "", "", unseen, unseen},
	{"PYTHONSTARTUP", "NEARBY/lurking.py", "-i", "lurks", heeded, ignored},

	{"PYTHONBREAKPOINT", "print", "breakpoint('called')", "called\n", heeded, heeded},
	{"PYTHONCOERCECLOCALE", "0", "import os; print(os.environ.get('LC_CTYPE'))", "None", heeded, heeded},
	{"PYTHONHASHSEED", "0", "import sys; print(sys.flags.hash_randomization)", "0", heeded, heeded},
	{"PYTHONIOENCODING", "latin-1", "import sys; print(sys.stdout.encoding)", "iso8859-1", heeded, heeded},
	{"PYTHONMALLOC", "malloc", mallocStats, "pymalloc False", heeded, heeded},
	{"PYTHONMALLOCSTATS", "1", "", "arenas", heeded, heeded},
	{"PYTHON_CONTEXT_AWARE_WARNINGS", "1", "import sys; print(sys.flags.context_aware_warnings)", "1", heeded, heeded},
	{"PYTHON_CPU_COUNT", "77", "import os; print(os.cpu_count())", "77", heeded, heeded},
	{"PYTHONDEBUG", "1", "import sys; print(sys.flags.debug)", "1", heeded, heeded},
	{"PYTHONDEVMODE", "1", "import sys; print(sys.flags.dev_mode)", "True", heeded, heeded},
	{"PYTHON_DISABLE_REMOTE_DEBUG", "1", "import sys; print(sys.is_remote_debug_enabled())", "False", heeded, heeded},
	{"PYTHONFAULTHANDLER", "1", "import faulthandler; print(faulthandler.is_enabled())", "True", heeded, heeded},
	{"PYTHON_FROZEN_MODULES", "off", "import os; print(os.__spec__.origin)", "os.py", heeded, heeded},
	{"PYTHONINSPECT", "1", "import sys; print(sys.flags.inspect)", "1", heeded, heeded},
	{"PYTHONINTMAXSTRDIGITS", "999", "import sys; print(sys.get_int_max_str_digits())", "999", heeded, heeded},
	{"PYTHONNODEBUGRANGES", "1", "print(next(compile('x', '', 'eval').co_positions()))", "None", heeded, heeded},
	{"PYTHONOPTIMIZE", "1", "import sys; print(sys.flags.optimize)", "1", heeded, heeded},
	{"PYTHON_PERF_JIT_SUPPORT", "1", "import sys; print(sys.is_stack_trampoline_active())", "True", heeded, heeded},
	{"PYTHONPERFSUPPORT", "1", "import sys; print(sys.is_stack_trampoline_active())", "True", heeded, heeded},
	{"PYTHONPROFILEIMPORTTIME", "1", "", "import time:", heeded, heeded},
	{"PYTHON_THREAD_INHERIT_CONTEXT", "1", "import sys; print(sys.flags.thread_inherit_context)", "1", heeded, heeded},
	{"PYTHONTRACEMALLOC", "1", "import tracemalloc; print(tracemalloc.is_tracing())", "True", heeded, heeded},
	{"PYTHONUNBUFFERED", "1", "import sys; print(sys.stdout.write_through)", "True", heeded, heeded},
	{"PYTHONUTF8", "0", "import sys; print(sys.flags.utf8_mode)", "0", heeded, heeded},
	{"PYTHONVERBOSE", "1", "", "# clear sys", heeded, heeded},
	{"PYTHONWARNDEFAULTENCODING", "1", "import sys; print(sys.flags.warn_default_encoding)", "1", heeded, heeded},
	{"PYTHONWARNINGS", "error", "import sys; print(sys.warnoptions)", "error", heeded, heeded},
}

// mallocStats tells by its statistics whether Python's own allocator is at work.
const mallocStats = `import subprocess, sys
said = subprocess.run([sys.executable, "-c", "import sys; sys._debugmallocstats()"], capture_output=True, text=True).stderr
print("pymalloc", "arenas" in said)`

// Every PYTHON* variable that this Python knows is in the table, and does in
// dev and in prod what the table says.
func TestLivePythonVariables(t *testing.T) {
	u := newUse(t, map[string]string{
		"pyproject.toml": "[dependency-groups]\ndev = []\n[tool.snug]\npython = \"3.14\"\n",
	})
	nearby := filepath.Join(t.TempDir(), "nearby")
	place(t, filepath.Join(nearby, "lurking.py"), "print('lurks')\n")
	place(t, filepath.Join(nearby, "lib", "python3.14", "site-packages", "at_home.py"), "print('is at home')\n")
	stated := map[string]bool{}
	for _, v := range pythonVariables {
		stated[v.name] = true
		v.value = strings.Replace(v.value, "NEARBY", nearby, 1)
		v.check(u, "dev", v.dev)
		v.check(u, "prod", v.prod)
	}
	for _, name := range regexp.MustCompile(`(?m)^PYTHON[A-Z0-9_]+`).FindAllString(u.run("dev", "python", "--help-env"), -1) {
		if !stated[name] {
			t.Errorf("nothing states what %s does", name)
		}
	}
	u.clean()
}

func (v pyVariable) check(u *use, runtime string, want effect) {
	u.t.Helper()
	if want == unseen {
		return
	}
	args := []string{"python", "-c", v.probe}
	if strings.HasPrefix(v.probe, "-") {
		args = []string{"python", v.probe}
	}
	_, with := u.try([]string{v.name + "=" + v.value}, runtime, args...)
	_, without := u.try(nil, runtime, args...)
	got := ignored
	switch on, off := strings.Contains(with, v.want), strings.Contains(without, v.want); {
	case on && off:
		got = always
	case on:
		got = heeded
	}
	if got != want {
		u.t.Errorf("%s=%s in %s: effect %d, want %d; with it:\n%s\nwithout:\n%s", v.name, v.value, runtime, got, want, with, without)
	}
}
