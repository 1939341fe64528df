//go:build unix

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"snug/internal/index/indextest"
	"snug/internal/interp"
)

// BenchmarkDocuments is the whole of `snug sbom prod` for 110 packages, of which each
// vendors another and has a licence file, and every fourth has a hole, once the facts of
// all are kept: both bills, the VEX document, written and put beside the runtime.
func BenchmarkDocuments(b *testing.B) {
	const packages = 110
	var files strings.Builder
	var asked []string
	dir := b.TempDir()
	for i := range packages {
		name := fmt.Sprintf("pkg-%d", i)
		asked = append(asked, `"`+name+`"`)
		fmt.Fprintf(&files, "-- %s-1.0.txt --\nLicense-Expression: MIT OR Apache-2.0\nLicense-File: LICENSE\nAuthor-email: Jo <jo@code.example>\nProject-URL: Source, https://code.example/%s\n", name, name)
		for j := i + 1; j < min(i+4, packages); j++ {
			fmt.Fprintf(&files, "Requires-Dist: pkg-%d\n", j)
		}
		module := strings.ReplaceAll(name, "-", "_")
		fmt.Fprintf(&files, "-- %s-1.0/%s/__init__.py --\n-- %s-1.0/%s/_vendor/inner_%d-2.0.dist-info/METADATA --\nMetadata-Version: 2.1\nName: inner-%d\nVersion: 2.0\n", name, module, name, module, i, i)
		if i%4 == 0 {
			write(b, filepath.Join(dir, "holes", name+".json"), fmt.Sprintf(`{"schema_version": "1.6.0", "id": "TEST-%d", "modified": "2026-05-01T00:00:00Z",
				"affected": [{"package": {"ecosystem": "PyPI", "name": "%s"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}`, i, name))
		}
	}
	x, err := indextest.FromTxtar([]byte(files.String()))
	if err != nil {
		b.Fatal(err)
	}
	write(b, filepath.Join(dir, "pyproject.toml"), "[project]\nname = \"shop\"\nversion = \"1.0\"\nrequires-python = \">=3.13\"\ndependencies = ["+strings.Join(asked, ", ")+"]\n")
	snug := func(args ...string) string {
		var said bytes.Buffer
		code := Run(context.Background(), World{Args: args, Dir: dir, Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said,
			Env: []string{"SNUG_HOME=" + filepath.Join(dir, "store"), "SNUG_INDEX_URL=" + indextest.URL},
			Now: func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }, Transport: x,
			Sources: []interp.Source{fakeSource{versions: []string{"3.14.6"}}}, Runner: fakeRunner{starts: true}})
		if code != 0 {
			b.Fatalf("exit code %d\n%s", code, said.String())
		}
		return said.String()
	}
	snug("build", "prod")
	documents := func() {
		if said := snug("sbom", "prod", "--json", "--advisories", "holes"); !strings.Contains(said, `"components":222,"findings":28`) {
			b.Fatal(said)
		}
	}
	documents()
	before := cpu(b)
	for b.Loop() {
		documents()
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// cpu is the processor time that the process has taken.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func write(b *testing.B, path, text string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}
