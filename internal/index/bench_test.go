package index

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"snug/internal/dist"
)

// A page of 4,400 files, as the largest projects have.
func BenchmarkParseJSON(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"meta":{"api-version":"1.1"},"files":[`)
	for i := range 4400 {
		if i > 0 {
			text.WriteByte(',')
		}
		name := fmt.Sprintf("big-1.%d-cp314-cp314-manylinux_2_28_x86_64.manylinux2014_x86_64.whl", i)
		fmt.Fprintf(&text, `{"filename":%q,"hashes":{"sha256":"%064x"},"requires-python":">=3.9","size":%d,"upload-time":"2026-01-01T00:00:00.123456Z","url":"https://index.example/packages/aa/bb/%s","yanked":false}`, name, i, i, name)
	}
	text.WriteString("]}")
	body, at := []byte(text.String()), &url.URL{Scheme: "https", Host: "index.example"}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := parseJSON(body, at)
		if err != nil {
			b.Fatal(err)
		}
		p.compact("big")
	}
}

// The same page as the cache keeps it, with the files of its newest release.
func BenchmarkParseCompact(b *testing.B) {
	p := &page{}
	for i := range 4400 {
		name := fmt.Sprintf("big-1.%d-cp314-cp314-manylinux_2_28_x86_64.manylinux2014_x86_64.whl", i)
		p.files = append(p.files, File{Name: name, URL: "https://index.example/packages/aa/bb/" + name, RequiresPython: ">=3.9"})
	}
	front, rest := p.compact("big")
	b.SetBytes(int64(len(front)))
	b.ReportAllocs()
	for b.Loop() {
		l, err := parseCompact(front, bytes.NewReader(rest), "big", time.Time{}, new(dist.NameReader))
		if err != nil {
			b.Fatal(err)
		}
		if files, err := l.Releases[0].Files(); err != nil || len(files) != 1 {
			b.Fatal(err)
		}
	}
}
