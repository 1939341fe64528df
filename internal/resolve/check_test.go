package resolve

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"snug/internal/lock"
	"snug/internal/manifest"
)

const checked = `a 1 | b>=2 | w; sys_platform == 'win32'
b 1
b 2
b 3 | says=>=3.15
c 1
d 1 | yanked
t 1 | a
w 1`

// TestCheckSources: what is built is held to what the project wants built.
func TestCheckSources(t *testing.T) {
	for _, c := range []struct {
		name, want string
		spoil      func(w *shelfText, l *lock.Lock, in *Input)
	}{
		{"nothing", "", func(*shelfText, *lock.Lock, *Input) {}},
		{"it is never to be built", "which is never to be", func(_ *shelfText, _ *lock.Lock, in *Input) { in.Project.Build.Never = []string{"s"} }},
		{"a wheel of what is to be built", "it is a wheel, and is to be built", func(_ *shelfText, _ *lock.Lock, in *Input) { in.Project.Build.FromSource = []string{"p"} }},
		{"nobody builds for the target", "its sdist is not built for this target", func(w *shelfText, _ *lock.Lock, in *Input) { in.Sources = w.builder("macos") }},
		{"nobody builds", "nothing here builds it", func(_ *shelfText, _ *lock.Lock, in *Input) { in.Sources = nil }},
		{"another hash", "not what the index offers", func(_ *shelfText, l *lock.Lock, _ *Input) {
			l.Packages[1].Sdist.Hashes = map[string]string{"sha256": strings.Repeat("0", 64)}
		}},
		{"another Python", "its file needs Python >=3.15", func(w *shelfText, l *lock.Lock, _ *Input) {
			w.metadata[l.Packages[1].Sdist.URL] = []byte("Metadata-Version: 2.1\nName: s\nVersion: 1\nRequires-Python: >=3.15\n")
		}},
		{"another version", "its file is of s 2", func(w *shelfText, l *lock.Lock, _ *Input) {
			w.metadata[l.Packages[1].Sdist.URL] = []byte("Metadata-Version: 2.1\nName: s\nVersion: 2\n")
		}},
		{"what it needs", "s 1 needs q", func(w *shelfText, l *lock.Lock, _ *Input) {
			w.metadata[l.Packages[1].Sdist.URL] = []byte("Metadata-Version: 2.1\nName: s\nVersion: 1\nRequires-Dist: q\n")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, "p 1 | +sdist\ns 1 | +sdist | "+onMac)
			in := input(t, asks(t, "p & s"), w, "linux-x86_64")
			in.Sources = w.builder("linux")
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(w, l, &in)
			err = Check(t.Context(), l, in, nil)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestCheckRefuses: whatever is changed in a good lock is found.
func TestCheckRefuses(t *testing.T) {
	at := func(l *lock.Lock, name string) *lock.Package {
		i := slices.IndexFunc(l.Packages, func(p lock.Package) bool { return p.Name == name })
		return &l.Packages[i]
	}
	drop := func(l *lock.Lock, name string) {
		l.Packages = slices.DeleteFunc(l.Packages, func(p lock.Package) bool { return p.Name == name })
	}
	// take puts another release of the index in the place of one that is locked.
	take := func(w *shelfText, l *lock.Lock, name, of, version string) {
		for _, f := range w.listings[of].Files {
			if f.Version.String() == version {
				p := at(l, name)
				p.Version = version
				p.Wheels = []lock.File{{Name: f.Name, URL: f.URL, Hashes: f.Hashes.Map()}}
			}
		}
	}
	for _, c := range []struct {
		name, want string
		spoil      func(w *shelfText, l *lock.Lock, in *Input)
	}{
		{"nothing", "", func(*shelfText, *lock.Lock, *Input) {}},
		{"a dependency is dropped", "a 1 needs b>=2", func(_ *shelfText, l *lock.Lock, _ *Input) { drop(l, "b") }},
		{"a dependency of one target is dropped", "on windows-x86_64: a 1 needs w", func(_ *shelfText, l *lock.Lock, _ *Input) { drop(l, "w") }},
		{"a root is dropped", "the project needs a", func(_ *shelfText, l *lock.Lock, _ *Input) { drop(l, "a") }},
		{"a version that nobody admits", "but 1 is selected", func(w *shelfText, l *lock.Lock, _ *Input) { take(w, l, "b", "b", "1") }},
		{"a version for another Python", "needs Python >=3.15", func(w *shelfText, l *lock.Lock, _ *Input) { take(w, l, "b", "b", "3") }},
		{"only the version is changed", "its file is of b 2", func(_ *shelfText, l *lock.Lock, _ *Input) { at(l, "b").Version = "2.1" }},
		{"the file of another package", "not what the index offers", func(w *shelfText, l *lock.Lock, _ *Input) {
			at(l, "b").Wheels = at(l, "a").Wheels
		}},
		{"another hash", "not what the index offers", func(_ *shelfText, l *lock.Lock, _ *Input) {
			at(l, "b").Wheels[0].Hashes = map[string]string{"sha256": strings.Repeat("0", 64)}
		}},
		{"no hash", "not what the index offers", func(_ *shelfText, l *lock.Lock, _ *Input) { at(l, "b").Wheels[0].Hashes = nil }},
		{"another address", "not what the index offers", func(_ *shelfText, l *lock.Lock, _ *Input) {
			at(l, "b").Wheels[0].URL = "https://evil.example/b-2-py3-none-any.whl"
		}},
		{"another index", "not what the index offers", func(_ *shelfText, l *lock.Lock, _ *Input) { at(l, "b").Index = "https://evil.example/" }},
		{"no file for the target", "none of its 1 wheels fits", func(_ *shelfText, l *lock.Lock, _ *Input) {
			at(l, "b").Wheels[0].Name = "b-2-cp39-cp39-win32.whl"
		}},
		{"yanked", "is yanked", func(w *shelfText, l *lock.Lock, _ *Input) {
			d := *at(l, "a")
			d.Name = "d"
			l.Packages = append(l.Packages, d)
			take(w, l, "d", "d", "1")
		}},
		{"what nobody needs", "c is selected, but nothing needs it", func(w *shelfText, l *lock.Lock, _ *Input) {
			d := *at(l, "a")
			d.Name = "c"
			l.Packages = append(l.Packages, d)
			take(w, l, "c", "c", "1")
		}},
		{"the inner group is missing in a marker", "check of prod", func(_ *shelfText, l *lock.Lock, _ *Input) {
			at(l, "b").Marker = "'test' in dependency_groups or 'dev' in dependency_groups"
		}},
		{"the outer group is missing in a marker", "check of dev", func(_ *shelfText, l *lock.Lock, _ *Input) {
			at(l, "b").Marker = "'prod' in dependency_groups or 'test' in dependency_groups"
		}},
		{"too much in the inner runtime", "check of prod", func(_ *shelfText, l *lock.Lock, _ *Input) { at(l, "t").Marker = at(l, "a").Marker }},
		{"too little by default", "the default groups select something else", func(_ *shelfText, l *lock.Lock, _ *Input) { l.DefaultGroups = []string{"dev"} }},
		{"a target is missing", "the lock is not for", func(_ *shelfText, l *lock.Lock, _ *Input) { l.Environments = l.Environments[:1] }},
		{"a constraint", "the constraint b<2", func(_ *shelfText, _ *lock.Lock, in *Input) {
			in.Project.Constraints = []manifest.Requirement{asking(t, "b<2")}
		}},
		{"an override", "a 1 needs b<2, but 2 is selected", func(_ *shelfText, _ *lock.Lock, in *Input) {
			in.Project.Overrides = []manifest.Requirement{asking(t, "b<2")}
		}},
		{"an override of other targets", "b is selected, but nothing needs it", func(_ *shelfText, _ *lock.Lock, in *Input) {
			in.Project.Overrides = []manifest.Requirement{asking(t, "b>=2; sys_platform == 'darwin'")}
		}},
		{"an exclude", "b is selected, but nothing needs it", func(_ *shelfText, _ *lock.Lock, in *Input) {
			in.Project.Excludes = []manifest.Requirement{asking(t, "b")}
		}},
		{"a hash that was asked for", "none of those asked for", func(_ *shelfText, _ *lock.Lock, in *Input) {
			in.Project.Runtimes[0].Requirements[0].Hashes = []string{"sha256:" + strings.Repeat("1", 64)}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, checked)
			in := input(t, asks(t, "a", "t", ""), w, "linux-x86_64", "windows-x86_64")
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(w, l, &in)
			err = Check(t.Context(), l, in, func(context.Context, string) ([]byte, error) { return nil, errors.New("no address") })
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
