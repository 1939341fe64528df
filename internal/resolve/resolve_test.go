package resolve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/pytag"
)

// shelfText is a Source from a notation, a release a line:
//
//	a 1.0 | python>=3.9 | tag=cp314-cp314-win_amd64 | yanked | sdist | says=>=3.9 | b>=1 | c; extra == 'x'
//
// python is what the index says, says what the METADATA does; sdist is alone,
// +sdist lies beside wheels, fails=WHY is one that cannot be built. Two lines of one
// version with different tags are wheels that do not say the same.
type shelfText struct {
	listings map[string]*listed
	metadata map[string][]byte // by URL
	files    map[string][]byte // what Download gives, by URL
	fails    map[string]string // what building says, by URL; "": it works
	read     []string          // the URLs whose metadata was asked for
	mu       sync.Mutex
}

// listed is what the index has of a project.
type listed struct {
	Files  []index.File
	Status string
}

func world(t testing.TB, text string) *shelfText {
	t.Helper()
	w := &shelfText{listings: map[string]*listed{}, metadata: map[string][]byte{}, files: map[string][]byte{}, fails: map[string]string{}}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fields := strings.Split(line, " | ")
		name, version, _ := strings.Cut(strings.TrimSpace(fields[0]), " ")
		r := fake{name: name, version: version}
		for _, f := range fields[1:] {
			f = strings.TrimSpace(f)
			switch key, value, _ := strings.Cut(f, "="); {
			case f == "yanked":
				r.yanked = true
			case f == "sdist":
				r.sdist, r.noWheel = true, true
			case f == "+sdist":
				r.sdist = true
			case key == "fails":
				r.sdist, r.noWheel, r.fails = true, true, value
			case key == "tag":
				r.tags = append(r.tags, value)
			case key == "says":
				r.says = value
			case strings.HasPrefix(f, "python"):
				r.python = strings.TrimPrefix(f, "python")
			default:
				r.needs = append(r.needs, f)
			}
		}
		w.add(t, r)
	}
	return w
}

// fake is one release.
type fake struct {
	name, version, python string
	says                  string
	tags, needs, extras   []string
	yanked                bool
	sdist, noWheel        bool
	fails                 string // what building it says
}

func (w *shelfText) add(t testing.TB, r fake) {
	t.Helper()
	l := w.listings[r.name]
	if l == nil {
		l = &listed{}
		w.listings[r.name] = l
	}
	version, err := pep440.Parse(r.version)
	if err != nil {
		t.Fatal(err)
	}
	f := index.File{RequiresPython: r.python, Yanked: r.yanked, Version: version}
	text := "Metadata-Version: 2.1\nName: " + r.name + "\nVersion: " + r.version + "\n"
	if r.says != "" {
		text += "Requires-Python: " + r.says + "\n"
	}
	for _, x := range r.extras {
		text += "Provides-Extra: " + x + "\n"
	}
	for _, n := range r.needs {
		text += "Requires-Dist: " + n + "\n"
	}
	if r.sdist {
		f.Name = r.name + "-" + r.version + ".tar.gz"
		l.Files = append(l.Files, w.file(f, []byte(text+"\n")))
		w.fails[l.Files[len(l.Files)-1].URL] = r.fails
	}
	if r.noWheel {
		return
	}
	if len(r.tags) == 0 {
		r.tags = []string{"py3-none-any"}
	}
	for _, tag := range r.tags {
		f.Name = strings.ReplaceAll(r.name, "-", "_") + "-" + r.version + "-" + tag + ".whl"
		wheel, err := dist.ParseWheelName(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		f.Wheel = &wheel
		l.Files = append(l.Files, w.file(f, []byte(text+"\n")))
	}
}

func (w *shelfText) file(f index.File, metadata []byte) index.File {
	f.URL = "https://index.example/files/" + f.Name
	f.Hashes = index.NewHashes(map[string]string{"sha256": digest.Of([]byte(f.Name)).String()})
	w.metadata[f.URL] = metadata
	return f
}

func (w *shelfText) Listing(_ context.Context, name string) (*index.Listing, error) {
	if l := w.listings[name]; l != nil {
		out := index.NewListing(name, "https://index.example/simple/", l.Files)
		out.Status = l.Status
		return out, nil
	}
	return nil, fault.New(fault.NotFound, "", "%s is not on the index", name)
}

func (w *shelfText) Metadata(_ context.Context, _ *index.Listing, f index.File) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = append(w.read, f.URL)
	return w.metadata[f.URL], nil
}

