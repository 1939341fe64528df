package licensetext

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/license"
)

func noticesOf(t *testing.T) (Notices, map[string]string) {
	t.Helper()
	files := map[string]string{
		"a/LICENSE": "Copyright (c) 2020-2024 Jo\x1b[31m Doe\r\nCopyright [yyyy] [name of copyright owner]\nThe copyright holder permits.\n\n" + template(t, "MIT"),
		"b/COPYING": "© 1999 Ann\n * Copyright: 2001 Bo\n" + template(t, "LGPL-2.1"),
		"b/_v/MIT":  template(t, "MIT"),
	}
	item := func(name, expression string, paths ...string) Item {
		d := license.Declare(license.Fields{Expression: expression})
		i := Item{Name: name, Version: "1.0", Declared: d, Chosen: d.Expression.Choose(func(id, x string, _ bool) int { return license.ClassWith(id, x).Rank() })}
		for _, p := range paths {
			text := Classify([]byte(files[p]))
			text.Path, text.Kind = p, Own
			if strings.Contains(p, "_v") {
				text.Kind = Bundled
			}
			i.Texts = append(i.Texts, text)
		}
		return i
	}
	b := item("b", "LGPL-2.1-or-later", "b/COPYING", "b/_v/MIT")
	b.Sources, b.Inside = []string{"https://b.example/src"}, []string{"zlib 1.3"}
	return Notices{Runtime: "prod", Target: "linux-x86_64", Python: "3.14.0", Tree: "00ff", Items: []Item{
		b, item("a", "GPL-3.0-only OR MIT", "a/LICENSE"), item("c", "MIT", "b/_v/MIT"), item("d", ""),
	}}, files
}

func written(t *testing.T, n Notices, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	err := n.Write(&out, func(path string) ([]byte, error) { return []byte(files[path]), nil })
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestNotices(t *testing.T) {
	n, files := noticesOf(t)
	text := written(t, n, files)
	head, _, _ := strings.Cut(text, "[1] sha256:")
	for _, want := range []string{
		"runtime:    prod, Python 3.14.0, linux-x86_64\n", "components: 4, with 3 texts\n",
		"a 1.0\n  declared: GPL-3.0-only OR MIT (License-Expression)\n  chosen:   MIT, not GPL-3.0-only\n  found:    MIT\n  Copyright (c) 2020-2024 Jo[31m Doe\n  [1] a/LICENSE\n",
		"b 1.0\n  declared: LGPL-2.1-or-later (License-Expression)\n  found:    LGPL-2.1\n  found in what it bundles: MIT\n  carries:  zlib 1.3\n  © 1999 Ann\n  Copyright: 2001 Bo\n  [2] b/COPYING\n  [3] b/_v/MIT\n",
		"c 1.0\n  declared: MIT (License-Expression)\n", "d 1.0\n  declared: unknown\n  it ships no licence text\n",
		"WHERE THE SOURCE IS\n\nOf components under licences that ask for it:\n\nb 1.0\n  it is under LGPL-2.1-or-later\n  https://b.example/src\n\n",
	} {
		if !strings.Contains(head, want) {
			t.Errorf("not there: %q in\n%s", want, head)
		}
	}
	if strings.Contains(head, "yyyy") || strings.ContainsAny(text, "\x1b\r") {
		t.Error("a blank form, or a character that a terminal obeys")
	}
	if !strings.Contains(text, "of b 1.0, c 1.0\n") || strings.Count(text, "[3] sha256:") != 1 {
		t.Error("a text is not told once with all its users")
	}
	slices.Reverse(n.Items)
	if written(t, n, files) != text {
		t.Error("the order of the items changes the file")
	}
}

// A GPL that stands in the licence file of a permissive package is of what was linked into it.
func TestSourcesOfWhatIsLinked(t *testing.T) {
	n, files := noticesOf(t)
	n.Items[1].Texts[0].IDs = []string{"MIT", "GPL-3.0"}
	if text := written(t, n, files); !strings.Contains(text, "a 1.0\n  its licence files also speak of GPL-3.0\n  nothing says where its source is\n") {
		t.Error(text[:3000])
	}
}

func TestNoticesFail(t *testing.T) {
	n, _ := noticesOf(t)
	err := n.Write(&bytes.Buffer{}, func(path string) ([]byte, error) { return nil, fmt.Errorf("%s is gone", path) })
	if err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("a text that cannot be read: %v", err)
	}
	err = n.Write(&bytes.Buffer{}, func(string) ([]byte, error) { return []byte("another"), nil })
	if fault.CodeOf(err) != fault.Integrity || fault.HintOf(err) == "" {
		t.Errorf("a text that was changed: %v", err)
	}
}
