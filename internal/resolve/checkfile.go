package resolve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"snug/internal/dist"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// file holds what is selected to the index and to its own metadata.
func (c *checker) file(s lock.Selected) (*fileSays, error) {
	p := s.Package
	var hashes map[string]string
	switch {
	case p.Archive != nil:
		hashes = p.Archive.Hashes
	case s.File != nil:
		hashes = s.File.Hashes
	}
	m, err := c.read(s)
	if err != nil {
		return nil, err
	}
	v, err := pep440.Parse(p.Version)
	w, err2 := pep440.Parse(m.Version)
	if err != nil || err2 != nil || v.Compare(w) != 0 || pep508.NormalizeName(m.Name) != p.Name {
		return nil, fmt.Errorf("its file is of %s %s", m.Name, m.Version)
	}
	if python, _, err := pep440.ParseSpecifiersLenient(m.RequiresPython); err == nil && !python.Contains(c.target.Python) {
		return nil, fmt.Errorf("its file needs Python %s", m.RequiresPython)
	}
	if err := c.built(s); err != nil {
		return nil, err
	}
	if err := c.judged(p, v, m.Metadata); err != nil {
		return nil, err
	}
	return m, c.asked(p.Name, v, hashes)
}

// judged holds what an index offers to policy.
func (c *checker) judged(p *lock.Package, v pep440.Version, m *dist.Metadata) error {
	if c.in.Judge == nil || p.Index == "" {
		return nil
	}
	why := c.in.Judge.Release(p.Name, v)
	if why == "" {
		why = c.in.Judge.Metadata(p.Name, v, m)
	}
	if why != "" {
		return fmt.Errorf("policy denies it: %s", why)
	}
	return nil
}

// mends tells whether a release has a hole less than one that was locked, or than
// one that is older: then it may be young.
func (c *checker) mends(l *index.Listing, v pep440.Version) bool {
	if c.in.Judge == nil || c.in.Before == nil {
		return false
	}
	var others []pep440.Version
	was := false
	for _, p := range c.in.Before.Packages {
		if w, err := pep440.Parse(p.Version); err == nil && p.Name == l.Name {
			others, was = append(others, w), was || w.Equal(v)
		}
	}
	for i := range l.Releases {
		if was && l.Releases[i].Version.Compare(v) < 0 {
			others = append(others, l.Releases[i].Version)
		}
	}
	closed := c.in.Judge.Holes(l.Name, v)
	return slices.ContainsFunc(others, func(w pep440.Version) bool {
		return w.Compare(v) < 0 && slices.ContainsFunc(c.in.Judge.Holes(l.Name, w), func(h string) bool { return !slices.Contains(closed, h) })
	})
}

// read gives the metadata of what is selected, as its own file has it.
func (c *checker) read(s lock.Selected) (*fileSays, error) {
	key := s.Package.Name
	if s.File != nil {
		key = fmt.Sprint(key, s.File.Name, s.File.URL, s.File.Hashes["sha256"])
	}
	c.known.mu.Lock()
	m := c.known.by[key]
	c.known.mu.Unlock()
	if m != nil {
		return m, nil
	}
	var data []byte
	var err error
	switch {
	case s.Package.Archive != nil && s.Package.Archive.Hashes["sha256"] != "", s.Package.Directory != nil, s.Package.VCS != nil && s.Package.VCS.CommitID != "":
		data, err = c.direct(c.ctx, s.Package.Name)
	case s.File != nil:
		data, err = c.offered(s)
	default:
		return nil, errors.New("it has no file with a sha256")
	}
	if err != nil {
		return nil, err
	}
	if m, err = readFile(data); err != nil {
		return nil, err
	}
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	c.known.by[key] = m
	return m, nil
}

