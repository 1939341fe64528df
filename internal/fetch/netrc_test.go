package fetch

import (
	"maps"
	"testing"
)

func TestParseNetrc(t *testing.T) {
	cases := []struct {
		text string
		want logins
	}{
		{"", logins{}},
		{"machine A.example login me password p#w", logins{"a.example": {"me", "p#w"}}},
		{"machine a\n\tlogin me\n\taccount x\n\tpassword machine\nmachine b login you password z", logins{"a": {"me", "machine"}, "b": {"you", "z"}}},
		{"machine a login first password 1\nmachine a login second password 2", logins{"a": {"first", "1"}}},
		{"default login anyone password x", logins{"": {"anyone", "x"}}},
		{"macdef init\nmachine a login x password y\n\nmachine b password \"p w\"", logins{"b": {"", "p w"}}},
		{"# machine a login x password y", logins{}},
		{"machine", logins{}},
		{"machine a login", logins{}},
	}
	for _, c := range cases {
		if got := parseNetrc(c.text); !maps.Equal(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
}

func FuzzNetrc(f *testing.F) {
	f.Add("machine a login b password \"c\nmacdef x\n\n# y")
	f.Fuzz(func(_ *testing.T, text string) { parseNetrc(text) })
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 0-9/100")
	f.Fuzz(func(t *testing.T, text string) {
		if first, last, total, ok := contentRange(text); ok && (first < 0 || last < first || total >= 0 && last >= total) {
			t.Errorf("%q is %d-%d/%d", text, first, last, total)
		}
	})
}
