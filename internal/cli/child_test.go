package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"snug/internal/generation"
	"snug/internal/index/indextest"
	"snug/internal/interp"
	"snug/internal/sandbox"
)

// childVar makes the test binary a snug of its own, with the interpreters of
// the stories: a process that can be killed, doubled and starved.
const childVar = "SNUG_TEST_CHILD"

func TestMain(m *testing.M) {
	sandbox.Serve()
	if os.Getenv(childVar) != "" {
		os.Exit(childMain())
	}
	os.Exit(m.Run())
}

func childMain() int {
	if err := starve(os.Getenv(fileLimitVar)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, World{
		Args: os.Args[1:], Dir: dir, Env: os.Environ(),
		Stdin: strings.NewReader(""), Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now,
		Sources: []interp.Source{fakeSource{versions: []string{"3.14.6"}}}, Runner: fakeRunner{starts: true},
	})
}

// machine is a home and an index on loopback, for children.
type machine struct {
	home  string
	index string
}

func (m machine) store() string { return filepath.Join(m.home, "snug") }

// newIndex serves packages of some size, so that every stage takes a while:
// pkg0 needs pkg1 and so on, each with a few modules and something incompressible.
func newIndex(t *testing.T) string {
	t.Helper()
	const packages = 8
	var specs []indextest.Spec
	for i := range packages {
		name := fmt.Sprintf("pkg%d", i)
		files := map[string]string{name + "/__init__.py": "", name + "/data.bin": noise(i, 40<<10)}
		for j := range 4 {
			files[fmt.Sprintf("%s/m%d.py", name, j)] = fmt.Sprintf("n = %d\n", i*j)
		}
		s := indextest.Spec{Name: name, Version: "1.0", Files: files, EntryPoints: map[string]string{"console_scripts": name + " = " + name + ":main\n"}}
		if i+1 < packages {
			s.Metadata = []string{fmt.Sprintf("Requires-Dist: pkg%d", i+1)}
		}
		specs = append(specs, s)
	}
	server := httptest.NewServer(indextest.New(specs...))
	t.Cleanup(server.Close)
	return server.URL + "/simple/"
}

// noise is text that does not compress, the same for the same seed.
func noise(seed, size int) string {
	state := uint32(seed)*2654435761 + 1
	out := make([]byte, size)
	for i := range out {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		out[i] = byte(state)
	}
	return string(out)
}

// project makes a project with these requirements for prod.
func project(t *testing.T, requirements ...string) string {
	t.Helper()
	dir := t.TempDir()
	ask(t, dir, requirements...)
	return dir
}

// ask makes the project ask for other packages.
func ask(t *testing.T, dir string, requirements ...string) {
	t.Helper()
	text := fmt.Sprintf("[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [%s]\n[dependency-groups]\ntest = [\"pkg2\"]\ndev = [\"pkg0\"]\n[tool.snug]\npackage = false\n",
		`"`+strings.Join(requirements, `", "`)+`"`)
	if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// share makes the project's prod and test those of all that ask for the same.
func share(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "pyproject.toml")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "[tool.snug.runtimes]\nprod = { isolated = true, shared = true }\ntest = { groups = [\"test\"], contains = \"prod\", shared = true }\ndev = { groups = [\"dev\"], contains = \"test\" }\n"...)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// command is a child that runs snug in dir.
func (m machine) command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = dir
	cmd.Env = []string{childVar + "=1", "HOME=" + m.home, "SNUG_HOME=" + m.store(), "SNUG_INDEX_URL=" + m.index,
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	return cmd
}

// run runs snug to its end and returns its exit code and output.
func (m machine) run(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return finish(t, m.command(t, dir, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// trees builds and returns the tree digest of each runtime, as one text.
func (m machine) trees(t *testing.T, dir string) string {
	t.Helper()
	if code, out, errOut := m.run(t, dir, "build"); code != 0 {
		t.Fatalf("build ended with %d\n%s%s", code, out, errOut)
	}
	return treesIn(t, dir)
}

// treesIn are the digests of the runtimes in use.
func treesIn(t *testing.T, dir string) string {
	t.Helper()
	var trees []string
	for _, name := range []string{"prod", "test", "dev"} {
		head, err := generation.ReadHead(filepath.Join(dir, ".snug", name, "current"))
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, name+" "+head.Tree)
	}
	return strings.Join(trees, "\n")
}