func (w *shelfText) Download(_ context.Context, url string, _ int64) (io.ReadCloser, error) {
	data, ok := w.files[url]
	if !ok {
		return nil, fault.New(fault.NotFound, "", "nothing at %s", url)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// asks makes a project that asks in prod, test and dev, each a list "a>=1, b[x]".
func asks(t testing.TB, lists ...string) *manifest.Project {
	t.Helper()
	p := &manifest.Project{Root: t.TempDir(), Name: "shop"}
	names := []string{"prod", "test", "dev"}
	for i, list := range lists {
		rt := manifest.Runtime{Name: names[i]}
		if i > 0 {
			rt.Contains = names[i-1]
		}
		for text := range strings.SplitSeq(list, " & ") {
			if text != "" {
				rt.Requirements = append(rt.Requirements, asking(t, text))
			}
		}
		p.Runtimes = append(p.Runtimes, rt)
	}
	return p
}

func asking(t testing.TB, text string) manifest.Requirement {
	t.Helper()
	q, err := pep508.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Requirement{Requirement: q, Origin: manifest.Origin{File: "pyproject.toml", Table: "[project]"}}
}

func input(t testing.TB, p *manifest.Project, w Source, names ...string) Input {
	t.Helper()
	in := Input{Project: p, Index: w, CreatedBy: "snug"}
	for _, name := range names {
		target, err := pytag.ParseTarget(name)
		if err != nil {
			t.Fatal(err)
		}
		py, err := pep440.Parse("3.14.0")
		if err != nil {
			t.Fatal(err)
		}
		in.Targets = append(in.Targets, TargetPython{Target: target, Python: py})
	}
	return in
}

// selected is what one runtime on one target installs.
func selected(t testing.TB, l *lock.Lock, in Input, target int, runtime string) []lock.Selected {
	t.Helper()
	at := in.Targets[target]
	got, err := l.Select(pytag.Environment(at.Target, at.Python), []string{runtime}, nil, pytag.Supported(at.Target, at.Python), at.Python)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// versions is "a 1, b 2" as one runtime on one target installs it.
func versions(t testing.TB, l *lock.Lock, in Input, target int, runtime string) string {
	t.Helper()
	var out []string
	for _, s := range selected(t, l, in, target, runtime) {
		out = append(out, s.Package.Name+" "+s.Package.Version)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ name, index, asks, want string }{
		{"newest", "a 1\na 2", "a", "a 2"},
		{"transitive", "a 1 | b<2\nb 1\nb 2", "a", "a 1, b 1"},
		{"backtrack", "a 2 | b>=2\na 1 | b<2\nb 1", "a", "a 1, b 1"},
		{"extras", "a 1 | b; extra == 'x' | c; extra == 'y'\nb 1\nc 1", "a[x]", "a 1, b 1"},
		{"extras of itself", "a 1 | a[x,y]; extra == 'all' | b; extra == 'x' | c; extra == 'y'\nb 1\nc 1", "a[all]", "a 1, b 1, c 1"},
		{"extra spelled otherwise", "a 1 | b; extra == 'Big_Thing'\nb 1", "a[big-thing]", "a 1, b 1"},
		{"extra that does not exist", "a 1", "a[none]", "a 1"},
		{"extra that is gone", "a 2\na 1 | b; extra == 'x'\nb 1", "a[x]", "a 2"},
		{"extra of older versions that fit", "a 3 | b>9; extra == 'x'\na 2 | b; extra == 'x'\na 1\nb 1", "a[x]", "a 2, b 1"},
		{"yanked", "a 2 | yanked\na 1", "a", "a 1"},
		{"yanked and pinned", "a 2 | yanked\na 1", "a==2", "a 2"},
		{"yanked and pinned by a package", "a 2 | yanked\na 1\nb 2 | a==2\nb 1", "b", "b 1"},
		{"pre-release last", "a 2rc1\na 1", "a>=1rc1", "a 1"},
		{"only pre-releases", "a 2rc1\na 2a1", "a", "a 2rc1"},
		{"pre-release when stable fails", "a 2rc1 \na 1 | b>9\nb 1", "a", "a 2rc1"},
		{"requires-python", "a 2 | python>=3.15\na 1", "a", "a 1"},
		{"broken requires-python", "a 2 | python>=3.8,!=3.0*", "a", "a 2"},
		{"local version", "a 1.0+cpu\na 0.9", "a==1.0", "a 1.0+cpu"},
		{"sdist only", "a 2 | sdist\na 1", "a", "a 1"},
		{"tags", "a 2 | tag=cp314-cp314-win_amd64\na 1", "a", "a 1"},
		{"marker false", "a 1 | b; sys_platform == 'win32'", "a", "a 1"},
		{"cycle", "a 1 | b\nb 1 | a", "a", "a 1, b 1"},
		{"missing package behind an older choice", "a 2 | gone\na 1", "a", "a 1"},
		{"direct address in a package", "a 2 | b @ https://index.example/b-1-py3-none-any.whl\na 1\nb 1", "a", "a 1"},
		{"python that only the metadata tells", "a 2 | says=>=3.15\na 1", "a", "a 1"},
		{"sloppy dependency", "a 1 | b>=1.9.*\nb 2", "a", "a 1, b 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, c.asks), world(t, c.index), "linux-x86_64")
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := versions(t, l, in, 0, "prod"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTargets(t *testing.T) {
	const linux, windows = "linux-x86_64", "windows-x86_64"
	for _, c := range []struct{ name, index, asks, linux, windows string }{
		{"one version for both", "a 2 | tag=cp314-cp314-win_amd64\na 1", "a", "a 1", "a 1"},
		{"needed on one", "a 1 | w; sys_platform == 'win32'\nw 2 | tag=cp314-cp314-win_amd64", "a", "a 1", "a 1, w 2"},
		{"limited on one", "a 1 | b<2; sys_platform == 'win32' | b\nb 1\nb 2", "a", "a 1, b 1", "a 1, b 1"},
		{"split where forced", "a 2 | tag=cp314-cp314-win_amd64\na 1 | tag=py3-none-manylinux_2_17_x86_64\nb 1", "a & b", "a 1, b 1", "a 2, b 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, asks(t, c.asks), world(t, c.index), linux, windows)
			l, err := Resolve(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := versions(t, l, in, 0, "prod"); got != c.linux {
				t.Errorf("linux: got %q, want %q", got, c.linux)
			}
			if got := versions(t, l, in, 1, "prod"); got != c.windows {
				t.Errorf("windows: got %q, want %q", got, c.windows)
			}
		})
	}
}

func TestConflict(t *testing.T) {
	for _, c := range []struct{ name, index, asks, want string }{
		{"clash", "a 1 | c<2\nb 1 | c>=2\nc 1\nc 2", "a & b", "b 1 needs c>=2"},
		{"not back to before the extra", "a 3 | b; extra == 'x'\na 2 | b; extra == 'x'\na 1", "a[x]", "a 1 cannot be used: it has no extra \"x\", which 3 has"},
		{"unknown", "a 1", "z", "z is not on the index"},
		{"no such version", "a 1", "a>5", "no version of a is >5; there is only 1"},
		{"only what is asked for is told", "a 1 | tag=cp314-cp314-win_amd64\na 2 | tag=cp314-cp314-win_amd64\na 3 | tag=cp314-cp314-win_amd64", "a<3 & a!=1", "\n  a 1 and 2 cannot be used: no wheel for linux-x86_64 and Python 3.14.0; the newest's wheels are for win_amd64"},
		{"many needs are one line", "a 1 | b==1\na 2 | b==2\na 3 | b==3\na 4 | b==4\nb 1\nb 2\nb 3\nb 4\nb 9", "a & b>8", "\n  a 1 … 4 (4 versions) need b==4, or others that do not fit"},
		{"many sdists are one line", "a 1 | sdist\na 1rc1 | sdist\na 2 | sdist", "a", "\n  a 1rc1 … 2 (3 versions) cannot be used: it has only an sdist"},
		{"sdist", "a 1 | sdist", "a", "a 1 cannot be used: it has only an sdist, and nothing here builds it"},
		{"yanked", "a 1 | yanked", "a", "yanked"},
		{"tags", "a 1 | tag=cp314-cp314-win_amd64", "a", "no wheel for linux-x86_64"},
		{"python", "a 1 | python>=3.15", "a", "needs Python >=3.15, not 3.14.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Resolve(t.Context(), input(t, asks(t, c.asks), world(t, c.index), "linux-x86_64"))
			var conflict *Conflict
			if !errors.As(err, &conflict) {
				t.Fatalf("got %v, not a conflict", err)
			}
			text := conflict.Error()
			if !strings.Contains(text, c.want) || strings.Count(text, "\n") >= maxLines || fault.HintOf(err) == "" {
				t.Errorf("hint %q, text:\n%s", fault.HintOf(err), text)
			}
		})
	}
}

// TestConflictOfLikeTargets: glibc and musl cannot have different versions in
// one lock.
func TestConflictOfLikeTargets(t *testing.T) {
	w := world(t, "a 2 | tag=py3-none-musllinux_1_1_x86_64\na 1 | tag=py3-none-manylinux_2_17_x86_64")
	_, err := Resolve(t.Context(), input(t, asks(t, "a"), w, "linux-x86_64", "linux-x86_64-musl", "macos-arm64"))
	var conflict *Conflict
	if !errors.As(err, &conflict) || !slices.Equal(conflict.Targets, []string{"linux-x86_64", "linux-x86_64-musl"}) {
		t.Fatal(err)
	}
	if conflict.Apart != "linux-x86_64-musl" {
		t.Errorf("apart: %q", conflict.Apart)
	}
}

// TestNesting: what a runtime holds, the one around it holds too, on every
// target; markers name every runtime.
func TestNesting(t *testing.T) {
	w := world(t, "a 1 | c; extra == 'x' | w; sys_platform == 'win32'\nb 1 | a[x]\nc 1 | a\nd 1 | b\nw 1 | c")
	in := input(t, asks(t, "a", "b", "d"), w, "linux-x86_64", "windows-x86_64", "linux-x86_64-musl")
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{{"a 1", "a 1, b 1, c 1", "a 1, b 1, c 1, d 1"}, {"a 1, c 1, w 1", "a 1, b 1, c 1, w 1", "a 1, b 1, c 1, d 1, w 1"}} {
		for n, runtime := range []string{"prod", "test", "dev"} {
			if got := versions(t, l, in, i, runtime); got != want[n] {
				t.Errorf("%s on %s: got %q, want %q", runtime, in.Targets[i].Target, got, want[n])
			}
		}
	}
	if got, want := l.Packages[0].Marker, "'prod' in dependency_groups or 'test' in dependency_groups or 'dev' in dependency_groups"; got != want {
		t.Errorf("marker of a: %s", got)
	}
	again, err := Resolve(t.Context(), in)
	if err != nil || string(again.Marshal()) != string(l.Marshal()) {
		t.Errorf("a second run gives other bytes (%v)", err)
	}
}

func TestPreferencesAndConstraints(t *testing.T) {
	w := world(t, "a 1\na 2\na 3\nb 1\nb 2")
	in := input(t, asks(t, "a & b"), w, "linux-x86_64")
	in.Locked = &lock.Lock{Packages: []lock.Package{{Name: "a", Version: "2"}}}
	in.Project.Constraints = []manifest.Requirement{asking(t, "b<2")}
	l, err := Resolve(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := versions(t, l, in, 0, "prod"); got != "a 2, b 1" {
		t.Errorf("got %q", got)
	}
}
