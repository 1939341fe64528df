package resolve

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkResolve is the resolver's own work: many releases that come in few
// shapes, with chains between them, for three targets.
func BenchmarkResolve(b *testing.B) {
	var text strings.Builder
	for p := range 60 {
		for v := range 200 {
			fmt.Fprintf(&text, "p%d %d.0 | python>=3.%d", p, v+1, 7+v%3)
			for next := range 3 {
				if at := 2*p + next + 1; at < 60 {
					fmt.Fprintf(&text, " | p%d<=%d", at, 150+v/4)
				}
			}
			text.WriteString("\n")
		}
	}
	w := world(b, text.String())
	p := asks(b, "p0 & p1<180")
	in := input(b, p, w, three...)
	b.ResetTimer()
	for b.Loop() {
		if _, err := Resolve(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
