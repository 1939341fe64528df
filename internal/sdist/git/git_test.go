package git_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/sdist/git"
)

// served is a repository that git itself serves on the loopback.
type served struct {
	t        *testing.T
	dir, url string
}

func serve(t *testing.T) *served {
	t.Helper()
	program, err := exec.LookPath("git")
	if err != nil {
		t.Skip("NOT CHECKED: there is no git on this machine to serve a repository")
	}
	path, err := exec.Command(program, "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if _, statErr := os.Stat(backend); err != nil || statErr != nil {
		t.Skip("NOT CHECKED: git on this machine has no http-backend")
	}
	s := &served{t: t, dir: t.TempDir()}
	s.git("init", "-q", "-b", "main")
	server := httptest.NewServer(&cgi.Handler{Path: backend, Stderr: io.Discard, Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(s.dir), "GIT_HTTP_EXPORT_ALL=1",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}})
	t.Cleanup(server.Close)
	s.url = server.URL + "/" + filepath.Base(s.dir)
	return s
}

func (s *served) git(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@index.example",
		"GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@index.example", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000001 +0100"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *served) write(name, text string, mode os.FileMode) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) commit(message string) string {
	s.t.Helper()
	s.git("add", "-A")
	s.git("commit", "-q", "-m", message)
	return s.git("rev-parse", "HEAD")
}

func client(t *testing.T, transport http.RoundTripper) *fetch.Client {
	t.Helper()
	c, err := fetch.New(fetch.Options{Transport: transport, Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFetch: what git itself serves, by branch, tag and commit.
func TestFetch(t *testing.T) {
	s := serve(t)
	s.write("setup.py", "old", 0o644)
	old := s.commit("one")
	s.git("tag", "light")
	s.git("tag", "-a", "-m", "said", "heavy@1")
	var long strings.Builder
	for i := range 3000 {
		long.WriteString(strings.Repeat("line ", i%7) + "\n")
	}
	s.write("setup.py", "new", 0o755)
	s.write("deep/er/x.py", long.String(), 0o644)
	s.write("deep/er/y.py", long.String()+"more", 0o644) // a delta upon x.py
	s.write("deep/er/z.py", "before\n"+long.String(), 0o644)
	if err := os.Symlink("../setup.py", filepath.Join(s.dir, "deep/link")); err != nil {
		t.Fatal(err)
	}
	s.git("checkout", "-q", "-b", "feature/one")
	tip := s.commit("two")
	s.git("gc", "-q", "--aggressive")
	c := client(t, nil)
	for revision, want := range map[string]string{"": tip, "feature/one": tip, "main": old, "light": old, "heavy@1": old, "refs/tags/heavy@1": old, "tags/light": old, old: old} {
		if got, err := git.Resolve(t.Context(), c, s.url, revision); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", revision, got, err, want)
		}
	}
	for revision, hint := range map[string]string{"none": "name a branch", tip[:8]: "needs its whole id"} {
		if _, err := git.Resolve(t.Context(), c, s.url, revision); fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%q: got %v", revision, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "src")
	got, err := git.Fetch(t.Context(), c, s.url, tip, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Time.Equal(time.Unix(1700000001, 0)) || len(got.Submodules) > 0 {
		t.Errorf("got %+v", got)
	}
	for name, want := range map[string]string{"setup.py": "new", "deep/link": "new", "deep/er/x.py": long.String(), "deep/er/y.py": long.String() + "more", "deep/er/z.py": "before\n" + long.String()} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != want {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "setup.py"))
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o755 || !info.ModTime().Equal(got.Time) {
		t.Errorf("got %v, %v", info, err)
	}
	dir = filepath.Join(t.TempDir(), "old")
	if _, err := git.Fetch(t.Context(), c, s.url, old, dir); err != nil {
		t.Fatal(err)
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) != 1 {
		t.Errorf("the old commit has %v, %v", there, err)
	}
	if _, err := git.Fetch(t.Context(), c, s.url, strings.Repeat("1", 40), t.TempDir()); fault.CodeOf(err) != fault.NotFound || !strings.Contains(err.Error(), "the server says") {
		t.Errorf("a commit that is not there: %v", err)
	}
	if _, err := git.Resolve(t.Context(), c, s.url+"-none", ""); fault.CodeOf(err) != fault.NotFound && fault.CodeOf(err) != fault.Network {
		t.Errorf("no repository: %v", err)
	}
}
