package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/sandbox"
)

// The ends of real logs, each headed by the kind and name of its cause.
func TestCausesOfRealLogs(t *testing.T) {
	files, err := filepath.Glob("testdata/causes/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d logs, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, log, _ := strings.Cut(string(text), "\n")
		want := strings.TrimPrefix(head, "want: ")
		got := find(log, answer{Kind: "raised", Text: "CalledProcessError: the command failed"}, &sandbox.Result{}, nil)
		if said := strings.TrimSpace(got.Kind + " " + got.Name); said != want {
			t.Errorf("%s: %q, want %q (%s)", file, said, want, got.Text)
		}
		for _, line := range []string{got.Text, got.Remedy} {
			if line == "" || strings.ContainsAny(line, "\n") || strings.Contains(line, "$1") || strings.HasSuffix(line, " ") {
				t.Errorf("%s: line %q", file, line)
			}
		}
	}
}

// Every kind of the table has a log that proves it.
func TestEveryKindHasALog(t *testing.T) {
	proven := map[string]bool{}
	files, _ := filepath.Glob("testdata/causes/*.txt") // only a malformed pattern is an error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		proven[strings.Fields(string(text))[1]] = true
	}
	for _, r := range rules {
		if !proven[r.kind] {
			t.Errorf("no log proves the cause %s", r.kind)
		}
	}
}

func TestCausesBesideTheLog(t *testing.T) {
	recipe := &Recipe{System: []System{{Name: "libfoo", Header: "foo/foo.h", Called: map[string]string{"debian": "libfoo-dev", "alpine": "foo-dev"}}}}
	cases := []struct {
		log    string
		said   answer
		result sandbox.Result
		recipe *Recipe
		kind   string
		text   string
		remedy string
	}{
		{"a.c:1:1: fatal error: foo.h: No such file", answer{}, sandbox.Result{Killed: "memory"}, nil, causeLimit, "limit of memory", "need less"},
		{"", answer{}, sandbox.Result{Exit: 139}, nil, causeCrash, "exit code 139", "another version"},
		{"", answer{Kind: "exit", Text: "sorry\nnot today"}, sandbox.Result{}, nil, causeUnknown, "sorry not today", "another version"},
		{"", answer{Kind: "module", Text: "Cython.Build"}, sandbox.Result{}, nil, causeRequires, "Cython.Build", "add cython to"},
		{"", answer{Kind: "module", Text: "pkg_resources"}, sandbox.Result{}, nil, causeRequires, "pkg_resources", `add "setuptools<81" to`},
		{"", answer{Kind: "module", Text: "distutils"}, sandbox.Result{}, nil, causePython, "distutils", "older Python"},
		{"", answer{Kind: "import", Text: "own has no thing"}, sandbox.Result{}, nil, causeBackend, "own has no thing", "publisher"},
		{"x.c:1:9: fatal error: foo/foo.h: No such file or directory\n", answer{Kind: "exit"}, sandbox.Result{}, recipe, causeHeader, "foo/foo.h", "libfoo-dev (Debian), foo-dev (Alpine)"},
		{"x.c:1:9: fatal error: mysql/mysql.h: No such file or directory\n", answer{Kind: "exit"}, sandbox.Result{}, nil, causeHeader, "mysql/mysql.h", "default-libmysqlclient-dev (Debian, Ubuntu)"},
		{"Can not find valid pkg-config name.", answer{Kind: "raised"}, sandbox.Result{}, recipe, causeLibrary, "libfoo", "libfoo-dev"},
		{"Can not find valid pkg-config name.", answer{Kind: "raised"}, sandbox.Result{}, nil, causeLibrary, "that it links", "development package"},
	}
	for _, c := range cases {
		got := find(c.log, c.said, &c.result, c.recipe)
		if got.Kind != c.kind || !strings.Contains(got.Text, c.text) || !strings.Contains(got.Remedy, c.remedy) {
			t.Errorf("%q %v: %+v", c.log, c.said, got)
		}
	}
}

func TestSystemTable(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(systemTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 4 {
			t.Errorf("%d columns: %s", len(fields), line)
			continue
		}
		for name := range strings.SplitSeq(fields[0], ",") {
			if seen[name] {
				t.Errorf("%s stands twice", name)
			}
			seen[name] = true
		}
	}
}

func TestLogWatches(t *testing.T) {
	for _, pieces := range [][]string{{"x " + noCompiler + " y"}, {"x no-compiler-", "was-offered"}, {"no-compiler-was-", "", "offered"}} {
		l := newLog(nil)
		for _, p := range pieces {
			if l.wanted {
				t.Errorf("%q: too early", pieces)
			}
			if _, err := l.Write([]byte(p)); err != nil {
				t.Fatal(err)
			}
		}
		if !l.wanted {
			t.Errorf("%q: not seen", pieces)
		}
	}
}

func TestLogTail(t *testing.T) {
	l := newLog(nil)
	for range 100 {
		if _, err := l.Write([]byte(strings.Repeat("x", 5000) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Write([]byte("one\r\x1b[31mtwo\x1b[0m\x9b\n\n  \nthree\xff\n")); err != nil {
		t.Fatal(err)
	}
	if len(l.end) > 3*tailBytes {
		t.Errorf("%d bytes are kept", len(l.end))
	}
	lines := lastLines(l.tail(), 4)
	if len(lines) != 4 || lines[1] != "one" || strings.ContainsAny(lines[2], "\x1b\u009b") || lines[3] != "three?" || len(lines[0]) > lineBytes+3 {
		t.Errorf("%q", lines)
	}
}
