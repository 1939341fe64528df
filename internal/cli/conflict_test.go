package cli

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"snug/internal/index/indextest"
)

var update = flag.Bool("update", false, "write what the stories of testdata/conflict say now into them")

// TestConflicts runs stories of requirements that have no answer, shaped as
// real packages are: the whole text is held, and where `fix` follows, the first
// command that was told is typed, and works. Besides the commands of TestStories:
//
//	many NAME VERSION COUNT [HEADER…]
//	                     adds releases VERSION.0 to VERSION.(COUNT-1); {n} in a header is that number
//	fix                  runs the first command that the last snug told to type
func TestConflicts(t *testing.T) {
	p := stories("testdata/conflict")
	p.UpdateScripts = *update
	p.Cmds["many"], p.Cmds["fix"] = storyMany, storyFix
	testscript.Run(t, p)
}

func storyMany(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	for n := range count {
		s := indextest.Spec{Name: args[0], Version: fmt.Sprintf("%s.%d", args[1], n)}
		for _, line := range args[3:] {
			s.Metadata = append(s.Metadata, strings.ReplaceAll(line, "{n}", strconv.Itoa(n)))
		}
		storyOf(ts).index.Add(s)
	}
}

// toType is a fix, or what why-not says is possible.
var toType = regexp.MustCompile(`(?m)^(?:  |.* is possible: )snug (.*?)(?:   #.*)?$`)

func storyFix(ts *testscript.TestScript, neg bool, _ []string) {
	told := toType.FindStringSubmatch(storyOf(ts).said)
	if told == nil {
		ts.Fatalf("there is no command to type in:\n%s", storyOf(ts).said)
	}
	storySnug(ts, neg, shellWords(told[1]))
}

// shellWords reads words of which some stand in single quotes.
func shellWords(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

// TestWorkedConflict: docs/resolver.md shows what the story says.
func TestWorkedConflict(t *testing.T) {
	doc, err := os.ReadFile("../../docs/resolver.md")
	if err != nil {
		t.Fatal(err)
	}
	story, err := txtar.ParseFile("testdata/conflict/worked.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range story.Files {
		if text := strings.TrimSuffix(string(f.Data), "exit code 1\n"); f.Name == "want.txt" && !strings.Contains(string(doc), text) {
			t.Errorf("docs/resolver.md does not show:\n%s", text)
		}
	}
}
