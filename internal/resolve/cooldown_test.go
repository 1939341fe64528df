package resolve

import (
	"context"
	"strings"
	"testing"
	"time"

	"snug/internal/cooldown"
)

func TestSince(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "less than an hour", 59 * time.Minute: "less than an hour", time.Hour: "1 hour", 47 * time.Hour: "47 hours",
		48 * time.Hour: "2 days", 8*24*time.Hour - 1: "7 days",
	} {
		if got := since(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// What is exactly as old as is asked is old enough, and the check of a finished
// lock, which counts by itself, agrees.
func TestCooldownToTheSecond(t *testing.T) {
	upload := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now  time.Time
		asOf time.Time
		fits bool
	}{
		{now: upload.Add(24 * time.Hour), fits: true},
		{now: upload.Add(24*time.Hour - time.Second)},
		{now: upload.Add(99 * time.Hour), asOf: upload.Add(23 * time.Hour)},
		{now: upload.Add(24 * time.Hour), asOf: upload.Add(99 * time.Hour), fits: true},
	} {
		w := world(t, "a 1")
		w.listings["a"].Files[0].Upload = upload
		in := input(t, asks(t, "a"), w, "linux-x86_64")
		in.Now, in.AsOf = c.now, c.asOf
		whole, err := Resolve(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		in.MinAge = cooldown.Policy{Default: cooldown.Age(24 * time.Hour)}
		l, err := Resolve(context.Background(), in)
		if c.fits != (err == nil) || err == nil && l.Tool.MinAge.Default != in.MinAge.Default {
			t.Errorf("now %s, as of %s: %v", c.now, c.asOf, err)
		}
		err = Check(context.Background(), whole, in, nil)
		if c.fits != (err == nil) || err != nil && !strings.Contains(err.Error(), "younger than 1d") {
			t.Errorf("now %s, as of %s: the check says %v", c.now, c.asOf, err)
		}
	}
}
