package index

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"snug/internal/dist"
)

// A page holds decades of files that nobody can install today. Each is passed
// over by itself and counted; the rest of the page stands.
func TestLegacyFileNames(t *testing.T) {
	at, err := url.Parse("https://index.example/simple/pytz/")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{
		"pytz-2024.1-py2.py3-none-any.whl", "pytz-2024.1.tar.gz", "pytz-2004.zip", // these are understood
		"pytz-2004d-py2.3.egg", "pytz-2004d.tar.bz2", "pytz-2004d.tar.gz", "pytz-2005m.win32.exe", "pytz-2006-py2.4.rpm", "pytz-1.0-bin.tar.gz",
		"pytz-2024.1-py2.7.win-amd64.exe", "pytz-2024.1.win32-py2.5.msi", "pytz-dev-py3-none-any.whl", "pytz-2024.1-py3-any.whl", "pytz-2024.1-py3-none-any-more-parts-here.whl",
		"pytz_deprecation_shim-0.1-py3-none-any.whl", "other-2024.1.tar.gz", "pytz.tar.gz", "README", "pytz-2024.1-py3-none-any.whl.asc", "pytz-\u0662.tar.gz",
	}
	var page struct {
		Files []map[string]any `json:"files"`
	}
	for _, name := range files {
		page.Files = append(page.Files, map[string]any{"filename": name, "url": "https://index.example/files/x", "hashes": map[string]string{}})
	}
	text, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parseJSON(text, at)
	if err != nil {
		t.Fatal(err)
	}
	front, rest := p.compact("pytz")
	l, err := parseCompact(front, bytes.NewReader(rest), "pytz", time.Time{}, new(dist.NameReader))
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Concat(names(t, l)...)
	if want := files[:3]; !slices.Equal(got, want) || l.Skipped != len(files)-3 {
		t.Errorf("understood %q, skipped %d of %d", got, l.Skipped, len(files))
	}
}
