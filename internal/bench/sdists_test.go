//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The list is the one that the goal speaks of.
func TestSdistList(t *testing.T) {
	all, err := readReleases(sdistList)
	if err != nil {
		t.Fatal(err)
	}
	count, seen := map[string]int{}, map[string]bool{}
	for _, r := range all {
		count[r.kind]++
		if seen[r.name] {
			t.Errorf("%s is there twice", r.name)
		}
		seen[r.name] = true
	}
	if len(all) != 60 || count["pure"] != 30 || count["C"] != 25 || count["Rust"] != 5 {
		t.Errorf("%d sdists: %v", len(all), count)
	}
	if _, err := readReleases("pure six"); err == nil {
		t.Error("a line without a version passed")
	}
	if _, err := chosen(all, "six,sixty"); err == nil || !strings.Contains(err.Error(), "sixty") {
		t.Errorf("%v", err)
	}
}

// said stands for snug: it prints what the rebuild of one package would.
const said = `#!/bin/sh
case $2 in
equal==1) echo '{"stage":"rebuild","kind":"finding","data":{"wheel":"equal-1-cp313-cp313-linux_x86_64.whl","sandbox":"hermetic","again":{"verdict":"equal"},"published":{"verdict":"code differs"}}}' ;;
differs==1) echo '{"stage":"rebuild","kind":"finding","data":{"wheel":"differs-1-py3-none-any.whl","sandbox":"hermetic","again":{"verdict":"code differs","files":[{"path":"a.py"},{"path":"b.py"},{"path":"c.py"},{"path":"d.py"}]}}}'; exit 1 ;;
fails==1) echo '{"stage":"build","kind":"failed","message":"not this"}'; printf '%s\n' '{"stage":"rebuild","kind":"failed","message":"foo.h|bar.h is missing\nmore"}'; exit 1 ;;
lower==1) echo '{"stage":"rebuild","kind":"finding","data":{"wheel":"lower-1-py3-none-any.whl","sandbox":"none","again":{"verdict":"equal"}}}' ;;
hangs==1) exec sleep 60 ;;
silent==1) echo broken >&2; exit 3 ;;
esac
`

func TestSdistResults(t *testing.T) {
	dir := t.TempDir()
	snug := filepath.Join(dir, "snug")
	if err := os.WriteFile(snug, []byte(said), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		limit        time.Duration
		row          string
		built, equal bool
	}{
		{"equal", time.Minute, "| cp313-cp313-linux_x86_64\t| hermetic\t| yes\t| code differs\t|", true, true},
		{"differs", time.Minute, "| py3-none-any\t| hermetic\t| **no**: a.py, b.py, c.py, 1 more\t| none\t|", true, false},
		{"fails", time.Minute, `| **no**: foo.h\|bar.h is missing` + "\t| –\t| –\t| –\t|", false, false},
		{"lower", time.Minute, "| py3-none-any\t| none\t| yes\t| –\t|", false, false},
		{"hangs", 100 * time.Millisecond, "| **no**: more than 100ms\t|", false, false},
		{"silent", time.Minute, "| **no**: exit status 3: broken\t|", false, false},
	} {
		b := &sdistBench{snug: snug, home: dir, limit: c.limit}
		r := b.rebuild(t.Context(), release{"pure", c.name, "1"})
		if row := r.String(); !strings.HasPrefix(row, "| "+c.name+" 1\t| pure\t"+c.row) {
			t.Errorf("%q", row)
		}
		if r.built() != c.built || r.equal() != c.equal {
			t.Errorf("%s: built %t, equal %t", c.name, r.built(), r.equal())
		}
	}
}

func TestSdistTotals(t *testing.T) {
	good := sdistResult{release: release{kind: "pure"}, rebuilt: rebuilt{Wheel: "w", Sandbox: "hermetic", Again: &difference{Verdict: "equal"}}}
	var results []sdistResult
	for range 9 {
		results = append(results, good)
	}
	results = append(results, sdistResult{release: release{kind: "C"}})
	text := totals(results)
	for _, want := range []string{"- pure: 9 of 9 built", "- C: 0 of 1", "- all: 9 of 10 built in the hermetic sandbox, 9 of these", "- goals: enough built (90 %), enough of these equal (95 %)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	results[0].Again = &difference{Verdict: "metadata only"}
	if text := totals(append(results, sdistResult{})); !strings.Contains(text, "**not enough** built (90 %), **not enough** of these") {
		t.Error(text)
	}
}
