package index_test

import (
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/index/indextest"
)

// What the cache holds is used while the index is asked; what turns out to be
// another is told, and asked for anew.
func TestTrustCache(t *testing.T) {
	x := indextest.New(indextest.Spec{Name: "same", Version: "1"}, indextest.Spec{Name: "grows", Version: "1"}, indextest.Spec{Name: "goes", Version: "1"})
	cache := t.TempDir()
	fresh := func() *index.Client {
		f, err := fetch.New(fetch.Options{Transport: x, CacheDir: cache, Env: func(string) string { return "" }, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return index.New(f, index.Config{IndexURL: indextest.URL}, "")
	}
	for _, name := range []string{"same", "grows", "goes"} {
		list(t, fresh(), name)
	}
	newest := func(c *index.Client, name string) string { return list(t, c, name).Releases[0].Version.String() }

	c := fresh()
	settle := c.TrustCache(t.Context())
	newest(c, "same")
	if changed, err := settle(); changed || err != nil {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}

	x.Add(indextest.Spec{Name: "grows", Version: "2"})
	x.Remove("goes")
	c = fresh()
	settle = c.TrustCache(t.Context())
	if newest(c, "grows") != "1" || newest(c, "goes") != "1" || newest(c, "same") != "1" {
		t.Error("the cache is not used")
	}
	if changed, err := settle(); !changed || err != nil {
		t.Errorf("two changed: %v, %v", changed, err)
	}
	before := len(x.Requests())
	if newest(c, "same") != "1" || len(x.Requests()) != before {
		t.Error("what was confirmed is asked for again")
	}
	if newest(c, "grows") != "2" {
		t.Error("the old listing is still used")
	}
	if l, err := c.Listing(t.Context(), "goes"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("goes: %+v, %v", l, err)
	}

	x.Inject("/simple/same/", indextest.Fault{Status: 403}, 1)
	c = fresh()
	settle = c.TrustCache(t.Context())
	newest(c, "same")
	if _, err := settle(); err == nil {
		t.Error("an index that refuses is not heard")
	}
}
