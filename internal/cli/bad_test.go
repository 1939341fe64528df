package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"snug/internal/fault"
	"snug/internal/index/indextest"
	"snug/internal/vet"
)

// rude says what is wrong with the way in which a command failed, "" if nothing.
func rude(args []string, code int, stdout, stderr string) string {
	failure, hint, said := "snug: ", "hint: ", stderr
	if slices.Contains(args, "--json") {
		failure, hint, said = `"kind":"failed"`, `"hint":"`, strings.ReplaceAll(stdout, `"hint":""`, "")
	}
	if code == 0 || !strings.Contains(said, failure) {
		if code > 1 && code != vet.ExitIncomplete && !slices.Contains(args, "run") && !slices.Contains(args, "shell") {
			return "it failed without a word"
		}
		return "" // what a command ran, or a check that printed its findings
	}
	_, last, _ := strings.Cut(said, failure)
	if !strings.Contains(said, hint) || strings.Contains(said, lastResort) {
		return "it failed without a hint"
	}
	for _, raw := range []string{"internal error", "goroutine", "%!", "<nil>", "0x", "no such file or directory\nremove ", "EOF"} {
		if strings.Contains(last, raw) {
			return "it failed with raw " + raw
		}
	}
	return ""
}

// faults are what may happen to a request.
var faults = map[string]indextest.Fault{
	"down":      {Down: true},
	"404":       {Status: 404},
	"401":       {Status: 401},
	"500":       {Status: 500},
	"429":       {Status: 429, RetryAfter: "3600"},
	"truncated": {Truncate: true},
	"corrupt":   {Corrupt: true},
	"endless":   {Endless: true},
	"circle":    {Location: "/simple/circle/"},
	"insecure":  {Location: "http://index.example/simple/idna/"},
	"portal":    {Kind: "text/html", Body: "<!DOCTYPE html><html><body><form>Log in to the hotel's network</form></body></html>"},
	"poem":      {Kind: "text/plain", Body: "roses are red"},
	"cut-json":  {Kind: "application/vnd.pypi.simple.v1+json", Body: `{"files": [{"filename": "idna-3.9-py3-none-any.whl", "ur`},
	"future":    {Kind: "application/vnd.pypi.simple.v1+json", Body: `{"meta": {"api-version": "2.0"}, "files": []}`},
	"empty":     {Kind: "application/vnd.pypi.simple.v1+json"},
}

func storyFault(ts *testscript.TestScript, _ bool, args []string) {
	f, ok := faults[args[1]]
	if !ok {
		ts.Fatalf("there is no fault %q", args[1])
	}
	times := -1
	if len(args) > 2 {
		_, err := fmt.Sscan(args[2], &times)
		ts.Check(err)
	}
	storyOf(ts).index.Inject(strings.TrimPrefix(args[0], "*"), f, times)
}

func storySwap(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	changed := regexp.MustCompile(args[1]).ReplaceAllString(text, args[2])
	if changed == text {
		ts.Fatalf("%s does not match %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(changed), 0o644))
}

// storyRefused asks for one package alone, builds, and holds the failure to the
// pattern.
func storyRefused(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs("requirements.txt"), []byte(args[0]+"\n"), 0o644))
	code, said := runSnug(ts, []string{"build", "prod"})
	if code != fault.ExitFailed || !regexp.MustCompile(args[1]).MatchString(said) {
		ts.Fatalf("%s: want %s in\n%s", args[0], args[1], said)
	}
}

func storyWithdraw(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		storyOf(ts).index.Remove(name)
	}
}

// storyBroken makes new runtimes fail to start from now on, and with ! no more.
func storyBroken(ts *testscript.TestScript, neg bool, _ []string) { storyOf(ts).broken = !neg }

// storyDamage cuts every file of the store whose path ends in a word or, where
// that ends in a slash, lies below it.
func storyDamage(ts *testscript.TestScript, _ bool, args []string) {
	hit := 0
	err := filepath.WalkDir(filepath.Join(ts.Getenv("WORK"), "store", "store"), func(path string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(path)
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(name, "/"+args[0]) && !strings.HasSuffix(args[0], "/") || !strings.Contains(name, args[0]) {
			return err
		}
		hit++
		info, err := d.Info()
		if err != nil {
			return err
		}
		return errors.Join(os.Chmod(path, 0o644), os.Truncate(path, info.Size()/2))
	})
	ts.Check(err)
	if hit == 0 {
		ts.Fatalf("the store has no %s", args[0])
	}
}
