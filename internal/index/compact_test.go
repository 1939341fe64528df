package index

import (
	"net/url"
	"reflect"
	"testing"
	"time"
)

func TestKeptListingComesBack(t *testing.T) {
	sum := NewHashes(map[string]string{"sha256": "aa", "md5": "bb"})
	p := &page{status: "archived", statusReason: "a\tb\n\"c\"", skipped: 3, files: []File{
		{Name: "a-1.zip", URL: "https://index.example/a-1.zip"},
		{Name: "a-2.zip", URL: "https://index.example/other?x=1", Size: 7, Hashes: sum, RequiresPython: ">=3,\n<4", Yanked: true,
			YankedReason: `"no"`, Upload: time.Date(2026, 3, 1, 2, 3, 4, 567000, time.UTC), HasMetadata: true, MetadataHash: "cc"},
		{Name: "a-3.zip", URL: "https://index.example/a-3.zip", Yanked: true, Upload: time.Unix(0, 0).UTC()},
	}}
	got, err := parseCompact(p.compact())
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v\nwant %+v", got, err, p)
	}
}

// a page comes back as it was kept, and a damaged one is refused, not misread
// into a panic.
func FuzzCompact(f *testing.F) {
	f.Add(`{"files":[{"filename":"a-1.zip","url":"x/a-1.zip","yanked":"\t","hashes":{"md5":"`+"00000000000000000000000000000000"+`"}}]}`, "listing-2\n\t\t0\n")
	f.Add(`{"files":[{"filename":"\"","url":"x","upload-time":"2026-01-01T00:00:00Z"}]}`, "listing-2\n\t\t0\na\tb\tc\n")
	f.Fuzz(func(t *testing.T, text, damaged string) {
		at, _ := url.Parse("https://index.example/")
		p, err := parseJSON([]byte(text), at)
		if err == nil {
			got, err := parseCompact(p.compact())
			if err != nil || string(got.compact()) != string(p.compact()) || len(got.files) != len(p.files) {
				t.Errorf("%q: %v", text, err)
			}
		}
		parseCompact([]byte(damaged))
	})
}
