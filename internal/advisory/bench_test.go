package advisory

import (
	"context"
	"testing"
)

func BenchmarkLoadPyPA(b *testing.B) {
	path := pypaPath(b)
	for b.Loop() {
		if _, err := Load(context.Background(), path, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompilePyPA(b *testing.B) {
	c := pypaContents(b)
	for b.Loop() {
		if _, err := compile(c, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenPyPA(b *testing.B) {
	s := Open(b.TempDir())
	if _, err := s.Import(context.Background(), Feed{Packages, pypaPath(b)}, now); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d, err := s.Newest()
		if err != nil {
			b.Fatal(err)
		}
		d.Match(pkg("django", "4.2.1"))
		d.Close()
	}
}

func pypaContents(b *testing.B) contents {
	records, err := readPath(context.Background(), pypaPath(b), Packages)
	if err != nil {
		b.Fatal(err)
	}
	return contents{records: records, feeds: []FeedInfo{{Kind: Packages, Fetched: now}}}
}
