package advisory

import (
	"testing"

	"snug/internal/osv"
)

// The line about a record is its summary, else the first paragraph of its details,
// however that is broken into lines.
func TestLineOf(t *testing.T) {
	for _, c := range []struct{ summary, details, want string }{
		{"short", "long", "short"},
		{"", "# Impact of\r\n\"pip install\r\nhg+x\"\r\n\r\nMore", "Impact of \"pip install hg+x\""},
		{"", "one\n\ntwo", "one"},
		{"", "a\x1b[31mb\u0085c", "a [31mb c"},
	} {
		if got := lineOf(&osv.Record{Summary: c.summary, Details: c.details}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
