package advisory

import (
	"context"
	"fmt"
	"testing"

	"snug/internal/component"
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

// The pins of 659 packages and one.
func BenchmarkMatchPins(b *testing.B) {
	s := Open(b.TempDir())
	if _, err := s.Import(context.Background(), Feed{Packages, pypaPath(b)}, now); err != nil {
		b.Fatal(err)
	}
	d, err := s.Newest()
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	records := pypaContents(b).records
	pins := map[string]string{}
	for _, r := range records {
		for _, a := range r.Affected {
			if n := len(a.Versions); n > 0 && pins[a.Package.Name] == "" {
				pins[a.Package.Name] = a.Versions[n-1]
			}
		}
	}
	for b.Loop() {
		for name, version := range pins {
			d.Match(pkg(name, version))
		}
	}
	b.ReportMetric(float64(len(pins)), "pins/op")
}

// 10,000 locks of 100 packages after one new advisory: finding what has changed,
// looking through the pins of all locks, and matching those.
func BenchmarkRematch(b *testing.B) {
	c := pypaContents(b)
	before, err := compiled(c, now)
	if err != nil {
		b.Fatal(err)
	}
	c.records = append(c.records, about(b, Packages, "PYSEC-2024-9999: django i:0 f:9.0"))
	after, err := compiled(c, now)
	if err != nil {
		b.Fatal(err)
	}
	names, err := before.Names(component.Package)
	if err != nil {
		b.Fatal(err)
	}
	locks := make([][]component.Component, 10_000)
	for i := range locks {
		for j := range 100 {
			locks[i] = append(locks[i], pkg(names[(i*7+j*13)%len(names)], fmt.Sprintf("%d.%d", i%9, j)))
		}
		locks[i][0] = pkg("django", fmt.Sprintf("4.2.%d", i%17))
	}
	for b.Loop() {
		changed, err := after.Changed(before)
		if err != nil || len(changed) != 1 {
			b.Fatal(changed, err)
		}
		pins := PinsOf(changed)
		for i, l := range locks {
			for _, c := range l {
				pins.Add(i, c)
			}
		}
		hit := 0
		for _, h := range after.Rematch(pins, changed) {
			hit += len(h.Locks)
		}
		if hit < len(locks) {
			b.Fatal(hit)
		}
	}
}
