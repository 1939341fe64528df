//go:build unix

package interp

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// However many packages are compiled at the same time, no more processes run
// than were asked for: here one, by a Python that fails where another is at work.
func TestCompileSharesItsProcesses(t *testing.T) {
	dir := t.TempDir()
	exe := filepath.Join(dir, "python")
	err := errors.Join(os.WriteFile(exe, []byte("#!/bin/sh\nmkdir \"$0.busy\" || exit 3\ncat >/dev/null\nrmdir \"$0.busy\"\nprintf 'x\\0\\0'\n"), 0o755),
		os.WriteFile(filepath.Join(dir, "a.py"), nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	p := newProcesses(os.Getenv, 1)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := p.Compile(context.Background(), exe, []CompileJob{{Dir: dir}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
