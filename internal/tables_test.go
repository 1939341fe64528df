package internal_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const scripts = "cli/testdata/script"

var (
	quotedName = regexp.MustCompile("`([^`]+)`")
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// docs/traps.md has a row for each of the traps, and every row names tests that
// exist.
func TestTrapsAreHeld(t *testing.T) {
	rows := tableRows(t, "../docs/traps.md")
	if len(rows) != 31 {
		t.Errorf("%d traps, want 31", len(rows))
	}
	known := testsBelow(t)
	for i, cells := range rows {
		if cells[0] != fmt.Sprint(i+1) || len(cells) != 4 {
			t.Errorf("row %d has number %s and %d cells", i+1, cells[0], len(cells))
		}
		checkHolders(t, known, cells[len(cells)-1])
	}
}

// docs/hostile.md names tests, stories and files that exist.
func TestHostileInputIsHeld(t *testing.T) {
	rows := tableRows(t, "../docs/hostile.md")
	if len(rows) < 15 {
		t.Errorf("%d rows", len(rows))
	}
	known := testsBelow(t)
	for _, cells := range rows {
		checkHolders(t, known, cells[len(cells)-1])
	}
}

// The Makefile's fuzz targets, ten or more, which .ci/run runs, are there.
func TestNamedFuzzTargets(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(strings.ReplaceAll(string(text), "\\\n", " "), "\nFUZZ_NAMED =")
	list, _, _ = strings.Cut(list, "\n")
	names := strings.Fields(list)
	if len(names) < 10 {
		t.Errorf("%d targets: %q", len(names), names)
	}
	known := testsBelow(t)
	for _, name := range names {
		if pkg, target, _ := strings.Cut(name, ":"); !strings.HasPrefix(target, "Fuzz") || !known[pkg+"."+target] {
			t.Errorf("there is no %s", name)
		}
	}
}

// tableRows are the cells of the rows of a document's first table.
func tableRows(t *testing.T, file string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n|---|")
	_, table, _ = strings.Cut(table, "\n")
	if table, _, _ = strings.Cut(table, "\n\n"); !found {
		t.Fatalf("%s has no table", file)
	}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// checkHolders looks every quoted name up: a story, a test (with its package), or
// a file of tests.
func checkHolders(t *testing.T, known map[string]bool, cell string) {
	t.Helper()
	names := quotedName.FindAllStringSubmatch(cell, -1)
	if len(names) == 0 {
		t.Errorf("%q names no test", cell)
	}
	for _, m := range names {
		if name := m[1]; !known[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// testsBelow is every name by which a test may be called.
func testsBelow(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		path = filepath.ToSlash(path)
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasPrefix(path, scripts+"/"):
			known[d.Name()] = true
			return nil
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		known[path], known[d.Name()] = true, true
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			known[m[1]], known[dir+"."+m[1]] = true, true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(known) < 100 {
		t.Fatalf("only %d tests were found", len(known))
	}
	return known
}
