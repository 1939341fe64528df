package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"snug/internal/advisory"
	"snug/internal/digest"
	"snug/internal/index/indextest"
	"snug/internal/interp"
	"snug/internal/pep740/pep740test"
)

// TestStories runs the scripts in testdata/script: what a user types, against
// an index built from the script's own `index/` folder, an interpreter of a few
// text files, and nothing of this machine's environment.
//
// Commands of the scripts besides testscript's own:
//
//	snug ARG…            runs snug in the current folder
//	python VERSION…      the versions that can be had from now on
//	found VERSION…       versions that are only found on the machine
//	later DURATION       moves the clock
//	release DIR…         adds the releases of a folder to the index
//	fault SUFFIX KIND [TIMES]
//	                     requests whose path ends so go wrong (faults), for ever or so often
//	refused NAME REGEXP  builds with that package alone, which must fail so
//	withdraw NAME…       takes projects off the index
//	broken               runtimes do not start from now on; ! broken: they do again
//	damage NAME | DIR/   cuts these files of the store in half
//	swap FILE REGEXP TEXT
//	                     replaces what matches
//	forge FILE REGEXP TEXT
//	                     replaces what matches in the first statement, signed by the own key
//	made FILE INPUT…     the file was built here from the inputs
//	index HOST DIR       one more index at HOST
//	files HOST DIR       the files of a folder at HOST
//	guard HOST U:P       this index wants that login from now on
//	advised DIR          advisory data is what the folder holds, OSV records in JSON
//	bucket HOST DIR      publishes the files at HOST; folders of advisories as OSV's export does
//	cut HOST SUFFIX      answers for such paths end half-way; ! cut HOST: no longer
//	asked HOST PATH…     what HOST was asked for since the last time
//	answer LINE…         the next snug runs on a terminal, where a user types these
//
// A variable that a script sets is seen by snug if its name begins as those of
// storyVariables do. Every failure of snug must give a hint and speak no Go; one
// with --json must end with an event that says so.
func TestStories(t *testing.T) { testscript.Run(t, stories("testdata/script")) }

// stories are those of a folder.
func stories(dir string) testscript.Params {
	return testscript.Params{
		Dir:   dir,
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"snug": storySnug, "python": storyPython, "found": storyFound, "release": storyRelease, "later": storyLater, "answer": storyAnswer,
			"index": storyIndex, "guard": storyGuard, "files": storyFiles,
			"fault": storyFault, "swap": storySwap, "refused": storyRefused, "withdraw": storyWithdraw, "broken": storyBroken, "damage": storyDamage,
			"forge": storyForge, "made": storyMade, "advised": storyAdvised,
			"bucket": storyBucket, "cut": storyCut, "asked": storyAsked,
		},
	}
}

// story is the world of one script.
type story struct {
	index  *indextest.Index
	net    hosts
	python fakeSource
	found  fakeSource
	broken bool // runtimes do not start
	now    time.Time
	typed  []string // what the user answers to the next snug; nil: nobody is there
	said   string   // what the last snug said
}

type storyKey struct{}

func setup(env *testscript.Env) error {
	data, err := archiveOf(filepath.Join(env.WorkDir, "index"))
	if err != nil {
		return err
	}
	x, err := indextest.FromTxtar(data)
	if err != nil {
		return err
	}
	sigstore := pep740test.New(indextest.DefaultUpload.Add(-time.Hour))
	x.Attest = func(s indextest.Spec, file string, body []byte) []byte {
		repository, workflow, _ := strings.Cut(s.PublishedBy, " ")
		return sigstore.Provenance(pep740test.Publication{File: file, SHA256: digest.Of(body).String(), Repository: repository, Workflow: workflow, At: s.Upload})
	}
	if err := os.WriteFile(filepath.Join(env.WorkDir, "sigstore.json"), sigstore.Root(), 0o644); err != nil {
		return err
	}
	env.Setenv("SNUG_HOME", filepath.Join(env.WorkDir, "store"))
	env.Setenv("SNUG_INDEX_URL", indextest.URL)
	env.Values[storyKey{}] = &story{index: x, net: hosts{"index.example": {index: x}}, python: fakeSource{versions: []string{"3.13.1", "3.14.6"}}, found: fakeSource{found: true}, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	return nil
}

// archiveOf packs a folder back into the text that the fake index reads.
func archiveOf(dir string) ([]byte, error) {
	var a txtar.Archive
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		a.Files = append(a.Files, txtar.File{Name: filepath.ToSlash(rel), Data: data})
		return err
	})
	if os.IsNotExist(err) {
		err = nil
	}
	return txtar.Format(&a), err
}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

