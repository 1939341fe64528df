package supplychain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"snug/internal/cooldown"
	"snug/internal/finding"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/pep440"
)

// Release is a locked package beside what indexes have of its project now.
type Release struct {
	Package lock.Package
	// Listing is what the index that the project would ask has of it; nil: none knows
	// the project any more.
	Listing *index.Listing
	// Others are those of further indexes that could answer for the same name, since
	// the project does not say where it comes from.
	Others []*index.Listing
	// MinAge is how old policy wants files to be at Now; 0: as young as they are.
	MinAge cooldown.Age
	Now    time.Time
}

// OfRelease tells the signs of a locked package that comes from an index, none of
// others. The error is that of a cache that cannot be read.
func OfRelease(r Release) ([]finding.Finding, error) {
	p := &r.Package
	files := lockedFiles(p)
	version, err := pep440.Parse(p.Version)
	if len(files) == 0 || err != nil {
		return nil, nil // of another source; its tree is looked at by OfFacts
	}
	if r.Listing == nil {
		return []finding.Finding{r.withdrawn(fmt.Sprintf("%s: no index that is asked knows the project any more", p.Name))}, nil
	}
	out := r.status()
	offered, err := filesOf(r.Listing, version)
	if err != nil {
		return nil, err
	}
	if r.Listing.Status != statusQuarantined {
		out = append(out, r.files(files, offered)...)
	}
	clash, err := r.clash()
	if err != nil {
		return nil, err
	}
	regressed, err := r.regression(version, offered)
	if err != nil {
		return nil, err
	}
	return append(append(append(out, clash...), regressed...), r.young(offered)...), nil
}

// lockedFiles are the files of an index that a lock names.
func lockedFiles(p *lock.Package) []lock.File {
	files := slices.Clone(p.Wheels)
	if p.Sdist != nil {
		files = append(files, *p.Sdist)
	}
	return slices.DeleteFunc(files, func(f lock.File) bool { return f.URL == "" })
}

// filesOf are the files of a version by their names, none where there is no such version.
func filesOf(l *index.Listing, v pep440.Version) (map[string]index.File, error) {
	r := l.Release(v)
	if r == nil {
		return nil, nil
	}
	files, err := r.Files()
	out := make(map[string]index.File, len(files))
	for _, f := range files {
		out[f.Name] = f
	}
	return out, err
}

// The statuses of PEP 792 that are signs. Others are not for us to read.
const (
	statusQuarantined = "quarantined"
	statusArchived    = "archived"
	statusDeprecated  = "deprecated"
)

func (r *Release) status() []finding.Finding {
	l := r.Listing
	said := []string{fmt.Sprintf("%s says %s (PEP 792)", l.IndexURL, strings.Join(nonEmpty(l.Status, l.StatusReason), ": "))}
	switch l.Status {
	case statusQuarantined:
		f := r.sign(Quarantined, "its index holds the whole project back as unsafe", said...)
		f.Remedy = "treat machines that ran it as suspect; snug remove " + r.Package.Name
		return []finding.Finding{f}
	case statusArchived:
		f := r.sign(Archived, "its project gets no further releases, also none that mend a hole", said...)
		f.Remedy = "look for what replaces it"
		return []finding.Finding{f}
	case statusDeprecated:
		f := r.sign(Deprecated, "its project asks its users to move to another", said...)
		f.Remedy = "look for what replaces it"
		return []finding.Finding{f}
	}
	return nil
}

