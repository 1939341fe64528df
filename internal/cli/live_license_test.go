//go:build live

package cli

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/engine"
	"snug/internal/license"
)

// The notices of real wheels: what each declares, which branch is taken, the class, whether its files contradict
// that, and what they hold. Versions move; that these facts do not is what the test is for.
func TestLiveNotice(t *testing.T) {
	type fact struct {
		declared, source, taken string
		class                   license.Class
		found                   []string // among what its texts hold
	}
	want := map[string]fact{
		"numpy":           {"BSD-3-Clause", "License-Expression", "", license.Permissive, []string{"BSD-3-Clause", "GPL-3.0"}},
		"pillow":          {"MIT-CMU", "License-Expression", "", license.Permissive, []string{"HPND", "FTL", "Zlib", "libtiff"}},
		"scikit-learn":    {"BSD-3-Clause", "License-Expression", "", license.Permissive, []string{"BSD-3-Clause"}},
		"matplotlib":      {"PSF-2.0", "Classifier", "", license.Permissive, []string{"OFL-1.1"}},
		"cryptography":    {"Apache-2.0 OR BSD-3-Clause", "License-Expression", "Apache-2.0", license.Permissive, []string{"Apache-2.0", "BSD-3-Clause"}},
		"packaging":       {"Apache-2.0 OR BSD-2-Clause", "License-Expression", "Apache-2.0", license.Permissive, []string{"Apache-2.0", "BSD-2-Clause"}},
		"requests":        {"Apache-2.0", "", "", license.Permissive, []string{"Apache-2.0"}},
		"certifi":         {"MPL-2.0", "", "", license.WeakCopyleft, []string{"MPL-2.0"}},
		"psycopg2-binary": {"LGPL-3.0-or-later", "", "", license.WeakCopyleft, []string{"LGPL-3.0-or-later"}},
		"python-dateutil": {"LicenseRef-BSD AND Apache-2.0", "Classifier", "", license.Permissive, []string{"Apache-2.0", "BSD-3-Clause"}},
		"jinja2":          {"BSD-3-Clause", "", "", license.Permissive, []string{"BSD-3-Clause"}},
		"tqdm":            {"MPL-2.0 AND MIT", "", "", license.WeakCopyleft, []string{"MPL-2.0", "MIT"}},
		"sniffio":         {"MIT OR Apache-2.0", "", "MIT", license.Permissive, []string{"MIT", "Apache-2.0"}},
		"mutagen":         {"GPL-2.0-or-later", "", "", license.StrongCopyleft, []string{"GPL-2.0"}},
	}
	u := newUse(t, map[string]string{"requirements.txt": "numpy\npillow\nscikit-learn\nmatplotlib\ncryptography\npackaging\nrequests\ncertifi\npsycopg2-binary\n" +
		"python-dateutil==2.9.0.post0\njinja2\ntqdm\nsniffio\nmutagen\nshapely\nsetuptools\n"})
	var event struct{ Data engine.Notice }
	for line := range strings.Lines(liveSnug(t, u.dir, "notice", "prod", "--json")) {
		if strings.Contains(line, `"components"`) {
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(event.Data.Components) < len(want)+2 {
		t.Fatalf("%d components", len(event.Data.Components))
	}
	for _, c := range event.Data.Components {
		if c.Conflict != "" {
			t.Errorf("%s: a false alarm: %s", c.Name, c.Conflict)
		}
		w, ok := want[c.Name]
		if !ok {
			continue
		}
		delete(want, c.Name)
		var ids []string
		for _, text := range c.Texts {
			ids = append(ids, text.IDs...)
		}
		missing := slices.DeleteFunc(slices.Clone(w.found), func(id string) bool { return slices.Contains(ids, id) })
		if !strings.HasPrefix(c.Declared, w.declared) || w.source != "" && string(c.Source) != w.source || w.taken != c.Taken || c.Class != w.class || len(missing) > 0 {
			t.Errorf("%s %s: declared %q (%s), taken %q, %s; not found: %q", c.Name, c.Version, c.Declared, c.Source, c.Taken, c.Class, missing)
		}
	}
	for name := range want {
		t.Errorf("%s is not in the notices", name)
	}
	if text := liveSnug(t, u.dir, "notice", "prod"); text != liveSnug(t, u.dir, "notice", "prod") {
		t.Error("twice the same runtime, two files")
	}
}

// asked is one expression for the two peers, with what this project says of it.
type asked struct {
	Text      string   `json:"text"`
	Canonical string   `json:"canonical"` // "": refused
	Accepted  []string `json:"accepted"`
	Holds     bool     `json:"holds"` // what is accepted satisfies it
}

// The standard's own reader (packaging.licenses) and license-expression agree on thousands of expressions: on what
// one is, on its canonical spelling, and on what satisfies it.
func TestLiveLicenseExpressions(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 39))
	ids := []string{"MIT", "apache-2.0", "BSD-3-Clause", "gpl-2.0-only", "GPL-3.0-or-later", "LGPL-2.1-or-later", "mpl-2.0", "Zlib", "GPL-2.0-only WITH Classpath-exception-2.0", "Apache-2.0 with LLVM-exception"}
	var all []asked
	for range 3000 {
		text := expression(r, ids, 4)
		if r.IntN(8) == 0 { // break it
			at := r.IntN(len(text))
			text = text[:at] + []string{"(", ")", " OR ", " ", "x"}[r.IntN(5)] + text[at:]
		}
		a := asked{Text: text, Accepted: []string{}}
		if e, err := license.ParseExpression(text); err == nil {
			accepted := map[string]bool{}
			for _, one := range e.Licenses() {
				if accepted[one.String()] = r.IntN(2) == 0; accepted[one.String()] {
					a.Accepted = append(a.Accepted, one.String())
				}
			}
			a.Canonical = e.String()
			a.Holds = e.Choose(func(id, exception string, plus bool) int {
				if exception != "" {
					id += " WITH " + exception
				}
				if accepted[id] {
					return 0
				}
				return 1
			}).Rank == 0
		}
		all = append(all, a)
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	u := newUse(t, map[string]string{"requirements.txt": "packaging\nlicense-expression\n", "peers.py": licensePeers, "asked.json": string(data)})
	out := u.run("prod", "python", filepath.Join(u.dir, "peers.py"), filepath.Join(u.dir, "asked.json"))
	if !strings.Contains(out, fmt.Sprintf("asked %d, differ 0\n", len(all))) {
		t.Errorf("%.4000s", out)
	}
	t.Log(out)
}

func expression(r *rand.Rand, ids []string, depth int) string {
	if depth == 0 || r.IntN(3) == 0 {
		return ids[r.IntN(len(ids))]
	}
	var parts []string
	for range 2 + r.IntN(2) {
		parts = append(parts, expression(r, ids, depth-1))
	}
	text := strings.Join(parts, []string{" AND ", " or ", " OR "}[r.IntN(3)])
	if r.IntN(2) == 0 {
		text = "(" + text + ")"
	}
	return text
}

const licensePeers = `
import json, sys
from packaging.licenses import canonicalize_license_expression, InvalidLicenseExpression
from license_expression import get_spdx_licensing
licensing = get_spdx_licensing()
asked = json.load(open(sys.argv[1]))
differ = 0

def holds(e, accepted):
    if isinstance(e, licensing.AND):
        return all(holds(a, accepted) for a in e.args)
    if isinstance(e, licensing.OR):
        return any(holds(a, accepted) for a in e.args)
    return e.render() in accepted

for a in asked:
    try:
        canonical = canonicalize_license_expression(a["text"])
    except InvalidLicenseExpression:
        canonical = ""
    if canonical != a["canonical"]:
        differ += 1
        print("packaging:", repr(a["text"]), repr(canonical), "snug:", repr(a["canonical"]))
    elif canonical:
        said = holds(licensing.parse(canonical), set(a["accepted"]))
        if said != a["holds"]:
            differ += 1
            print("license-expression:", canonical, a["accepted"], said, "snug:", a["holds"])
print(f"asked {len(asked)}, differ {differ}")
`
