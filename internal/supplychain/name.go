package supplychain

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"snug/internal/finding"
	"snug/internal/index"
)

// What a name must be, beside one that looks like it, to be told of: nobody's fault is
// guessed from spelling alone, since most names that look alike are honest.
const (
	shortest      = 5                    // letters of a name; shorter ones all look alike
	newcomer      = 365 * 24 * time.Hour // the project is younger than this
	fewReleases   = 10                   // and has fewer
	headStart     = 365 * 24 * time.Hour // the other was there so long before it
	timesReleases = 5                    // and has so many times its releases
	firstDays     = 30 * 24 * time.Hour  // a project is new for so long
	readFor       = 50                   // oldest releases that are read for the first upload
	maxNear       = 5                    // names that are looked at
)

// Near are those of the known names that a person could have meant when typing name: one
// letter more, less, other or swapped, other separators, the same words in another order.
// None where name is known itself. Names are normalised; the result is sorted.
func Near(name string, known iter.Seq[string]) []string {
	var out []string
	for other := range known {
		switch {
		case other == name:
			return nil
		case near(name, other):
			out = append(out, other)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxNear)]
}

func near(a, b string) bool {
	if min(len(a), len(b)) < shortest {
		return false
	}
	bareA, bareB := strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", "")
	return bareA == bareB || sameWords(a, b) || oneApart(bareA, bareB)
}

func sameWords(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	x, y := strings.Split(a, "-"), strings.Split(b, "-")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// oneApart tells whether one letter more, less, other or swapped makes the other of it.
// Digits do not count: boto and boto3 are two generations, not two publishers.
func oneApart(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:] && !digit(b[i])
	}
	if i == len(a) || digit(a[i]) && digit(b[i]) {
		return false
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// OfName tells a person who adds a project what its listing tells of its name: that it is
// new, and that it looks like one of others, of which it has neither the age nor the
// history. It never says more than that.
func OfName(own *index.Listing, others []*index.Listing, now time.Time) ([]finding.Finding, error) {
	mine, err := bornOf(own)
	if err != nil || mine.IsZero() {
		return nil, err // without upload times nothing can be told
	}
	var out []finding.Finding
	newest := own.Releases[0].Version.String()
	if now.Sub(mine) < firstDays {
		one := sign(FirstRelease, own.Name, newest, "its project is new", fmt.Sprintf("first upload %s, %d releases", day(mine), len(own.Releases)))
		one.Remedy = "look at its repository and at who publishes it"
		out = append(out, one)
	}
	for _, other := range others {
		theirs, err := bornOf(other)
		if err != nil {
			return nil, err
		}
		if theirs.IsZero() || now.Sub(mine) > newcomer || len(own.Releases) >= fewReleases ||
			mine.Sub(theirs) < headStart || len(other.Releases) < timesReleases*len(own.Releases) {
			continue
		}
		one := sign(Typosquat, own.Name, newest, fmt.Sprintf("did you mean %s?", other.Name),
			fmt.Sprintf("%s: first upload %s, %d releases", own.Name, day(mine), len(own.Releases)),
			fmt.Sprintf("%s: first upload %s, %d releases", other.Name, day(theirs), len(other.Releases)))
		one.Remedy = fmt.Sprintf("snug remove %s && snug add %s, if you did", own.Name, other.Name)
		out = append(out, one)
	}
	return out, nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// bornOf is the first upload of a project, as far as its oldest releases tell; zero where
// they do not.
func bornOf(l *index.Listing) (first time.Time, err error) {
	for i := range l.Releases[max(0, len(l.Releases)-readFor):] {
		files, err := l.Releases[len(l.Releases)-1-i].Files()
		if err != nil {
			return time.Time{}, err
		}
		for _, f := range files {
			if !f.Upload.IsZero() && (first.IsZero() || f.Upload.Before(first)) {
				first = f.Upload
			}
		}
	}
	return first, nil
}
