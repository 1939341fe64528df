package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/index/indextest"
	"snug/internal/interp"
)

// BenchmarkCachedWheel is the whole of `snug rebuild NAME` where the store has the
// wheel: listing, finding the wheel, and no comparison, as nobody published one.
func BenchmarkCachedWheel(b *testing.B) {
	x, err := indextest.FromTxtar([]byte("-- old-1.txt --\nSdist: only\nBuild-Requires: setuptools>=40\n-- setuptools-80.txt --\n"))
	if err != nil {
		b.Fatal(err)
	}
	home := b.TempDir()
	rebuild := func() {
		var said bytes.Buffer
		code := Run(context.Background(), World{Args: []string{"rebuild", "old", "--json"}, Dir: home, Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said,
			Env: []string{"SNUG_HOME=" + filepath.Join(home, "store"), "SNUG_INDEX_URL=" + indextest.URL},
			Now: func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }, Transport: x,
			Sources: []interp.Source{fakeSource{versions: []string{"3.14.6"}}}, Runner: fakeRunner{starts: true}, Builder: fakeBuilder{}})
		if code != 0 || !strings.Contains(said.String(), "old-1-py3-none-any.whl") {
			b.Fatalf("exit code %d\n%s", code, said.String())
		}
	}
	rebuild()
	for b.Loop() {
		rebuild()
	}
}
