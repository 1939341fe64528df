package index_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/index/indextest"
)

const world = `
-- Django-5.2.txt --
Requires-Python: >=3.10
Requires-Dist: sqlparse>=0.3.1
Sdist: yes
Upload-Time: 2026-03-01T00:00:00Z
-- Django-5.1.txt --
Requires-Python: >=3.9,<4
Yanked: a "bad" <release>
-- evil-1.0.txt --
Status: quarantined malware
-- old-1.0-bin.txt --
-- old-2.0.txt --
Sdist: only
`

func newWorld(t *testing.T) *indextest.Index {
	t.Helper()
	x, err := indextest.FromTxtar([]byte(world))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func newClient(t *testing.T, x *indextest.Index, cfg index.Config, dir string) *index.Client {
	t.Helper()
	f, err := fetch.New(fetch.Options{Transport: x, Env: func(string) string { return "" }, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.IndexURL == "" {
		cfg.IndexURL = indextest.URL
	}
	return index.New(f, cfg, dir)
}

func list(t *testing.T, c *index.Client, name string) *index.Listing {
	t.Helper()
	l, err := c.Listing(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func files(l *index.Listing) (out []index.File) {
	for i := range l.Releases {
		files, err := l.Releases[i].Files()
		if err != nil {
			panic(err)
		}
		out = append(out, files...)
	}
	return out
}

func TestListingIsTheSameInJSONAndHTML(t *testing.T) {
	for _, html := range []bool{false, true} {
		x := newWorld(t)
		x.HTML = html
		l := list(t, newClient(t, x, index.Config{}, ""), "DJANGO")
		if l.Name != "django" || len(files(l)) != 3 {
			t.Fatalf("html=%t: %+v", html, l)
		}
		f := files(l)[0]
		if f.Name != "django-5.2-py3-none-any.whl" || f.Version.String() != "5.2" || f.RequiresPython != ">=3.10" ||
			f.URL != "https://index.example/files/"+f.Name || f.Hashes.Sum("sha256") != digest.Of(x.File(f.Name)).String() || !f.HasMetadata || len(f.MetadataHash) != 64 {
			t.Errorf("html=%t: wheel %+v", html, f)
		}
		if sdist := files(l)[1]; sdist.Wheel != nil || sdist.HasMetadata {
			t.Errorf("html=%t: sdist %+v", html, sdist)
		}
		if y := files(l)[2]; !y.Yanked || y.YankedReason != `a "bad" <release>` || y.RequiresPython != ">=3.9,<4" {
			t.Errorf("html=%t: yanked %+v", html, y)
		}
		evil := list(t, newClient(t, x, index.Config{}, ""), "evil")
		if len(files(evil)) != 0 || evil.Status != "quarantined" {
			t.Errorf("html=%t: quarantined %+v", html, evil)
		}
	}
}

func TestAsOfHidesLaterAndUndatedFiles(t *testing.T) {
	x := newWorld(t)
	cfg := index.Config{AsOf: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	if l := list(t, newClient(t, x, cfg, ""), "django"); l.Later != 2 || len(files(l)) != 1 || files(l)[0].Version.String() != "5.1" {
		t.Errorf("%+v", l)
	}
	x.NoSizes = true
	if l := list(t, newClient(t, x, cfg, ""), "django"); l.Undated != 3 || len(files(l)) != 0 {
		t.Errorf("%+v", l)
	}
}

// each rung of the ladder gives the same METADATA and asks no more than it says.
func TestMetadataLadder(t *testing.T) {
	wheel := "GET /files/django-5.2-py3-none-any.whl"
	for name, step := range map[string]struct {
		set  func(*indextest.Index)
		want []string
	}{
		"announced":   {func(x *indextest.Index) {}, []string{wheel + ".metadata"}},
		"unannounced": {func(x *indextest.Index) { x.Metadata = indextest.Unannounced }, []string{wheel + ".metadata"}},
		"suffix":      {func(x *indextest.Index) { x.Metadata = indextest.Absent }, []string{wheel, wheel + ".metadata"}},
		"forbidden, then suffix": {func(x *indextest.Index) {
			x.Metadata = indextest.Absent
			x.Inject(".metadata", indextest.Fault{Status: 403}, 1)
		}, []string{wheel, wheel + ".metadata"}},
		"announced, but not there": {func(x *indextest.Index) { x.Inject(".metadata", indextest.Fault{Status: 404}, 1) },
			[]string{wheel, wheel + ".metadata"}},
		"whole": {func(x *indextest.Index) { x.Metadata, x.NoRanges = indextest.Absent, true },
			[]string{wheel, wheel, wheel + ".metadata"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newWorld(t)
			step.set(x)
			dir := t.TempDir()
			for range 2 { // the second client finds it on disk
				c := newClient(t, x, index.Config{}, dir)
				l := list(t, c, "django")
				body, err := c.Metadata(context.Background(), l, files(l)[0])
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(body), "Requires-Dist: sqlparse>=0.3.1") {
					t.Errorf("METADATA:\n%s", body)
				}
			}
			asked := slices.DeleteFunc(x.Requests(), func(r string) bool { return strings.HasPrefix(r, "GET /simple/") })
			if !slices.Equal(asked, step.want) {
				t.Errorf("asked %q, want %q", asked, step.want)
			}
		})
	}
}

// A range that cannot be read as a wheel says nothing of the wheel: the whole
// file has a hash, and tells.
func TestDamagedRangeThenWhole(t *testing.T) {
	noise := make([]byte, 4<<10) // METADATA must reach over the middle of the wheel
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = 'a' + byte(r.IntN(26))
	}
	x := indextest.New(indextest.Spec{Name: "good", Version: "1.0", Metadata: []string{"Summary: " + string(noise)}})
	x.Metadata = indextest.Absent
	x.Inject(".whl", indextest.Fault{Corrupt: true}, 1)
	c := newClient(t, x, index.Config{}, t.TempDir())
	l := list(t, c, "good")
	if _, err := c.Metadata(t.Context(), l, files(l)[0]); err != nil {
		t.Fatal(err)
	}
	const wheel = "GET /files/good-1.0-py3-none-any.whl"
	if got, want := x.Requests(), []string{wheel, wheel, wheel + ".metadata", "GET /simple/good/"}; !slices.Equal(got, want) {
		t.Errorf("asked %q", got)
	}
}

func TestUnannouncedIsGivenUpAfterThree(t *testing.T) {
	x := indextest.New()
	x.Metadata = indextest.Absent
	for _, v := range []string{"1", "2", "3", "4", "5"} {
		x.Add(indextest.Spec{Name: "many", Version: v})
	}
	c := newClient(t, x, index.Config{}, "")
	l := list(t, c, "many")
	for _, f := range files(l) {
		if _, err := c.Metadata(context.Background(), l, f); err != nil {
			t.Fatal(err)
		}
	}
	tried := 0
	for _, r := range x.Requests() {
		if strings.HasSuffix(r, ".metadata") {
			tried++
		}
	}
	if tried != 3 {
		t.Errorf("tried .metadata %d times", tried)
	}
}

func TestMetadataThatIsNotAsAnnouncedIsRefused(t *testing.T) {
	x := newWorld(t)
	x.Inject(".metadata", indextest.Fault{Corrupt: true}, 1)
	c := newClient(t, x, index.Config{}, t.TempDir())
	l := list(t, c, "django")
	if _, err := c.Metadata(context.Background(), l, files(l)[0]); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("got %v", err)
	}
}

func TestWheelOfAnotherProjectIsRefused(t *testing.T) {
	x := indextest.New(indextest.Spec{Name: "good", Version: "1.0", Files: map[string]string{
		"good-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"}})
	x.Metadata = indextest.Absent
	c := newClient(t, x, index.Config{}, "")
	l := list(t, c, "good")
	if _, err := c.Metadata(context.Background(), l, files(l)[0]); fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), `project "evil"`) {
		t.Errorf("got %v", err)
	}
}

// What an index tells beside a wheel is compared with the wheel once it is
// here; where they differ, the wheel counts from then on.
func TestConfirm(t *testing.T) {
	const head = "Metadata-Version: 2.1\nName: good\nVersion: 1.0\n"
	for name, c := range map[string]struct {
		mode     indextest.Announce
		noRanges bool
		own      string // what the wheel holds; the index tells that it needs a
		want     string
	}{
		"announced, the same":       {indextest.Announced, false, head + "Requires-Dist: a\n", ""},
		"announced, another need":   {indextest.Announced, false, head + "Requires-Dist: evil\n", "Requires-Dist"},
		"unannounced, another need": {indextest.Unannounced, false, head, "Requires-Dist"},
		"another python":            {indextest.Unannounced, false, head + "Requires-Dist: a\nRequires-Python: >=3.15\n", "Requires-Python"},
		"another extra":             {indextest.Unannounced, false, head + "Requires-Dist: a\nProvides-Extra: x\n", "Provides-Extra"},
		"another summary":           {indextest.Unannounced, false, head + "Requires-Dist: a\nSummary: x\n", ""},
		"no metadata":               {indextest.Unannounced, false, "no headers", "METADATA"},
		"a range of the wheel":      {indextest.Absent, false, head + "Requires-Dist: a\n", ""},
		"the whole wheel":           {indextest.Absent, true, head + "Requires-Dist: a\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := indextest.New(indextest.Spec{Name: "good", Version: "1.0", Metadata: []string{"Requires-Dist: a"}})
			x.Metadata, x.NoRanges = c.mode, c.noRanges
			dir := t.TempDir()
			client := newClient(t, x, index.Config{}, dir)
			l := list(t, client, "good")
			f := files(l)[0]
			if _, err := client.Metadata(t.Context(), l, f); err != nil {
				t.Fatal(err)
			}
			asked := 0
			confirm := func() error {
				return client.Confirm(f.Hashes.Sum("sha256"), func() ([]byte, error) { asked++; return []byte(c.own), nil })
			}
			if err := confirm(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), "another "+c.want+" than") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err := confirm(); err != nil {
				t.Errorf("asked again: %v", err)
			}
			if want := map[bool]int{false: 1, true: 0}[c.noRanges]; asked != want {
				t.Errorf("the wheel was asked %d times, want %d", asked, want)
			}
			if c.want == "METADATA" {
				return
			}
			body, err := newClient(t, x, index.Config{}, dir).Metadata(t.Context(), l, f)
			own, err2 := dist.ParseMetadata([]byte(c.own))
			if err := errors.Join(err, err2); err != nil || !c.noRanges && string(body) != string(own.Essential()) {
				t.Errorf("then it says %q, %v", body, err)
			}
			if kept, ok := newClient(t, x, index.Config{}, dir).Kept(f.Hashes.Sum("sha256")); !ok || string(kept) != string(body) {
				t.Errorf("kept is %q, %t", kept, ok)
			}
			if kept, ok := newClient(t, x, index.Config{}, t.TempDir()).Kept(f.Hashes.Sum("sha256")); ok {
				t.Errorf("an empty cache keeps %q", kept)
			}
		})
	}
}

