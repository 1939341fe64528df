package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"snug/internal/archive"
	"snug/internal/dist"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
)

// Sources knows what building from source would give. All methods must be safe for
// concurrent use and answer the same each time.
type Sources interface {
	// Metadata is the METADATA of the wheel that the sdist makes. An error of the
	// codes Network, Canceled and Integrity, or an OwnError, ends the resolution; any other is why the
	// release is passed over.
	Metadata(ctx context.Context, l *index.Listing, f index.File) ([]byte, error)
	// Direct is the same for a requirement that names a source by URL, path or
	// repository. Its error ends the resolution.
	Direct(ctx context.Context, q manifest.Requirement) (*DirectSource, error)
	// Builds tells whether packages with native code can be built for a target here.
	Builds(t TargetPython) bool
}

// OwnError is an error of Sources that is this machine's, and says nothing of the release.
type OwnError struct{ Err error }

func (e *OwnError) Error() string { return e.Err.Error() }

// Unwrap gives the error itself.
func (e *OwnError) Unwrap() error { return e.Err }

// DirectSource is a source that the project names by itself. The lock has the one
// of Archive, Directory and VCS that is set.
type DirectSource struct {
	Name, Version string
	Metadata      []byte // of the wheel that it makes
	Archive       *lock.Archive
	Directory     *lock.Directory
	VCS           *lock.VCS
}

// Why sdists and wheels do not count.
const (
	nobodyBuilds = "it has only an sdist, and nothing here builds it"
	neverBuilt   = "it has only an sdist, and is never to be built" + byNever
	noSdist      = "it has no sdist, and is to be built from source" + bySource
	byNever      = " (build.never)"
	bySource     = " (build.from-source)"
)

// building is how the files of one project count. The zero value passes sdists over.
type building struct {
	by     bool    // there is someone who builds
	forced bool    // only sdists count
	barred bool    // only wheels count
	where  targets // that are built for here
}

func (s *shelf) building(name string) building {
	rules := s.in.Project.Build
	return building{by: s.in.Sources != nil, forced: rules.Forced(name), barred: rules.Barred(name), where: s.builds}
}

// aside is why a wheel or sdist does not count, "" if it does.
func (b building) aside(wheel bool) string {
	switch {
	case wheel && b.forced:
		return noSdist
	case wheel:
		return ""
	case b.barred:
		return neverBuilt
	case !b.by:
		return nobodyBuilds
	}
	return ""
}

// at tells whether an sdist counts at a place: where it is built, and where its
// wheel will do that is built elsewhere, as its release has none for a platform.
func (b building) at(place int, alone bool) bool { return alone || b.where&(1<<place) != 0 }

// unbuilt is why the sdist, if there is one, is no help at a place without a wheel.
func (b building) unbuilt(offers []index.Offer) string {
	switch {
	case !b.by || !slices.ContainsFunc(offers, func(o index.Offer) bool { return !o.Wheel }):
		return ""
	case b.barred:
		return ", and its sdist is never to be built" + byNever
	}
	return ", and its sdist is not built for that target here"
}

// pure tells whether none of the wheels, if there are any, is for a platform.
func pure(offers []index.Offer) bool {
	return !slices.ContainsFunc(offers, func(o index.Offer) bool { return o.Wheel && !strings.HasSuffix(o.Tags.String, "-any") })
}

// isSdist tells whether an sdist says it.
func (t *telling) isSdist() bool { return t.file != nil && t.file.Wheel == nil }

// isUnsafe tells whether an archive was refused: that is about the release.
func isUnsafe(err error) bool {
	var refused *archive.UnsafeError
	return errors.As(err, &refused)
}

// sameVersion holds metadata to the version of its release; of wheels the index
// client does that.
func sameVersion(data []byte, want pep440.Version) error {
	_, text := dist.Identity(data)
	if v, err := pep440.Parse(text); err != nil || !v.Equal(want) {
		return fmt.Errorf("its metadata is of the version %q", text)
	}
	return nil
}

// passOver notes that the solver cannot use a release because of its sdist.
func (s *shelf) passOver(r *release, t *telling) {
	if !t.isSdist() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed[r] = t.bad
}

// passedOver says which releases of what was chosen could not be used because of
// their sdists.
func (a *outcome) passedOver() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, name := range a.picks.names() {
		for _, r := range a.projects[name].releases {
			why, passed := a.passed[r]
			if !passed {
				continue
			}
			text := fmt.Sprintf("%s %s is passed over: %s", name, r.version, why)
			if one := a.picks.one(name); one != nil {
				text += fmt.Sprintf("; %s taken", one.version)
			}
			out = append(out, text)
		}
	}
	return out
}
