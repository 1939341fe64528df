package supplychain

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/cooldown"
	"snug/internal/dist"
	"snug/internal/finding"
	"snug/internal/index"
	"snug/internal/lock"
)

const (
	public  = "https://index.example/simple/"
	private = "https://private.example/simple/"
)

var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// file is a wheel of a version. marks: y yanked, p with provenance, h another hash, d a day later.
func file(t *testing.T, version, marks string) index.File {
	t.Helper()
	name := "acme-" + version + "-py3-none-any.whl"
	wheel, err := dist.ParseWheelName(name)
	if err != nil {
		t.Fatal(err)
	}
	f := index.File{Name: name, URL: "https://index.example/files/" + name, Version: wheel.Version, Wheel: &wheel, Upload: day0}
	sum := fmt.Sprintf("%064x", len(version))
	for _, m := range marks {
		switch m {
		case 'y':
			f.Yanked, f.YankedReason = true, "broken"
		case 'p':
			f.Provenance = "https://index.example/integrity/" + name
		case 'h':
			sum = fmt.Sprintf("%064x", 999)
		case 'n':
			sum = ""
		case 'd':
			f.Upload = f.Upload.Add(24 * time.Hour)
		}
	}
	if sum != "" {
		f.Hashes = index.NewHashes(map[string]string{"sha256": sum})
	}
	return f
}

// listing reads "1.0 1.1:yp" as the files of a project.
func listing(t *testing.T, url, text string) *index.Listing {
	t.Helper()
	var files []index.File
	for _, one := range strings.Fields(text) {
		version, marks, _ := strings.Cut(one, ":")
		files = append(files, file(t, version, marks))
	}
	return index.NewListing("acme", url, files)
}

func locked(version, from string) lock.Package {
	name := "acme-" + version + "-py3-none-any.whl"
	return lock.Package{Name: "acme", Version: version, Index: from, Wheels: []lock.File{{
		URL: "https://index.example/files/" + name, Hashes: map[string]string{"sha256": fmt.Sprintf("%064x", len(version))}, UploadTime: day0}}}
}

