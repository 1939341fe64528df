package cooldown

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The two ways in which uv takes a span of time: in words ("1 week, 2 days",
// "36h"), and as ISO 8601 writes it ("P1W2D", "PT36H"). Months and years are no
// spans: they are not always as long.
var (
	spanInWords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:(\d+) ?(?:w|wks?|weeks?),? ?)?(?:(\d+) ?(?:d|days?),? ?)?(?:(\d+) ?(?:h|hrs?|hours?),? ?)?(?:(\d+) ?(?:m|mins?|minutes?),? ?)?(?:(\d+) ?(?:s|secs?|seconds?) ?)?(?:ago)?$`)
	})
	spanISO8601 = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?$`)
	})
	spanUnits = []time.Duration{7 * day, day, time.Hour, time.Minute, time.Second}
)

// ParseSpan reads a span of time as uv writes it. An age has whole hours.
func ParseSpan(text string) (Age, error) {
	low := strings.ToLower(strings.TrimSpace(text))
	parts := spanInWords().FindStringSubmatch(low)
	if parts == nil {
		parts = spanISO8601().FindStringSubmatch(low)
	}
	if parts == nil || strings.Join(parts[1:], "") == "" {
		return 0, fmt.Errorf(`%q is no span of time: write it as "8 days", "24 hours" or P7D`, text)
	}
	var sum Age
	for i, unit := range spanUnits {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseUint(parts[i+1], 10, 32)
		if err != nil || Age(n) > maxAge/Age(unit) || sum+Age(n)*Age(unit) > maxAge {
			return 0, fmt.Errorf("%q is more than ten years", text)
		}
		sum += Age(n) * Age(unit)
	}
	if sum%Age(time.Hour) != 0 {
		return 0, fmt.Errorf("%q has more than whole hours", text)
	}
	return sum, nil
}