func storySnug(ts *testscript.TestScript, neg bool, args []string) {
	if code, said := runSnug(ts, args); (code != 0) != neg {
		ts.Fatalf("snug %s:\n%s", strings.Join(args, " "), said)
	}
}

// runSnug runs a command and returns its exit code and what it said.
func runSnug(ts *testscript.TestScript, args []string) (code int, said string) {
	s := storyOf(ts)
	work := ts.Getenv("WORK")
	var out, errOut bytes.Buffer
	code = Run(context.Background(), World{
		Args: args, Dir: ts.MkAbs("."),
		Env:   storyEnv(ts, work),
		Stdin: strings.NewReader(strings.Join(s.typed, "\n")), Asks: s.typed != nil, Stdout: &out, Stderr: &errOut,
		Now:       func() time.Time { return s.now },
		Sleep:     func(context.Context, time.Duration) error { return nil },
		Transport: s.net, Sources: []interp.Source{s.python, s.found}, Runner: fakeRunner{starts: !s.broken}, Builder: fakeBuilder{},
	})
	s.typed, s.said = nil, out.String()+errOut.String()
	fmt.Fprintf(&errOut, "exit code %d\n", code)
	io.WriteString(ts.Stdout(), out.String())
	io.WriteString(ts.Stderr(), errOut.String())
	if complaint := rude(args, code, out.String(), errOut.String()); complaint != "" {
		ts.Fatalf("snug %s: %s\n%s%s", strings.Join(args, " "), complaint, out.String(), errOut.String())
	}
	return code, out.String() + errOut.String()
}

// storyVariables are what a script may set, one by one: testscript does not list
// its environment.
var storyVariables = []string{
	"SNUG_HOME", "SNUG_PYTHON_SOURCES", "SNUG_INDEX_URL", "SNUG_EXTRA_INDEX", "SNUG_AS_OF", "SNUG_MIN_AGE", "SNUG_SIGNING_KEY", "SNUG_ADVISORY_FEED", "SNUG_PROJECT", "SNUG_OFFLINE", "SNUG_JOBS", "SNUG_JSON", "SNUG_QUIET",
	"SNUG_NO_PROGRESS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "PIP_NO_INDEX", "PIP_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX",
	"UV_INDEX_URL", "UV_CONFIG_FILE", "UV_NO_CONFIG", "SHELL", "NETRC", "TOKEN", "SOURCE_DATE_EPOCH", "SNUG_INDEX_MINE_USERNAME", "SNUG_INDEX_MINE_PASSWORD",
}

// storyEnv is the environment of the user in the script, nothing of this
// machine's but PATH.
func storyEnv(ts *testscript.TestScript, work string) []string {
	env := []string{"HOME=" + filepath.Join(work, "home"), "PATH=" + os.Getenv("PATH")}
	for _, name := range storyVariables {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func storyAnswer(ts *testscript.TestScript, _ bool, args []string) {
	storyOf(ts).typed = append(args, "")
}

func storyAdvised(ts *testscript.TestScript, _ bool, args []string) {
	s := advisory.Open(filepath.Join(ts.Getenv("SNUG_HOME"), "advisories"))
	_, err := s.Import(context.Background(), advisory.Feed{Kind: advisory.Packages, Source: ts.MkAbs(args[0])}, storyOf(ts).now)
	ts.Check(err)
}

func storyLater(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	storyOf(ts).now = storyOf(ts).now.Add(d)
}

func storyPython(ts *testscript.TestScript, _ bool, args []string) {
	storyOf(ts).python.versions = args
}

func storyFound(ts *testscript.TestScript, _ bool, args []string) { storyOf(ts).found.versions = args }

func storyRelease(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		data, err := archiveOf(ts.MkAbs(name))
		ts.Check(err)
		specs, err := indextest.Parse(data)
		ts.Check(err)
		for _, s := range specs {
			storyOf(ts).index.Add(s)
		}
	}
}