func ids(all []finding.Finding) string {
	var out []string
	for _, f := range all {
		out = append(out, f.ID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestOfRelease(t *testing.T) {
	status := func(l *index.Listing, s string) *index.Listing { l.Status = s; return l }
	of := func(text string) *index.Listing { return listing(t, public, text) }
	for name, c := range map[string]struct {
		locked string // version
		from   string // index in the lock; "": public
		now    *index.Listing
		others []*index.Listing
		minAge cooldown.Age
		want   string
	}{
		"as locked":                   {locked: "1.0", now: of("1.0 0.9")},
		"quarantined":                 {locked: "1.0", now: status(of(""), "quarantined"), want: "quarantined"},
		"archived":                    {locked: "1.0", now: status(of("1.0"), "archived"), want: "archived"},
		"deprecated":                  {locked: "1.0", now: status(of("1.0"), "deprecated"), want: "deprecated"},
		"a status of tomorrow":        {locked: "1.0", now: status(of("1.0"), "paused")},
		"yanked":                      {locked: "1.0", now: of("1.0:y 0.9"), want: "yanked"},
		"another version is yanked":   {locked: "1.0", now: of("1.0 0.9:y")},
		"the version has gone":        {locked: "1.0", now: of("0.9 1.1"), want: "withdrawn"},
		"the project has gone":        {locked: "1.0", want: "withdrawn"},
		"another file by the name":    {locked: "1.0", now: of("1.0:h"), want: "hash-mismatch"},
		"the index has no hash of it": {locked: "1.0", now: of("1.0:n")},
		"a mirror answers now":        {locked: "1.0", from: private, now: of("1.0")},
		"a stranger answers now":      {locked: "1.0", from: private, now: of("1.0:h"), want: "origin-clash"},
		"a stranger answers now, without the version": {locked: "1.0", from: private, now: of("9.9"), want: "origin-clash"},
		"the same index, written otherwise":           {locked: "1.0", from: "https://u:p@index.example/simple", now: of("1.0:h"), want: "hash-mismatch"},
		"a second index with the same files":          {locked: "1.0", now: of("1.0 0.9"), others: []*index.Listing{listing(t, private, "1.0")}},
		"a second index with an older file alike":     {locked: "1.0", now: of("1.0 0.91"), others: []*index.Listing{listing(t, private, "0.91 9.9:h")}},
		"a second index with a stranger":              {locked: "1.0", now: of("1.0 0.9"), others: []*index.Listing{listing(t, private, "99.0:h")}, want: "origin-clash"},
		"a second index without a file":               {locked: "1.0", now: of("1.0"), others: []*index.Listing{listing(t, private, "")}},
		"a second index without hashes":               {locked: "1.0", now: of("1.0"), others: []*index.Listing{listing(t, private, "1.0:n")}, want: "signs-unchecked"},
		"provenance as before":                        {locked: "1.2", now: of("1.2:p 1.1:p 1.0:p")},
		"provenance never":                            {locked: "1.2", now: of("1.2 1.1 1.0")},
		"provenance has gone":                         {locked: "1.2", now: of("1.3:p 1.2 1.1:p 1.0:p"), want: "provenance-regression"},
		"provenance once":                             {locked: "1.2", now: of("1.2 1.1:p 1.0")},
		"provenance once, and there is no more":       {locked: "1.2", now: of("1.2 1.1:p")},
		"provenance came later":                       {locked: "1.2", now: of("1.3:p 1.4:p 1.2 1.1 1.0")},
		"an older line, released by hand":             {locked: "1.2", now: of("2.1:p 2.0:p 1.2 1.1 1.0")},
		"releases of today do not count as before":    {locked: "1.2", now: of("1.2 1.11:pd 1.1:pd 1.0")},
		"young":      {locked: "1.0", now: of("1.0"), minAge: cooldown.Age(8 * 24 * time.Hour), want: "young"},
		"old enough": {locked: "1.0", now: of("1.0"), minAge: cooldown.Age(7 * 24 * time.Hour)},
	} {
		from := c.from
		if from == "" {
			from = public
		}
		got, err := OfRelease(Release{Package: locked(c.locked, from), Listing: c.now, Others: c.others, MinAge: c.minAge, Now: day0.Add(7 * 24 * time.Hour)})
		if err != nil || ids(got) != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, ids(got), c.want, err)
		}
		for _, f := range got {
			if f.Package != "acme" || f.PURL != "pkg:pypi/acme@"+c.locked || len(f.Evidence) == 0 && f.Class != finding.Unknown || f.Summary == "" || f.Remedy == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// A file that was added to a release that is published with provenance is told,
// although the others of the release have theirs.
func TestAFileIsAddedToARelease(t *testing.T) {
	l := listing(t, public, "1.2:p 1.1:p 1.0:p")
	added := file(t, "1.2", "")
	added.Name, added.URL = "acme-1.2-1-py3-none-any.whl", "https://index.example/files/acme-1.2-1-py3-none-any.whl"
	var files []index.File
	for i := range l.Releases {
		all, err := l.Releases[i].Files()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, all...)
	}
	p := locked("1.2", public)
	p.Wheels[0].URL = added.URL
	got, err := OfRelease(Release{Package: p, Listing: index.NewListing("acme", public, append(files, added)), Now: day0})
	if err != nil || ids(got) != ProvenanceRegression {
		t.Errorf("%q, %v", ids(got), err)
	}
}

// What comes from no index has no release to speak of.
func TestOfReleaseOfOtherSources(t *testing.T) {
	for _, p := range []lock.Package{
		{Name: "acme", Version: "1.0", VCS: &lock.VCS{}}, {Name: "acme", Directory: &lock.Directory{}}, {Name: "acme", Version: "1.0", Archive: &lock.Archive{}},
	} {
		if got, err := OfRelease(Release{Package: p}); err != nil || got != nil {
			t.Errorf("%+v: %q, %v", p, ids(got), err)
		}
	}
}

// Text of an index is shown as text, never as commands to a terminal.
func TestEvidenceIsPrintable(t *testing.T) {
	l := listing(t, public, "1.0")
	l.Status, l.StatusReason = "archived", "\x1b[2J\u202e"+strings.Repeat("x", 5000)
	got, err := OfRelease(Release{Package: locked("1.0", public), Listing: l, Now: day0})
	if err != nil || len(got) != 1 || strings.ContainsAny(got[0].Evidence[0], "\x1b\u202e") || len(got[0].Evidence[0]) > 400 {
		t.Errorf("%+v, %v", got, err)
	}
}

// fakeProject is a listing whose files were all uploaded so long ago.
type fakeProject struct {
	name, versions string
	age            time.Duration
}

func (p *fakeProject) listing(t *testing.T, now time.Time) *index.Listing {
	t.Helper()
	var files []index.File
	for _, version := range strings.Fields(p.versions) {
		f := file(t, version, "")
		f.Upload = now.Add(-p.age)
		files = append(files, f)
	}
	return index.NewListing(p.name, public, files)
}

func listings(t *testing.T, projects []*fakeProject, now time.Time) (out []*index.Listing) {
	for _, p := range projects {
		out = append(out, p.listing(t, now))
	}
	return out
}