// files holds the locked files to those that the index offers by their names.
func (r *Release) files(locked []lock.File, offered map[string]index.File) (out []finding.Finding) {
	var yanked, gone, wrong []string
	for _, f := range locked {
		name := f.FileName()
		now, known := offered[name]
		want, have := f.Hashes["sha256"], now.Hashes.Sum("sha256")
		switch {
		case !known:
			gone = append(gone, name)
		case want != "" && have != "" && want != have:
			wrong = append(wrong, fmt.Sprintf("%s: locked as sha256 %s, %s says %s now", name, want, r.Listing.IndexURL, have))
		case now.Yanked:
			yanked = append(yanked, strings.Join(nonEmpty(name, now.YankedReason), ": "))
		}
	}
	if len(wrong) > 0 {
		out = append(out, r.changed(wrong))
	}
	switch {
	case len(gone) < len(locked): // of a release a file may go; all of them is a sign
	case r.moved():
		out = append(out, r.clashed(append([]string{"locked from " + r.Package.Index}, gone...)))
	default:
		out = append(out, r.withdrawn(gone...))
	}
	if len(yanked) > 0 {
		f := r.sign(Yanked, "its publisher withdrew it after it was locked, or it was asked for by name", yanked...)
		f.Remedy = "snug lock --upgrade " + r.Package.Name
		out = append(out, f)
	}
	return out
}

// changed is another file by the name of the one that is locked: of the same index,
// which must never be, or of another one that answers for the name now.
func (r *Release) changed(evidence []string) finding.Finding {
	if r.moved() {
		return r.clashed(append([]string{"locked from " + r.Package.Index}, evidence...))
	}
	f := r.sign(HashMismatch, "its index has another file by the same name now", evidence...)
	f.Remedy = "ask the publisher why; what is locked is still what is installed"
	return f
}

// moved tells whether another index answers for the name than the one that it was locked
// from. By itself that is no sign: it may be a mirror.
func (r *Release) moved() bool {
	return r.Package.Index != "" && !sameIndex(r.Package.Index, r.Listing.IndexURL)
}

func (r *Release) clashed(evidence []string) finding.Finding {
	f := r.sign(OriginClash, "another index answers for its name now, and has not the files that are locked", append(evidence, r.Listing.IndexURL+" answers now")...)
	f.Remedy = r.pin()
	return f
}

func (r *Release) pin() string {
	return fmt.Sprintf("say where it comes from: %s = \"NAME OF THE INDEX\" in [tool.snug.index]", r.Package.Name)
}

func (r *Release) withdrawn(evidence ...string) finding.Finding {
	f := r.sign(Withdrawn, "what is locked is on its index no more", evidence...)
	f.Remedy = "find out why it was taken away, then snug lock --upgrade " + r.Package.Name
	return f
}

// clash compares the listings of indexes that could answer for one name. A mirror has
// files in common with what it mirrors; a stranger who took the name has none.
func (r *Release) clash() (out []finding.Finding, err error) {
	for _, other := range r.Others {
		alike, told, err := inCommon(r.Listing, other)
		if err != nil {
			return nil, err
		}
		pair := fmt.Sprintf("%s and %s", r.Listing.IndexURL, other.IndexURL)
		switch {
		case alike:
		case !told:
			out = append(out, NotAsked(r.Package.Name, r.Package.Version, pair+" both have the name, and without hashes nobody can tell whether it is one project", r.pin()))
		default:
			f := r.sign(OriginClash, "two indexes have projects of this name without one file in common (dependency confusion)", pair)
			f.Remedy = r.pin()
			out = append(out, f)
		}
	}
	return out, nil
}

// compared is how many releases of each index are read, the newest first: two
// projects that are one have files in common there.
const compared = 200

// inCommon tells whether two listings have a file in common, by its hash; told is
// false where one of them has no hashes.
func inCommon(a, b *index.Listing) (alike, told bool, err error) {
	have, err := sums(a)
	if err != nil {
		return false, false, err
	}
	others, err := sums(b)
	for sum := range others {
		alike = alike || have[sum]
	}
	empty := len(a.Releases) == 0 || len(b.Releases) == 0 // no file, so none in common
	return alike || empty, len(have) > 0 && len(others) > 0, err
}

