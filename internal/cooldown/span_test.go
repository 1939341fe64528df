package cooldown

import (
	"testing"
	"time"
)

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]Age{
		"8 days": Age(8 * day), "1 week": Age(7 * day), "24 hours": Age(day), "36h": Age(36 * time.Hour), "7d": Age(7 * day), "1 Week, 2 days": Age(9 * day), "1w2d": Age(9 * day),
		"P7D": Age(7 * day), "p1w": Age(7 * day), "PT36H": Age(36 * time.Hour), "P1DT12H": Age(36 * time.Hour), "120 minutes": Age(2 * time.Hour), "PT3600S": Age(time.Hour), "0 days": 0, "8 days ago": Age(8 * day), "3600s ago": Age(time.Hour),
	} {
		if got, err := ParseSpan(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "8", "days", "-8 days", "1.5 days", "2 days 1 week", "1 month", "P1M", "1 year", "P1Y", "ago", "90 minutes", "PT1S",
		"2026-01-01", "600 weeks", "99999999999999999999 days", "3650 days 1 hour", "9999999999 seconds"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"8 days", "P1W2DT3H", "1w 2d 3h", "0 hours"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseSpan(text)
		if err != nil {
			return
		}
		if again, err := ParseAge(a.String()); again != a || err != nil {
			t.Errorf("%q is %v, and that is %v, %v", text, a, again, err)
		}
	})
}
