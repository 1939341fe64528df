package index

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"snug/internal/dist"
)

func at(day int) time.Time { return time.Date(2026, 3, day, 2, 3, 4, 567000, time.UTC) }

// sample has odd text in every field that may hold some.
func sample(t testing.TB) *page {
	t.Helper()
	p := &page{status: "archived", statusReason: "a\tb\n\"c\"", skipped: 3}
	add := func(f File) {
		if f.URL == "" {
			f.URL = "https://index.example/files/" + f.Name
		}
		p.files = append(p.files, f)
	}
	sums := NewHashes(map[string]string{"sha256": "aa", "md5": "bb"})
	add(File{Name: "a-1-py3-none-any.whl", Upload: at(1), Hashes: sums})
	add(File{Name: "a-2.zip", URL: "https://index.example/other?x=1", Size: 7, Hashes: sums, RequiresPython: ">=3,\n<4", Yanked: true,
		YankedReason: `"no"`, Upload: at(2), HasMetadata: true, MetadataHash: "cc", Provenance: "https://index.example/integrity/a/2\t"})
	add(File{Name: "a-1.0.tar.gz", Upload: at(5)})
	add(File{Name: "a-3-py3-none-any.whl", Upload: at(3), Hashes: sums})
	add(File{Name: "a-4-py3-none-any.whl", Hashes: sums})
	add(File{Name: "a-5-2b-cp314-cp314-manylinux_2_28_x86_64.manylinux2014_x86_64.whl", RequiresPython: ">=3.9\t", Yanked: true, YankedReason: "bad\nbuild", Upload: at(4)})
	add(File{Name: "a-none.egg"})
	add(File{Name: "b-1-py3-none-any.whl"})
	return p
}

func reread(t testing.TB, p *page, asOf time.Time) *Listing {
	t.Helper()
	front, rest := p.compact("a")
	l, err := parseCompact(front, bytes.NewReader(rest), "a", asOf, new(dist.NameReader))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func filesOf(t testing.TB, r *Release) []File {
	t.Helper()
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func offersOf(t testing.TB, r *Release) []Offer {
	t.Helper()
	offers, err := r.Offers(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range offers {
		offers[i].Tags.Number, offers[i].Python.Number = 0, 0
	}
	return offers
}

func names(t testing.TB, l *Listing) (out [][]string) {
	for i := range l.Releases {
		var of []string
		for _, f := range filesOf(t, &l.Releases[i]) {
			of = append(of, f.Name)
		}
		out = append(out, of)
	}
	return out
}

func TestKeptListing(t *testing.T) {
	p := sample(t)
	l := reread(t, p, time.Time{})
	want := [][]string{{"a-5-2b-cp314-cp314-manylinux_2_28_x86_64.manylinux2014_x86_64.whl"}, {"a-4-py3-none-any.whl"}, {"a-3-py3-none-any.whl"}, {"a-2.zip"}, {"a-1-py3-none-any.whl", "a-1.0.tar.gz"}}
	if got := names(t, l); !reflect.DeepEqual(got, want) || l.Status != p.status || l.StatusReason != p.statusReason || l.Skipped != 5 {
		t.Fatalf("%q, %+v", got, l)
	}
	zip := filesOf(t, l.Release(l.Releases[3].Version))[0]
	zip.Version = p.files[1].Version
	if !reflect.DeepEqual(zip, p.files[1]) {
		t.Errorf("%+v\nwant %+v", zip, p.files[1])
	}
	shape := func(i int) int { return l.Releases[i].Shape }
	if shape(1) != shape(2) || shape(2) == shape(3) || shape(3) == shape(4) || shape(4) == shape(1) || shape(0) == shape(1) {
		t.Errorf("shapes %d %d %d %d %d", shape(0), shape(1), shape(2), shape(3), shape(4))
	}
	for i := range l.Releases {
		r := &l.Releases[i]
		alike := *r
		alike.Shape = 0
		if got, want := offersOf(t, r), offersOf(t, &alike); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v\nwant %+v", r.Version, got, want)
		}
	}
	p.status = "quarantined"
	if l := reread(t, p, time.Time{}); len(l.Releases) != 0 {
		t.Errorf("%q", names(t, l))
	}
}

func TestKeptListingAsOf(t *testing.T) {
	l := reread(t, sample(t), at(2))
	want := [][]string{{"a-2.zip"}, {"a-1-py3-none-any.whl"}}
	if got := names(t, l); !reflect.DeepEqual(got, want) || l.Later != 2 || l.Undated != 1 {
		t.Errorf("%q, %d later, %d undated", got, l.Later, l.Undated)
	}
	if l.Releases[1].Shape != 0 {
		t.Error("a release of which a part is hidden is compared with whole ones")
	}
}

// A rest that is not the one of the front is told from one that is.
func TestKeptListingIsDamaged(t *testing.T) {
	front, rest := sample(t).compact("a")
	for _, damaged := range [][]byte{nil, rest[:len(rest)-1], append([]byte("x"), rest[1:]...)} {
		l, err := parseCompact(front, bytes.NewReader(damaged), "a", time.Time{}, new(dist.NameReader))
		if err != nil {
			t.Fatal(err)
		}
		bad := 0
		for i := range l.Releases {
			if _, err := l.Releases[i].Files(); err != nil {
				bad++
			}
		}
		if bad == 0 {
			t.Errorf("%q is believed", damaged)
		}
	}
}
