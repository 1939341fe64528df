package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
)

// builder is a Sources over what a shelfText has. It builds for the targets whose
// names begin with one of on; none: for all.
type builder struct {
	*shelfText
	on     []string
	direct map[string]*DirectSource // by URL or path
	refuse error                    // what every sdist meets
}

func (w *shelfText) builder(on ...string) *builder { return &builder{shelfText: w, on: on} }

func (b *builder) Metadata(_ context.Context, _ *index.Listing, f index.File) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = append(b.read, f.URL)
	switch {
	case f.Wheel != nil:
		return nil, errors.New("a wheel was to be built")
	case b.refuse != nil:
		return nil, b.refuse
	case b.fails[f.URL] == "no sandbox":
		return nil, fmt.Errorf("asked: %w", &OwnError{fault.New(fault.Unsupported, "sysctl -w", "no sandbox here")})
	case b.fails[f.URL] != "":
		return nil, fault.New(fault.Failed, "", "%s", b.fails[f.URL])
	}
	return b.metadata[f.URL], nil
}

func (b *builder) Direct(_ context.Context, q manifest.Requirement) (*DirectSource, error) {
	if d := b.direct[strings.Split(q.URL, "#")[0]+q.Path]; d != nil {
		return d, nil
	}
	return nil, fault.New(fault.NotFound, "look again", "nothing at %s", q.URL+q.Path)
}

func (b *builder) Builds(t TargetPython) bool {
	return len(b.on) == 0 || slices.ContainsFunc(b.on, func(name string) bool { return strings.HasPrefix(t.Target.String(), name) })
}

// TestSources: sdists count as uv counts them, on linux and windows, of which this
// machine builds for linux only. What is taken is "a 1" of a wheel, "a 1*" of an sdist.
func TestSources(t *testing.T) {
	for _, c := range []struct{ name, index, asks, source, never, want, refused string }{
		{"newest first", "a 2 | sdist\na 1", "a", "", "", "a 2*; a 2*", ""},
		{"a wheel before the sdist", "a 2 | +sdist\na 1", "a", "", "", "a 2; a 2", ""},
		{"what it needs", "a 1 | sdist | b>1\nb 2 | sdist\nb 1", "a", "", "", "a 1*, b 2*; a 1*, b 2*", ""},
		{"native, where nobody builds", "a 2 | +sdist | " + onLinux + "\na 1", "a", "", "", "a 1; a 1", ""},
		{"native, where we build", "a 2 | +sdist | " + onWindows + "\na 1", "a", "", "", "a 2*; a 2", ""},
		{"both targets lack the wheel", "a 2 | +sdist | " + onMac + "\na 1", "a", "", "", "a 1; a 1", ""},
		{"only there", "a 2 | +sdist | " + onLinux, "a", "", "", "", "no wheel for windows-x86_64 and Python 3.14.0, and its sdist is not built for that target here"},
		{"its Requires-Python counts", "a 2 | sdist | python>=3.15\na 1 | sdist", "a", "", "", "a 1*; a 1*", ""},
		{"its Requires-Python is the reason", "a 2 | sdist | python>=3.15", "a", "", "", "", "needs Python >=3.15, not 3.14.0"},
		{"its own Requires-Python counts", "a 2 | sdist | says=>=3.15\na 1 | sdist", "a", "", "", "a 1*; a 1*", ""},
		{"yanked", "a 2 | sdist | yanked\na 1", "a", "", "", "a 1; a 1", ""},
		{"yanked and pinned", "a 2 | sdist | yanked\na 1", "a==2", "", "", "a 2*; a 2*", ""},
		{"only sdists count", "a 2\na 1 | +sdist", "a", "a", "", "a 1*; a 1*", ""},
		{"only sdists of all", "a 1 | +sdist | b\nb 2 | +sdist", "a", ":all:", "", "a 1*, b 2*; a 1*, b 2*", ""},
		{"of all but one", "a 1 | +sdist | b\nb 2 | +sdist", "a", ":all:", "b", "a 1*, b 2; a 1*, b 2", ""},
		{"forced, and there is none", "a 1", "a", "a", "", "", "it has no sdist, and is to be built from source (build.from-source)"},
		{"never", "a 2 | sdist\na 1", "a", "", "a", "a 1; a 1", ""},
		{"never any", "a 1 | sdist", "a", "", ":all:", "", "it has only an sdist, and is never to be built (build.never)"},
		{"never, with a wheel elsewhere", "a 1 | +sdist | " + onWindows, "a", "", "a", "", "no wheel for linux-x86_64 and Python 3.14.0, and its sdist is never to be built (build.never)"},
		{"never any but one", "a 2 | sdist\na 1\nb 2 | sdist\nb 1", "a & b", "b", ":all:", "a 1, b 2*; a 1, b 2*", ""},
		{"cannot be built", "a 2 | fails=no compiler\na 1", "a", "", "", "a 1; a 1", ""},
		{"cannot be built at all", "a 2 | fails=no compiler", "a", "", "", "", "a 2 cannot be used: its sdist is of no use: no compiler"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, c.index)
			p := asks(t, c.asks)
			if c.source != "" {
				p.Build.FromSource = []string{c.source}
			}
			if c.never != "" {
				p.Build.Never = []string{c.never}
			}
			in := input(t, p, w, "linux-x86_64", "windows-x86_64")
			in.Sources = w.builder("linux")
			l, err := Resolve(t.Context(), in)
			if c.refused != "" {
				var conflict *Conflict
				if !errors.As(err, &conflict) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v\nwant %s", err, c.refused)
				}
				if _, setting, ok := strings.Cut(strings.TrimSuffix(c.refused, ")"), "(build."); ok && !strings.Contains(fault.HintOf(err), "take a out of build."+setting) {
					t.Errorf("the hint does not help with %s: %s", setting, fault.HintOf(err))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := taken(t, l, in, 0) + "; " + taken(t, l, in, 1); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if again, err := lock.Parse(l.Marshal(), lock.FileName); err != nil || string(again.Marshal()) != string(l.Marshal()) {
				t.Errorf("the lock cannot be read again: %v", err)
			}
		})
	}
}

