package advisory

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
)

func TestHostile(t *testing.T) {
	const good = `{"id":"X-1","modified":"2024-01-01T00:00:00Z"}`
	cases := []struct {
		why, want string
		zip       func(z *zip.Writer)
	}{
		{"a name that leads out", "unsafe archive", func(z *zip.Writer) { put(z, "../X-1.json", good) }},
		{"a bomb", "unsafe archive", func(z *zip.Writer) {
			for i := range 10 { // beyond what archive passes as small
				put(z, fmt.Sprintf("X-%d.json", i), strings.Repeat(" ", 7<<20)+good)
			}
		}},
		{"a record of more than is read", "unsafe archive", func(z *zip.Writer) { put(z, "X-1.json", strings.Repeat(" ", 9<<20)+good) }},
		{"no record", "holds no advisories", func(z *zip.Writer) { put(z, "readme.txt", good) }},
		{"one that is malformed among others", "X-2.json: OSV record", func(z *zip.Writer) { put(z, "X-1.json", good); put(z, "X-2.json", "{") }},
		{"deep", "X-1.json: OSV record", func(z *zip.Writer) {
			put(z, "X-1.json", `{"id":"X-1","modified":"2024-01-01T00:00:00Z","database_specific":`+strings.Repeat("[", 1<<20)+"}")
		}},
	}
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "all.zip")
		var packed bytes.Buffer
		z := zip.NewWriter(&packed)
		c.zip(z)
		if err := errors.Join(z.Close(), os.WriteFile(path, packed.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		_, err := Load(context.Background(), path, now)
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.HintOf(err) == "" {
			t.Errorf("%s: %.300v (%s)", c.why, err, fault.HintOf(err))
		}
		if u := (*archive.UnsafeError)(nil); errors.As(err, &u) && u.Archive != path {
			t.Errorf("%s: of archive %q", c.why, u.Archive)
		}
	}
}

func put(z *zip.Writer, name, text string) {
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err != nil {
		panic(err)
	}
}

// Of two records with one id the newer counts, whichever comes first.
func TestTwice(t *testing.T) {
	old, young := about(t, Packages, "X-1: a i:0"), about(t, Packages, "X-1: a i:2")
	young.Modified = old.Modified.Add(time.Hour)
	for _, all := range [][]record{{old, young}, {young, old}} {
		d := opened(t, contents{records: all, feeds: []FeedInfo{{Kind: Packages}}})
		if got := told(d.Match(pkg("a", "1"))); got != "" || d.Info().Feeds[0].Records != 1 {
			t.Errorf("%s: %+v", got, d.Info())
		}
	}
}

// A long circle of aliases is one group and takes no time.
func TestLongCircle(t *testing.T) {
	const n = 20_000
	var c contents
	c.fed(Feed{Kind: Packages}, now)
	for i := range n {
		c.records = append(c.records, about(t, Packages, fmt.Sprintf("X-%d = X-%d: a v:%d", i, (i+1)%n, i)))
	}
	if g := opened(t, c).Info().Groups; g != 1 {
		t.Errorf("%d groups", g)
	}
}

// A file that was changed anywhere is told to be damaged when that part is read, or
// answers as before.
func TestDamaged(t *testing.T) {
	data, err := compile(contents{feeds: []FeedInfo{{Kind: Packages}}, records: []record{about(t, Packages, "PYSEC-1 = X: a i:0 f:2.0"), about(t, Packages, "GHSA-1 = X: a i:0 f:1.0")}}, now)
	if err != nil {
		t.Fatal(err)
	}
	want := "PYSEC-1 = GHSA-1 X: GHSA-1 PYSEC-1 > 2.0"
	for at := range data {
		changed := bytes.Clone(data)
		changed[at] ^= 0x41
		d, err := open(bytes.NewReader(changed), int64(len(changed)))
		if err != nil {
			continue
		}
		if got := told(d.Match(pkg("a", "0.5"))); got != want && !strings.Contains(got, "damaged") {
			t.Errorf("byte %d: %s", at, got)
		}
	}
	for n := range data {
		if _, err := open(bytes.NewReader(data[:n]), int64(n)); err == nil {
			t.Errorf("opened with %d of %d bytes", n, len(data))
		}
	}
}

// FuzzOpen reads compiled files that say anything: no crash, and what opens can be
// asked.
func FuzzOpen(f *testing.F) {
	data, err := compile(contents{feeds: []FeedInfo{{Kind: Packages}}, records: []record{about(f, Packages, "PYSEC-1 = X: a i:0 f:2.0 v:1.0"), about(f, Packages, "MAL-1: b v:1")}}, now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			d.Match(pkg("a", "1"))
			d.contents()
			d.Names("pypi")
		}
		// What checksums would refuse is read too.
		r := reader{b: string(data)}
		r.affected()
		readHole(string(data))
		readSignals(data)
		rows{string(data)}.find("a")
		jsonOf(data)
		parseModified(data)
		parseEPSS(data)
		parseKEV(data)
	})
}