// offered finds the file in the listing and reads its metadata.
func (c *checker) offered(s lock.Selected) ([]byte, error) {
	l, err := c.in.Index.Listing(c.ctx, s.Package.Name)
	if err != nil {
		return nil, err
	}
	version, err := versionOf(s)
	if err != nil {
		return nil, err
	}
	var files []index.File
	if r := l.Release(version); r != nil {
		if files, err = r.Named(s.File.Name); err != nil {
			return nil, err
		}
	}
	i := slices.IndexFunc(files, func(f index.File) bool {
		return f.Name == s.File.Name && f.URL == s.File.URL && f.Hashes.Sum("sha256") == s.File.Hashes["sha256"]
	})
	switch {
	case i < 0 || files[i].Hashes.Sum("sha256") == "" || l.IndexURL != s.Package.Index:
		return nil, fmt.Errorf("%s is not what the index offers", s.File.Name)
	case files[i].Yanked && !slices.ContainsFunc(c.requirements(s.Package.Name), func(q manifest.Requirement) bool {
		return admits(q.Requirement, s.Package.Version) && slices.ContainsFunc(q.Specifiers, func(x pep440.Specifier) bool {
			return x.Op == pep440.Arbitrary || x.Op == pep440.Equal && !x.Wildcard
		})
	}):
		return nil, fmt.Errorf("%s is yanked", s.File.Name)
	}
	if age := c.in.MinAge.For(s.Package.Name, l.IndexURL); age > 0 && (files[i].Upload.IsZero() || files[i].Upload.Add(time.Duration(age)).After(c.in.moment())) && !c.mends(l, version) {
		return nil, fmt.Errorf("%s is younger than %s", s.File.Name, age)
	}
	if files[i].Wheel != nil {
		return c.in.Index.Metadata(c.ctx, l, files[i])
	}
	if c.in.Sources == nil {
		return nil, fmt.Errorf("%s is an sdist, and nothing here builds it", s.File.Name)
	}
	return c.in.Sources.Metadata(c.ctx, l, files[i])
}

// versionOf is the one in the name of the file that is selected.
func versionOf(s lock.Selected) (pep440.Version, error) {
	if strings.HasSuffix(s.File.Name, ".whl") {
		wheel, err := dist.ParseWheelName(s.File.Name)
		return wheel.Version, err
	}
	sdist, err := dist.ParseSdistName(s.File.Name, s.Package.Name)
	return sdist.Version, err
}

// built holds what is selected to what the project wants built: nothing that is
// barred, of what is forced nothing else, and no sdist where nobody builds it,
// unless the release has no wheel for a platform.
func (c *checker) built(s lock.Selected) error {
	p, rules := s.Package, c.in.Project.Build
	source := p.Directory != nil || p.VCS != nil || s.File != nil && !strings.HasSuffix(s.File.Name, ".whl")
	if a := p.Archive; a != nil {
		source = !strings.HasSuffix(strings.TrimSuffix(a.URL+a.Path, "/"), ".whl")
	}
	switch {
	case source && rules.Barred(p.Name):
		return errors.New("it would be built, which is never to be")
	case !source && rules.Forced(p.Name):
		return errors.New("it is a wheel, and is to be built from source")
	case !source || s.File == nil || c.in.Sources.Builds(c.target):
		return nil
	}
	l, err := c.in.Index.Listing(c.ctx, p.Name)
	if err != nil {
		return err
	}
	v, err := versionOf(s)
	if err != nil {
		return err
	}
	files, err := l.Release(v).Files() // it is there: its metadata was read
	for _, f := range files {
		if f.Wheel != nil && !strings.HasSuffix(f.Name, "-any.whl") {
			return errors.New("its sdist is not built for this target")
		}
	}
	return err
}

// requirements are those of the project on one name, or its overrides of it.
func (c *checker) requirements(name string) (out []manifest.Requirement) {
	for _, o := range c.in.Project.Overrides {
		if o.Key() == name {
			out = append(out, o)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, rt := range c.in.Project.Runtimes {
		for _, q := range rt.Requirements {
			if q.Key() == name {
				out = append(out, q)
			}
		}
	}
	return out
}

// asked holds a package to the project's hashes and constraints.
func (c *checker) asked(name string, v pep440.Version, hashes map[string]string) error {
	var allowed []string
	for _, q := range c.requirements(name) {
		allowed = append(allowed, q.Hashes...)
	}
	if len(allowed) > 0 && !slices.ContainsFunc(allowed, func(h string) bool {
		alg, sum, _ := strings.Cut(h, ":")
		return hashes[alg] == sum
	}) {
		return errors.New("its hash is none of those asked for")
	}
	for _, q := range c.in.Project.Constraints {
		if q.Key() != name {
			continue
		}
		if applies, err := q.Marker.Eval(c.env, pep508.Context{}); err != nil || applies && !q.Specifiers.Contains(v) {
			return fmt.Errorf("the constraint %s does not admit it", q.Requirement)
		}
	}
	return nil
}
