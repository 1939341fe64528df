package engine

import (
	"testing"

	"snug/internal/pep440"
)

func TestLoosened(t *testing.T) {
	for _, c := range []struct{ spec, version, want string }{
		{"<1.26", "2.5.0", "<3"},
		{"<=1.26", "2.5.0", "<3"},
		{"<0.28,>=0.27", "0.49.1", "<0.50,>=0.27"},
		{">=0.40", "0.27.0", ">=0.27.0"},
		{">2,<1", "2.5.0", "<3,>2"},
		{"==2.9", "3.3.2", "==3.3.2"},
		{"==2.9", "3.3.2+cpu", "==3.3.2"},
		{"==21.1.*", "25.4.0", "==25.4.*"},
		{"==2.*", "3.3.2", "==3.*"},
		{"~=5.2", "6.0.1", "~=6.0"},
		{"~=5.2.1", "6.0", "~=6.0.0"},
		{"!=3.0,>=2", "3.0", ">=2"},
		{"===1.0", "2.0", "===2.0"},
		{"<2", "1!0.5", "<1!0.6"},
		{">=1,<9", "5", "<9,>=1"},
	} {
		s, err := pep440.ParseSpecifiers(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		v, err := pep440.Parse(c.version)
		if err != nil {
			t.Fatal(err)
		}
		got, err := loosened(s, v)
		if err != nil || got.String() != c.want || !got.Contains(v) {
			t.Errorf("%s for %s: got %q (%v), want %q", c.spec, c.version, got, err, c.want)
		}
	}
}