func TestFirstIndexThatHasTheNameWins(t *testing.T) {
	x := newWorld(t)
	extra := index.Extra{Name: "inner", URL: "https://index.example/inner/"}
	l := list(t, newClient(t, x, index.Config{Extra: []index.Extra{extra}}, ""), "django")
	if l.IndexURL != indextest.URL {
		t.Errorf("from %s", l.IndexURL)
	}
	if got := x.Requests(); !slices.Equal(got, []string{"GET /inner/django/", "GET /simple/django/"}) {
		t.Errorf("asked %q", got)
	}
	c := newClient(t, x, index.Config{Extra: []index.Extra{extra}, PackageIndex: map[string]string{"django": "inner"}}, "")
	if _, err := c.Listing(context.Background(), "django"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("explicit: %v", err)
	}
}

func TestCredentialsAreInNoListingAndNoError(t *testing.T) {
	x := newWorld(t)
	cfg := index.Config{IndexURL: "https://user:s3cret@index.example/simple/"}
	c := newClient(t, x, cfg, "")
	l := list(t, c, "django")
	if strings.Contains(l.IndexURL+files(l)[0].URL, "s3cret") {
		t.Errorf("%s %s", l.IndexURL, files(l)[0].URL)
	}
	if _, err := c.Listing(context.Background(), "nothing"); err == nil || strings.Contains(err.Error()+fault.HintOf(err), "s3cret") {
		t.Errorf("%v", err)
	}
}

func TestCancelledListingIsAskedAgain(t *testing.T) {
	x := newWorld(t)
	c := newClient(t, x, index.Config{}, "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Listing(ctx, "django"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	list(t, c, "django")
}
