package resolve

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLooksAhead: once several versions of a name were tried in vain, the
// metadata of as many further ones is asked for at once, also where each is the
// only one allowed (boto3 names one botocore).
func TestLooksAhead(t *testing.T) {
	for _, c := range []struct{ fits, read int }{ // the version that fits, by its place from the newest; what is read
		{3, 3}, {5, 10}, {7, 10}, {10, 20}, {12, 20}, {19, 20}, {20, 40}, {45, 80}, {60, 110}, {95, 130},
	} {
		const all = 200
		var lines []string
		for v := range all {
			url := 2
			if v <= all-c.fits {
				url = 1
			}
			lines = append(lines, fmt.Sprintf("boto %d | core==%d\ncore %d | url==%d", v, v, v, url))
		}
		w := world(t, strings.Join(lines, "\n")+"\nurl 1\nurl 2")
		in := input(t, asks(t, "boto & url<2"), w, "linux-x86_64")
		l, err := Resolve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		best := all - c.fits
		if got, want := versions(t, l, in, 0, "prod"), fmt.Sprintf("boto %d, core %d, url 1", best, best); got != want {
			t.Errorf("%d: got %q, want %q", c.fits, got, want)
		}
		for _, name := range []string{"boto", "core"} {
			read := 0
			for _, url := range slices.Compact(slices.Sorted(slices.Values(w.read))) {
				if strings.Contains(url, "/"+name+"-") {
					read++
				}
			}
			if read != c.read {
				t.Errorf("%s: the %dth fits, %d were read, not %d", name, c.fits, read, c.read)
			}
		}
	}
}