func sums(l *index.Listing) (map[string]bool, error) {
	out := map[string]bool{}
	for i := range l.Releases[:min(len(l.Releases), compared)] {
		files, err := l.Releases[i].Files()
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if sum := f.Hashes.Sum("sha256"); sum != "" {
				out[sum] = true
			}
		}
	}
	return out, nil
}

// sameIndex compares addresses as people write them.
func sameIndex(a, b string) bool {
	plain := func(url string) string { return strings.TrimSuffix(index.BareURL(url), "/") }
	return plain(a) == plain(b)
}

// young is only what policy asks for.
func (r *Release) young(offered map[string]index.File) []finding.Finding {
	if r.MinAge == 0 {
		return nil
	}
	var evidence []string
	for _, f := range lockedFiles(&r.Package) {
		uploaded := f.UploadTime
		if uploaded.IsZero() {
			uploaded = offered[f.FileName()].Upload
		}
		if !uploaded.IsZero() && r.Now.Sub(uploaded) < time.Duration(r.MinAge) {
			evidence = append(evidence, fmt.Sprintf("%s was uploaded %s; policy wants files to be %s old", f.FileName(), uploaded.UTC().Format(time.RFC3339), r.MinAge))
		}
	}
	if len(evidence) == 0 {
		return nil
	}
	f := r.sign(Young, "it is younger than policy wants", evidence...)
	f.Remedy = "snug lock chooses an older one where min-age is set in [tool.snug], or wait"
	return []finding.Finding{f}
}

// A regression is told against the releases before: so many must have had provenance,
// looked for among so many lower versions.
const (
	attestedBefore = 2
	looksBack      = 10
)

// regression is a locked file without provenance (PEP 740) where the releases before
// it had it for every file: it was uploaded in another way than they were.
func (r *Release) regression(version pep440.Version, offered map[string]index.File) ([]finding.Finding, error) {
	bare, uploaded := r.bare(offered)
	if len(bare) == 0 {
		return nil, nil
	}
	var before []string
	for i := range r.Listing.Releases {
		release := &r.Listing.Releases[i]
		if release.Version.Compare(version) >= 0 {
			continue
		}
		files, err := release.Files()
		if err != nil {
			return nil, err
		}
		if !uploaded.IsZero() && slices.ContainsFunc(files, func(f index.File) bool { return f.Upload.After(uploaded) }) {
			continue // a later release of an older line
		}
		if slices.ContainsFunc(files, func(f index.File) bool { return f.Provenance == "" }) {
			return nil, nil
		}
		before = append(before, release.Version.String())
		if len(before) == attestedBefore {
			return []finding.Finding{r.regressed(bare, before)}, nil
		}
	}
	return nil, nil
}

func (r *Release) regressed(bare, before []string) finding.Finding {
	evidence := []string{fmt.Sprintf("every file of %s has provenance (PEP 740)", strings.Join(before, " and of "))}
	for _, name := range bare {
		evidence = append(evidence, name+" has none")
	}
	f := r.sign(ProvenanceRegression, "it was not published as the releases before it were", evidence...)
	f.Remedy = "look whether the project's repository has a tag and a release of this version; snug approve"
	return f
}

// bare are the locked files that the index offers without provenance, and when the
// first of them was uploaded.
func (r *Release) bare(offered map[string]index.File) (names []string, uploaded time.Time) {
	for _, f := range lockedFiles(&r.Package) {
		now, known := offered[f.FileName()]
		if !known || now.Provenance != "" {
			continue
		}
		names = append(names, now.Name)
		if uploaded.IsZero() || !now.Upload.IsZero() && now.Upload.Before(uploaded) {
			uploaded = now.Upload
		}
	}
	return names, uploaded
}

func (r *Release) sign(rule, summary string, evidence ...string) finding.Finding {
	return sign(rule, r.Package.Name, cmp.Or(r.Package.Version, "?"), summary, evidence...)
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(t string) bool { return t == "" })
}
