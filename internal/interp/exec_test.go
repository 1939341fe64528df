//go:build unix

package interp

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/fault"
)

func TestExec(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "bin")
	script := "#!/bin/sh\nread line\necho \"$line ${PYTHONPYCACHEPREFIX-unset} $KEPT\"\nexit $1\n"
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "job"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(argv ...string) (int, string, error) {
		var out bytes.Buffer
		code, err := NewRunner(os.Getenv).Exec(context.Background(), Command{Argv: argv, Path: bin, Stdin: strings.NewReader("hello\n"),
			Env: []string{"PATH=/usr/bin:/bin", "PYTHONPYCACHEPREFIX=/x", "KEPT=yes"}, Stdout: &out, Stderr: &out})
		return code, out.String(), err
	}
	if code, out, err := run("job", "7"); code != 7 || out != "hello unset yes\n" || err != nil {
		t.Errorf("%d %q %v", code, out, err)
	}
	if code, _, err := run("sh", "-c", "kill -TERM $$"); code != 143 || err != nil {
		t.Errorf("ended by a signal: %d %v", code, err)
	}
	if _, _, err := run("no-such-command"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}

// The machine's own python and pip are not taken for a runtime that lacks them.
func TestExecTakesNoOtherPython(t *testing.T) {
	elsewhere := t.TempDir()
	for _, name := range []string{"pip", "pip3", "python3.9", "pipeline"} {
		if err := os.WriteFile(filepath.Join(elsewhere, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]fault.Code{"pip": fault.NotFound, "pip3": fault.NotFound, "python3.9": fault.NotFound, "pipeline": ""} {
		_, err := NewRunner(os.Getenv).Exec(context.Background(), Command{Argv: []string{name}, Path: t.TempDir(), Env: []string{"PATH=" + elsewhere}})
		if got := fault.CodeOf(err); got != want {
			t.Errorf("%s: code %v, want %v (%v)", name, got, want, err)
		}
	}
}
