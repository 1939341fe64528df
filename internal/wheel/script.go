package wheel

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
)

// SealedPath marks a runtime that carries its bytecode (test and prod). Being a
// control file, it lets one launcher text serve all runtimes.
const SealedPath = "share/snug/sealed"

// trampoline is read by the shell up to exec, and by Python as a string. A
// plain #! line cannot name a Python relative to the script.
const (
	trampolineHead = `#!/bin/sh
''':'
d=$(dirname -- "$(realpath -- "$0")")
if [ -e "$d/../` + SealedPath + `" ]; then
  unset PYTHONPYCACHEPREFIX
  export PYTHONDONTWRITEBYTECODE=1
fi
`
	trampolineEnd = "'''\n"
	trampoline    = trampolineHead + `exec "$d/python3" "$0" "$@"` + "\n" + trampolineEnd

	// docTrampoline is for a script whose own docstring, or imports from
	// __future__, must come first: Python is given what follows the trampoline,
	// after as many empty lines, so that tracebacks name the right ones.
	docTrampoline = trampolineHead + `exec "$d/python3" -c 'import os, sys
del sys.argv[0]
__file__ = sys.argv[0]
if not sys.flags.isolated and not getattr(sys.flags, "safe_path", False):
    sys.path[0] = os.path.dirname(os.path.realpath(__file__))
with open(__file__, "rb") as script:
    text = script.read()
end = text.index(b"\n" + 3 * bytes([39]) + b"\n") + 5
exec(compile(b"\n" * text.count(b"\n", 0, end) + text[end:], __file__, "exec"))' "$0" "$@"
` + trampolineEnd
)

// Launcher is the script that an entry point of console_scripts or gui_scripts
// becomes: it runs the Python beside it, wherever the runtime was moved to. In
// a sealed runtime that Python writes no bytecode and looks for none elsewhere.
func Launcher(ep dist.EntryPoint) []byte {
	call := ep.Attr
	first, _, _ := strings.Cut(call, ".")
	return fmt.Appendf([]byte(trampoline), `import sys

from %s import %s

if __name__ == "__main__":
    sys.exit(%s())
`, ep.Module, first, call)
}

// ScriptName is the launcher's path for an entry point, or "" when the entry
// point is no script. A name that is not one plain file name is refused.
func ScriptName(ep dist.EntryPoint) (string, error) {
	if ep.Group != "console_scripts" && ep.Group != "gui_scripts" {
		return "", nil
	}
	if ep.Name == "" || ep.Name == "." || ep.Name == ".." || strings.ContainsAny(ep.Name, "/\\\x00\n\t\r:") {
		return "", fmt.Errorf("script name %q is no file name", ep.Name)
	}
	if ep.Attr == "" || !dotted(ep.Attr) || !dotted(ep.Module) {
		return "", fmt.Errorf("script %s: %s:%s names no function", ep.Name, ep.Module, ep.Attr)
	}
	return "bin/" + ep.Name, nil
}

// dotted keeps what a wheel says from becoming other code in a launcher.
func dotted(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || strings.ContainsAny(part, " \t\r\n\"'\\();:=+-*/%,[]{}#@!<>&|^~`$?") {
			return false
		}
	}
	return true
}

// launchers writes the scripts of entry_points.txt. One that .data/scripts
// brought already is replaced by none: the wheel's own file stays.
func (in *install) launchers() error {
	for _, ep := range in.info.EntryPoints {
		dest, err := ScriptName(ep)
		if err != nil {
			return in.broken("entry_points.txt: %w", err)
		}
		if dest == "" || in.done[dest] {
			continue
		}
		if err := in.write(dest, 0o755, Launcher(ep)); err != nil {
			return err
		}
	}
	return nil
}

// script installs an entry of .data/scripts: executable, and where its first
// line is #!python, run by the runtime's own Python.
func (in *install) script(i int, f archive.ZipFile, dest string) error {
	f.Mode = 0o755
	r, err := in.zip.Open(i)
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxScript+1))
	if err != nil {
		return err
	}
	if err := in.verify(i, f.Name, digest.Of(data)); err != nil {
		return err
	}
	return in.write(dest, f.Mode, rewriteShebang(data))
}

// rewriteShebang replaces "#!python…" (also "#!pythonw", with arguments). A
// script that may need its docstring to come first goes the longer way.
func rewriteShebang(data []byte) []byte {
	if !bytes.HasPrefix(data, []byte("#!python")) {
		return data
	}
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	head := trampoline
	if bytes.Contains(rest, []byte("__doc__")) || bytes.Contains(rest, []byte("__future__")) {
		head = docTrampoline
	}
	return append([]byte(head), rest...)
}
