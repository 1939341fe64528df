package advisory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOverlays(t *testing.T) {
	const head = "owner: ann@shop.example\nreason: tried\nexpires: 2024-10-11\n"
	holds := func(ok bool) Where {
		return Where{Marker: func(string) (bool, error) { return ok, nil }}
	}
	const both = "PYSEC-1 = CVE-1 GHSA-1: GHSA-1 PYSEC-1 > 2"
	cases := []struct {
		why, overlay string
		where        Where
		want         string
	}{
		{"by an alias, all of the hole", "id: CVE-1\nnot-affected: [{}]\n" + head, Where{}, ""},
		{"of this package", "id: PYSEC-1\nnot-affected: [{package: A}]\n" + head, Where{}, ""},
		{"of another", "id: PYSEC-1\nnot-affected: [{package: b}]\n" + head, Where{}, both},
		{"another hole", "id: PYSEC-2\nnot-affected: [{}]\n" + head, Where{}, both},
		{"in these versions", "id: PYSEC-1\nnot-affected: [{versions: '>=1'}]\n" + head, Where{}, ""},
		{"in others", "id: PYSEC-1\nnot-affected: [{versions: '>=1.5'}]\n" + head, Where{}, both},
		{"where a marker holds", "id: PYSEC-1\nnot-affected: [{marker: python_version >= '3.12'}]\n" + head, holds(true), ""},
		{"where it does not", "id: PYSEC-1\nnot-affected: [{marker: python_version >= '3.12'}]\n" + head, holds(false), both},
		{"where that is not known", "id: PYSEC-1\nnot-affected: [{marker: python_version >= '3.12'}]\n" + head, Where{}, both},
		{"only in wheels", "id: PYSEC-1\nnot-affected: [{applies-to: wheel}]\n" + head, Where{Artifact: "sdist"}, ""},
		{"and it is one", "id: PYSEC-1\nnot-affected: [{applies-to: wheel}]\n" + head, Where{Artifact: "wheel"}, both},
		{"or that is not known", "id: PYSEC-1\nnot-affected: [{applies-to: wheel}]\n" + head, Where{}, both},
		{"expired", "id: PYSEC-1\nnot-affected: [{}]\nowner: a\nreason: b\nexpires: 2024-10-10\n", Where{}, both},
		{"other ranges", "id: CVE-1\naffected: [{package: {ecosystem: PyPI, name: a}, ranges: [{type: ECOSYSTEM, events: [{introduced: '0'}, {fixed: 1.1}]}]}]\n" + head, Where{}, "CVE-1 = GHSA-1 PYSEC-1: CVE-1 > 1.1"},
		{"a record of its own", "id: SHOP-1\naffected: [{package: {ecosystem: PyPI, name: a}, versions: ['1']}]\n" + head, Where{}, both + "; SHOP-1 =: SHOP-1 >"},
	}
	for _, c := range cases {
		root := t.TempDir()
		file := filepath.Join(root, OverlayDir, "x.yaml")
		if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(c.overlay), 0o600); err != nil {
			t.Fatal(err)
		}
		overlays, err := ReadOverlays(root, now)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		m := dbOf(t, "PYSEC-1 = CVE-1: a i:0 f:2", "GHSA-1 = CVE-1: a i:0 f:1.5").With(overlays).MatchIn(pkg("a", "1"), c.where)
		if got := told(m); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
		if changed := c.want != both; changed != (len(m.Notes) > 0) || changed && !strings.Contains(m.Notes[0], "advisories/x.yaml (ann@shop.example, until 2024-10-11): tried") {
			t.Errorf("%s: says %q", c.why, m.Notes)
		}
	}
}