// taken is what a target installs, an sdist with a star.
func taken(t *testing.T, l *lock.Lock, in Input, target int) string {
	t.Helper()
	var out []string
	for pkg := range strings.SplitSeq(versions(t, l, in, target, "prod"), ", ") {
		name, _, _ := strings.Cut(pkg, " ")
		for _, s := range selected(t, l, in, target, "prod") {
			if s.Package.Name == name && s.File != nil && s.File == s.Package.Sdist {
				pkg += "*"
			}
		}
		out = append(out, pkg)
	}
	return strings.Join(out, ", ")
}

// What is the machine's fault is not blamed on a release, and keeps its remedy.
func TestOwnErrorEndsResolving(t *testing.T) {
	w := world(t, "a 2 | fails=no sandbox\na 1")
	in := input(t, asks(t, "a"), w, "linux-x86_64")
	in.Sources = w.builder()
	if _, err := Resolve(t.Context(), in); err == nil || !strings.Contains(err.Error(), "no sandbox here") || fault.CodeOf(err) != fault.Unsupported || fault.HintOf(err) != "sysctl -w" {
		t.Errorf("got %v", err)
	}
}

// A release that cannot be built is said, with the reason and what was taken.
func TestPassedOverIsSaid(t *testing.T) {
	w := world(t, "a 3 | fails=no compiler\na 2 | fails=no header\na 1\nb 1")
	in := input(t, asks(t, "a & b"), w, "linux-x86_64")
	in.Sources = w.builder()
	var said heard
	in.Events = &said
	if _, err := Resolve(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	want := []string{"a 3 is passed over: its sdist is of no use: no compiler; 1 taken", "a 2 is passed over: its sdist is of no use: no header; 1 taken"}
	if !slices.Equal(said.notes, want) {
		t.Errorf("got %q, want %q", said.notes, want)
	}
}

// What says nothing of the release ends the resolution; an archive that does harm
// is about the release.
func TestSourcesFail(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Network, "", "no route"), "no route"},
		{fault.New(fault.Integrity, "", "wrong hash"), "wrong hash"},
		{&archive.UnsafeError{Entry: "../evil", Reason: "the path leaves the archive"}, ""},
	} {
		w := world(t, "a 2 | sdist\na 1")
		in := input(t, asks(t, "a"), w, "linux-x86_64")
		in.Sources = &builder{shelfText: w, refuse: c.err}
		_, err := Resolve(t.Context(), in)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// Metadata of another version or package than the sdist's is of no use.
func TestSdistsLie(t *testing.T) {
	for _, text := range []string{"Metadata-Version: 2.1\nName: a\nVersion: 9\n", "Metadata-Version: 2.1\nName: z\nVersion: 2\n"} {
		w := world(t, "a 2 | sdist\na 1")
		w.metadata["https://index.example/files/a-2.tar.gz"] = []byte(text)
		in := input(t, asks(t, "a"), w, "linux-x86_64")
		in.Sources = w.builder()
		l, err := Resolve(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := taken(t, l, in, 0); got != "a 1" {
			t.Errorf("%q: got %s", text, got)
		}
	}
}

// No sdist is built ahead of its need, by guessing down a list of versions.
func TestSdistsAreNotGuessed(t *testing.T) {
	var text strings.Builder
	for v := range 60 {
		fmt.Fprintf(&text, "a %d | sdist | b>%d\n", v+1, v)
	}
	w := world(t, text.String()+"b 1")
	in := input(t, asks(t, "a"), w, "linux-x86_64")
	in.Sources = w.builder()
	if _, err := Resolve(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	once := map[string]int{}
	for _, url := range w.read {
		once[url]++
	}
	for v := range 60 {
		if n := once[fmt.Sprintf("https://index.example/files/a-%d.tar.gz", v+1)]; n > 2 || v > 0 && n > 1 { // and once by the check
			t.Errorf("a %d was built %d times", v+1, n)
		}
	}
}

// TestDirectSources: what the project names by address, folder or commit.
func TestDirectSources(t *testing.T) {
	metadata := []byte("Metadata-Version: 2.1\nName: A\nVersion: 1.0\nRequires-Dist: b\n")
	sum := strings.Repeat("ab", 32)
	const url = "https://files.example/a-1.0.tar.gz"
	git := &lock.VCS{Type: "git", URL: "https://files.example/a", RequestedRevision: "main", CommitID: "c0ffee"}
	sources := map[string]*DirectSource{
		url:                                {Name: "A", Version: "1.0", Metadata: metadata, Archive: &lock.Archive{URL: url, Hashes: map[string]string{"sha256": sum}}},
		"libs":                             {Name: "A", Version: "1.0", Metadata: metadata, Directory: &lock.Directory{Path: "libs"}},
		"git+https://files.example/a@main": {Name: "A", Version: "1.0", Metadata: metadata, VCS: git},
		"https://files.example/z-1.0.zip":  {Name: "z", Version: "1.0", Metadata: metadata},
		"https://files.example/y-1.0.zip":  {Name: "a", Version: "one", Metadata: metadata},
	}
	for _, c := range []struct{ name, asks, path, hash, refused string }{
		{"archive", "a @ " + url, "", "", ""},
		{"archive with its hash", "a @ " + url, "", "sha256:" + sum, ""},
		{"archive with another hash", "a @ " + url, "", "sha256:" + strings.Repeat("cd", 32), "none of those that the requirement allows"},
		{"archive with its hash in the address", "a @ " + url + "#sha256=" + strings.ToUpper(sum), "", "", ""},
		{"archive with another hash in the address", "a @ " + url + "#subdirectory=x&sha256=" + strings.Repeat("cd", 32), "", "", "the address says cdcd"},
		{"archive with a weak hash in the address", "a @ " + url + "#md5=" + strings.Repeat("cd", 16), "", "", "md5"},
		{"folder", "a", "libs", "", ""},
		{"folder with a hash", "a", "libs", "sha256:" + sum, "only an archive has a hash"},
		{"repository", "a @ git+https://files.example/a@main", "", "", ""},
		{"nothing there", "a @ https://files.example/x-1.0.zip", "", "", "nothing at"},
		{"another name", "a @ https://files.example/z-1.0.zip", "", "", `calls itself "z" "1.0"`},
		{"no version", "a @ https://files.example/y-1.0.zip", "", "", `calls itself "a" "one"`},
		{"neither", "a @ ftp://files.example/a-1.0.zip", "", "", "neither on the web nor a file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, "b 1")
			p := asks(t, c.asks)
			q := &p.Runtimes[0].Requirements[0]
			if q.Path = c.path; c.hash != "" {
				q.Hashes = []string{c.hash}
			}
			in := input(t, p, w, "linux-x86_64", "windows-x86_64")
			in.Sources = &builder{shelfText: w, on: []string{"linux"}, direct: sources}
			l, err := Resolve(t.Context(), in)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || fault.CodeOf(err) == fault.Internal || fault.HintOf(err) == "" {
					t.Errorf("got %v, want %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := sources[strings.Split(q.URL, "#")[0]+q.Path]
			if p := l.Packages[0]; p.Archive != want.Archive || p.Directory != want.Directory || p.VCS != want.VCS || p.Version != "1.0" {
				t.Errorf("locked as %+v", p)
			}
			if got := versions(t, l, in, 1, "prod"); got != "a 1.0, b 1" {
				t.Errorf("got %s", got)
			}
			in.Project.Build.Never = []string{"a"}
			if _, err := Resolve(t.Context(), in); err == nil || !strings.Contains(err.Error(), "never to be built") {
				t.Errorf("barred: got %v", err)
			}
		})
	}
}

// What a source is built with is a question like any other, and its answer a lock
// of one runtime.
func TestBuildRequirements(t *testing.T) {
	w := world(t, "setuptools 80 | python>=3.9\nsetuptools 59\nwheel 1 | sdist\nold 1 | sdist")
	p := asks(t, "old")
	p.Constraints = []manifest.Requirement{asking(t, "setuptools<60")}
	in := input(t, p, w, "linux-x86_64", "windows-x86_64")
	in.Sources = w.builder()
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	requires := []string{"setuptools>=61", "wheel; sys_platform == 'win32'"}
	if in.Project, err = p.ToBuild(lock.BuildRuntime, "old 1", requires); err != nil {
		t.Fatal(err)
	}
	made, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	of := lock.BuildOf{Name: "old", Version: "1", SHA256: l.Packages[0].Sdist.Hashes["sha256"]}
	l.Tool.Builds = []lock.Build{lock.NewBuild(made, requires, []lock.BuildOf{of})}
	again, err := lock.Parse(l.Marshal(), lock.FileName)
	if err != nil {
		t.Fatalf("%v\n%s", err, l.Marshal())
	}
	b, ok := again.Build(of)
	if !ok || b.Packages[0].Marker != "" {
		t.Fatalf("got %+v", again.Tool.Builds)
	}
	for i, want := range []string{"setuptools 80", "setuptools 80, wheel 1"} {
		if got := versions(t, b.Lock(again), in, i, lock.BuildRuntime); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
