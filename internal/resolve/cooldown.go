package resolve

import (
	"fmt"
	"strings"
	"time"

	"snug/internal/cooldown"
	"snug/internal/index"
)

// waiting is the cooldown as it meets the files of one project. The zero value
// lets every file pass.
type waiting struct {
	age        cooldown.Age
	now, until time.Time // files uploaded later than until are too young
}

// moment is what ages are counted from: as-of where that is past, so that the
// same question has the same answer later.
func (in *Input) moment() time.Time {
	if !in.AsOf.IsZero() && in.AsOf.Before(in.Now) {
		return in.AsOf
	}
	return in.Now
}

// waiting is the cooldown for what an index has of a project.
func (in *Input) waiting(l *index.Listing) waiting {
	w := waiting{age: in.MinAge.For(l.Name, l.IndexURL), now: in.moment()}
	w.until = w.now.Add(-time.Duration(w.age))
	return w
}

// refused says of each file why it is too young, "" where it is not; nil: none is.
func (w waiting) refused(r *index.Release) (out []string, err error) {
	if w.age == 0 || r.Before(w.until) {
		return nil, nil
	}
	files, err := r.Files()
	for i, f := range files {
		why := w.why(f)
		if why == "" {
			continue
		}
		if out == nil {
			out = make([]string, len(files))
		}
		out[i] = tooYoung + why
	}
	return out, err
}

const tooYoung = "too young: " // begins the reason of what is

// youth is how old a release is that is out for that reason, else "".
func youth(reason string) string {
	old, ok := strings.CutPrefix(reason, tooYoung)
	if !ok {
		return ""
	}
	return old
}

// why is "" for a file that is old enough.
func (w waiting) why(f index.File) string {
	switch {
	case w.age == 0, !f.Upload.IsZero() && !f.Upload.After(w.until):
		return ""
	case f.Upload.IsZero():
		return fmt.Sprintf("of unknown age (the index gives no upload time), min-age is %s", w.age)
	}
	return fmt.Sprintf("%s old, min-age is %s", since(w.now.Sub(f.Upload)), w.age)
}

// since is a duration in the largest unit that it has one of.
func since(d time.Duration) string {
	n, unit := int64(d/time.Hour), "hour"
	switch {
	case n < 1:
		return "less than an hour"
	case n >= 48:
		n, unit = n/24, "day"
	}
	if n > 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// younger is the reason why a place has no wheel, if one that it could take is
// too young; else what was said.
func (m *fitting) younger(place int, offers []index.Offer, refused []string, said string) string {
	for i, o := range offers {
		switch {
		case youth(refused[i]) == "" || !m.admits(place, o.Python) || m.sdists.aside(o.Wheel) != "":
		case o.Wheel && m.rank(place, o.Tags) != unfit:
			return "no wheel for " + m.shelf.places[place].name + " but one that is " + refused[i]
		case !o.Wheel && m.sdists.at(place, pure(offers)):
			return "no wheel for " + m.shelf.places[place].name + ", and its sdist is " + refused[i]
		}
	}
	return said
}
