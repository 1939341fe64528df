package index

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"snug/internal/dist"
)

func pageAt(t testing.TB) *url.URL {
	t.Helper()
	at, err := url.Parse("https://index.example/simple/a/")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// What the standard decoder takes, the scanner takes, and it never panics.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{`{"files":[]}`, `{"a":"\u00e9\\\""}`, `{"meta":{"api-version":"1.1"},"files":[{"filename":"a-1.zip","url":"x"}]}`, `{"a":[1,2,{}]} `} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &scanner{in: []byte(text)}
		err := s.skip()
		if json.Valid([]byte(text)) && err != nil && err.Error() != "nested too deeply" && err.Error() != "a string is not UTF-8" {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// A page in JSON is read as the standard decoder reads it, every field of every
// file, and comes back whole from the form in which it is kept.
func FuzzListingJSON(f *testing.F) {
	const whole = `"hashes":{"sha256":"%064x","md5":"%032X","odd":"x"},"requires-python":"\u003e=3","size":7,"upload-time":"2026-01-01T00:00:00.5Z","core-metadata":{"sha256":"%064x"}`
	f.Add(`{"meta":{"api-version":"1.4"},"project-status":{"status":"archived","reason":"a\tb"},"files":[{"filename":"a-1.zip","url":"../a-1.zip",` + fmt.Sprintf(whole, 1, 2, 3) + `}]}`)
	f.Add(`{"files":[{"filename":"a-2-py3-none-any.whl","url":"x#sha256=00","yanked":"why","dist-info-metadata":true},{"url":"https://index.example/a-1-py3-none-any.whl","yanked":false}]}`)
	f.Add(`{"files":[{"filename":"a-1.zip","url":"x","upload-time":"9999-12-31T23:59:59Z"},{"filename":"a-1.zip","url":"y","upload-time":"soon","size":null,"yanked":null}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseJSON([]byte(text), pageAt(t)); err == nil {
			if len(p.files) > len(text)/2 {
				t.Errorf("%d files out of %d bytes", len(p.files), len(text))
			}
			comesBack(t, p)
		}
		var page map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		if d.UseNumber(); d.Decode(&page) != nil {
			return
		}
		once, err := json.Marshal(page) // each key once
		if err != nil {
			t.Fatal(err)
		}
		p, err := parseJSON(once, pageAt(t))
		if err != nil {
			return
		}
		files, _ := page["files"].([]any)
		if len(files) != len(p.files) {
			t.Fatalf("%d files, want %d", len(p.files), len(files))
		}
		for i, want := range files {
			asDecoded(t, p.files[i], want.(map[string]any))
		}
	})
}

// asDecoded holds a file to what the standard decoder made of it.
func asDecoded(t *testing.T, f File, want map[string]any) {
	t.Helper()
	text := func(key string) string { s, _ := want[key].(string); return s }
	if name := text("filename"); name != "" && f.Name != name {
		t.Errorf("name %q, want %q", f.Name, name)
	}
	if f.RequiresPython != text("requires-python") {
		t.Errorf("requires-python %q, want %q", f.RequiresPython, text("requires-python"))
	}
	if n, _ := want["size"].(json.Number); fmt.Sprint(f.Size) != string(n) && (f.Size != 0 || n != "" && n != "-0") {
		t.Errorf("size %d, want %s", f.Size, n)
	}
	reason, withReason := want["yanked"].(string)
	if f.Yanked != (withReason || want["yanked"] == true) || f.YankedReason != reason {
		t.Errorf("yanked %t %q, want %v", f.Yanked, f.YankedReason, want["yanked"])
	}
	if at, err := time.Parse(time.RFC3339, text("upload-time")); err == nil && !f.Upload.IsZero() && !f.Upload.Equal(at) {
		t.Errorf("upload %s, want %s", f.Upload, at)
	}
	if p := text("provenance"); f.Provenance != absolute(pageAt(t), p) {
		t.Errorf("provenance %q, want %q", f.Provenance, p)
	}
	core, said := want["core-metadata"]
	if !said {
		core = want["dist-info-metadata"]
	}
	sums, hashed := core.(map[string]any)
	if f.HasMetadata != (hashed || core == true) || f.MetadataHash != sum(sums, "sha256") {
		t.Errorf("metadata %t %q, want %v", f.HasMetadata, f.MetadataHash, core)
	}
	given, _ := want["hashes"].(map[string]any)
	for alg := range hashLengths {
		if s := sum(given, alg); s != "" && f.Hashes.Sum(alg) != s {
			t.Errorf("hashes %s, want %v", f.Hashes, given)
		}
	}
}

func sum(hashes map[string]any, alg string) string {
	s, _ := hashes[alg].(string)
	if !isHash(alg, s) {
		return ""
	}
	return strings.ToLower(s)
}

// comesBack holds the kept form of a page to the page.
func comesBack(t *testing.T, p *page) {
	t.Helper()
	l := reread(t, p, time.Time{})
	if p.status == "quarantined" {
		if len(l.Releases) > 0 {
			t.Error("a quarantined project is offered")
		}
		return
	}
	byURL := map[string][]File{} // in the order of the index
	n := 0
	for i := range l.Releases {
		r := &l.Releases[i]
		if i > 0 && r.Version.Compare(l.Releases[i-1].Version) >= 0 {
			t.Errorf("%s after %s", r.Version, l.Releases[i-1].Version)
		}
		files := filesOf(t, r)
		n += len(files)
		if offers := offersOf(t, r); len(offers) != len(files) {
			t.Errorf("%d offers of %d files", len(offers), len(files))
		}
		for _, f := range files {
			byURL[f.URL+" "+f.Name] = append(byURL[f.URL+" "+f.Name], f)
		}
	}
	if l.Status != p.status || l.StatusReason != p.statusReason || n+l.Skipped != len(p.files)+p.skipped {
		t.Errorf("%d files and %d skipped of %d, status %q %q", n, l.Skipped, len(p.files)+p.skipped, l.Status, l.StatusReason)
	}
	var names dist.NameReader
	for _, f := range p.files {
		if !f.understand(&names, "a") {
			continue
		}
		key := f.URL + " " + f.Name
		if len(byURL[key]) == 0 {
			t.Fatalf("%s is lost", key)
		}
		got := byURL[key][0]
		byURL[key] = byURL[key][1:]
		f.Upload = f.Upload.UTC()
		if !reflect.DeepEqual(got, f) {
			t.Errorf("got  %+v\nwant %+v", got, f)
		}
	}
}

// A page in HTML holds files with proper names and addresses only; written again
// from what was read, it is read the same; and it comes back from the kept form.
func FuzzListingHTML(f *testing.F) {
	f.Add(`<!DOCTYPE html><meta name="pypi:repository-version" content="1.1"><base href="/b/"><a href="a-1.zip#sha256=` + strings.Repeat("0", 64) + `" data-requires-python="&gt;=3" data-yanked="&quot;x&#13;">a</a>`)
	f.Add(`<a href="../../x/a-2-py3-none-any.whl" data-core-metadata="sha256=` + strings.Repeat("aB", 32) + `" data-dist-info-metadata=false>`)
	f.Add(`<a href=mailto:x><a href=".."><a href="a%2F1.zip"><a href="//host/%61-1.zip?q#f"><meta name=pypi:project-status content=quarantined>`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseHTML([]byte(text), pageAt(t))
		if err != nil {
			return
		}
		if len(p.files) > len(text)/2 {
			t.Errorf("%d files out of %d bytes", len(p.files), len(text))
		}
		for _, f := range p.files {
			if u, err := url.Parse(f.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" || checkFileName(f.Name) != nil {
				t.Errorf("%q at %q: %v", f.Name, f.URL, err)
			}
		}
		again, err := parseHTML(writeHTML(p), pageAt(t))
		if err != nil {
			t.Fatal(err)
		}
		again.skipped = p.skipped
		if !reflect.DeepEqual(again, p) {
			t.Errorf("got  %+v\nwant %+v", again, p)
		}
		comesBack(t, p)
	})
}

// writeHTML writes a page as PEP 503 and those after it want.
func writeHTML(p *page) []byte {
	var b strings.Builder
	say := func(format string, values ...string) {
		var escaped []any
		for _, v := range values {
			escaped = append(escaped, html.EscapeString(v))
		}
		fmt.Fprintf(&b, format, escaped...)
	}
	if p.versioned {
		say(`<meta name="pypi:repository-version" content="1.0">`)
	}
	say(`<meta name="pypi:project-status" content="%s"><meta name="pypi:project-status-reason" content="%s">`, p.status, p.statusReason)
	for _, f := range p.files {
		say(`<a href="%s#%s" data-requires-python="%s"`, f.URL, string(f.Hashes), f.RequiresPython)
		if f.Yanked {
			say(` data-yanked="%s"`, f.YankedReason)
		}
		if f.HasMetadata {
			say(` data-core-metadata="sha256=%s"`, f.MetadataHash)
		}
		say(` data-provenance="%s"`, f.Provenance)
		say(">%s</a>\n", f.Name)
	}
	return []byte(b.String())
}

// A damaged front of a kept page is refused or read, never a panic, and says
// nothing of files that are not there.
func FuzzCompact(f *testing.F) {
	front, _ := sample(f).compact("a")
	f.Add(front)
	f.Add(front[:len(front)-3])
	f.Fuzz(func(t *testing.T, damaged []byte) {
		l, err := parseCompact(damaged, bytes.NewReader(nil), "a", time.Time{}, new(dist.NameReader))
		if err != nil {
			return
		}
		for i := range l.Releases {
			r := &l.Releases[i]
			if _, err := r.Offers(nil); err == nil && r.Shape == 0 {
				t.Error("files out of nothing")
			}
			if files, err := r.Files(); err == nil && len(files) > 0 {
				t.Error("files out of nothing")
			}
		}
	})
}
