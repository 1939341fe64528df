package fault_test

import (
	"strings"
	"testing"

	"snug/internal/fault"
)

func TestNearest(t *testing.T) {
	known := []string{"licenses", "signs", "packages", "context", "Apache-2.0", "MIT"}
	for word, want := range map[string]string{
		"licences": "licenses", "sings": "signs", "package": "packages", "contxet": "context", "apache-2": "Apache-2.0", "APACHE-2.0": "Apache-2.0",
		"mti": "MIT", "vulnerability": "", "": "", "x": "", strings.Repeat("a", 1000): "",
	} {
		if got := fault.Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := fault.DidYouMean("singns", known, "one of these"); got != "did you mean signs? one of these" {
		t.Error(got)
	}
}
