package engine

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/index/indextest"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pep740/pep740test"
)

// signWorld is a public index, a private one, and a Sigstore.
type signWorld struct {
	public, private *indextest.Index
	sigstore        *pep740test.Sigstore
	now             time.Time
	dir             string
}

func (w *signWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "private.example" {
		inner := r.Clone(r.Context())
		inner.URL.Host, inner.Host = "index.example", "index.example"
		return w.private.RoundTrip(inner)
	}
	return w.public.RoundTrip(r)
}

const signIndex = `
-- plain-1.0.txt --
-- yanked-1.0.txt --
Yanked: it was broken
-- archived-1.0.txt --
Status: archived moved away
-- held-1.0.txt --
Status: quarantined
-- attested-1.0.txt --
Published-By: acme/attested release.yml
-- attested-1.1.txt --
Published-By: acme/attested release.yml
-- attested-1.2.txt --
-- inner-99.0.txt --
`

func newSignWorld(t *testing.T) *signWorld {
	t.Helper()
	w := &signWorld{sigstore: pep740test.New(indextest.DefaultUpload.Add(-time.Hour)), now: indextest.DefaultUpload.AddDate(0, 6, 0), dir: t.TempDir()}
	var err error
	if w.public, err = indextest.FromTxtar([]byte(signIndex)); err != nil {
		t.Fatal(err)
	}
	if w.private, err = indextest.FromTxtar([]byte("-- inner-1.0.txt --\n-- inner-1.0/inner.py --\nours = 1\n-- plain-1.0.txt --\n")); err != nil {
		t.Fatal(err)
	}
	w.public.Attest = w.attest
	if err := os.WriteFile(filepath.Join(w.dir, "root.json"), w.sigstore.Root(), 0o644); err != nil {
		t.Fatal(err)
	}
	return w
}

// attest is by whom the release says that it was published.
func (w *signWorld) attest(s indextest.Spec, file string, body []byte) []byte {
	repository, workflow, _ := strings.Cut(s.PublishedBy, " ")
	return w.sigstore.Provenance(pep740test.Publication{File: file, SHA256: digest.Of(body).String(), Repository: repository, Workflow: workflow, At: s.Upload})
}

func (w *signWorld) engine(t *testing.T, opt Options) *Engine {
	t.Helper()
	opt.Home, opt.Env, opt.Now, opt.Transport = filepath.Join(w.dir, "home"), func(string) string { return "" }, func() time.Time { return w.now }, w
	opt.IndexURL = indextest.URL
	e, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// locked is a package as it was locked from an index.
func (w *signWorld) locked(from *indextest.Index, name, version string) lock.Package {
	file := name + "-" + version + "-py3-none-any.whl"
	return lock.Package{Name: name, Version: version, Index: indextest.URL, Wheels: []lock.File{{URL: "https://index.example/files/" + file,
		Hashes: map[string]string{"sha256": digest.Of(from.File(file)).String()}}}}
}

// told are the ids of findings with their packages, sorted.
func told(all []finding.Finding) string {
	var out []string
	for _, f := range all {
		out = append(out, f.Package+":"+f.ID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestReleaseSigns(t *testing.T) {
	w := newSignWorld(t)
	l := &lock.Lock{}
	for _, name := range []string{"plain", "yanked", "archived", "held"} {
		l.Packages = append(l.Packages, w.locked(w.public, name, "1.0"))
	}
	l.Packages = append(l.Packages, w.locked(w.public, "attested", "1.2"), lock.Package{Name: "gone", Version: "1", Wheels: l.Packages[0].Wheels}, lock.Package{Name: "own", Directory: &lock.Directory{}})
	signs, err := w.engine(t, Options{}).releaseSigns(t.Context(), &manifest.Project{}, l)
	if err != nil {
		t.Fatal(err)
	}
	want := "archived:archived attested:provenance-regression gone:withdrawn held:quarantined yanked:yanked"
	if got := told(signs.Findings); got != want || signs.Unchecked != nil {
		t.Errorf("%s, %q, want %s", got, signs.Unchecked, want)
	}

	// Offline it is what was said before, with its day; what was never said is unknown.
	w.now = w.now.AddDate(0, 0, 3)
	l.Packages = append(l.Packages, w.locked(w.public, "inner", "99.0"))
	signs, err = w.engine(t, Options{Offline: true}).releaseSigns(t.Context(), &manifest.Project{}, l)
	if err != nil {
		t.Fatal(err)
	}
	want = "archived:archived attested:provenance-regression gone:signs-unchecked held:quarantined inner:signs-unchecked yanked:yanked"
	if got := told(signs.Findings); got != want {
		t.Errorf("offline: %s, want %s", got, want)
	}
	for _, f := range signs.Findings {
		if f.Class == finding.SupplyChain && !slices.Contains(f.Evidence, "as https://index.example/simple/ said on 2026-07-01") {
			t.Errorf("%s does not say of when it is: %q", f.ID, f.Evidence)
		}
	}
}

// An index that cannot be asked leaves what it would say unknown, of the packages that
// it was asked about.
func TestSignsOfABrokenIndex(t *testing.T) {
	w := newSignWorld(t)
	w.public.Inject("/simple/plain/", indextest.Fault{Kind: "text/plain", Body: "roses"}, -1)
	l := &lock.Lock{Packages: []lock.Package{w.locked(w.public, "plain", "1.0"), w.locked(w.public, "yanked", "1.0")}}
	signs, err := w.engine(t, Options{}).releaseSigns(t.Context(), &manifest.Project{}, l)
	if err != nil || told(signs.Findings) != "plain:signs-unchecked yanked:yanked" || signs.Findings[0].Class != finding.Unknown {
		t.Errorf("%+v, %v", signs, err)
	}
}

// A name on two indexes without a file in common is a clash, unless the project says
// where it comes from; a mirror is none.
func TestOriginClash(t *testing.T) {
	w := newSignWorld(t)
	p := &manifest.Project{Indexes: []manifest.Index{{Name: "ours", URL: "https://private.example/simple/"}}}
	l := &lock.Lock{Packages: []lock.Package{w.locked(w.private, "inner", "1.0"), w.locked(w.public, "plain", "1.0")}}
	for i := range l.Packages {
		l.Packages[i].Index = "https://private.example/simple/"
	}
	check := func(want string) {
		t.Helper()
		signs, err := w.engine(t, Options{}).releaseSigns(t.Context(), p, l)
		if err != nil || told(signs.Findings) != want {
			t.Errorf("%+v, %v, want %q", signs, err, want)
		}
	}
	check("inner:origin-clash")
	p.PackageIndex = map[string]string{"inner": "ours"}
	check("")
	p.PackageIndex = nil
	w.private.Remove("inner") // now the stranger answers
	check("inner:origin-clash")
}

func TestAttestations(t *testing.T) {
	w := newSignWorld(t)
	l := &lock.Lock{Packages: []lock.Package{w.locked(w.public, "attested", "1.1")}}
	pin := func(repository string) {
		l.Packages[0].AttestationIdentities = []map[string]string{{"kind": "GitHub", "repository": repository, "workflow": "release.yml"}}
	}
	root := filepath.Join(w.dir, "root.json")
	check := func(what, root, want, unchecked string) {
		t.Helper()
		signs, err := w.engine(t, Options{TrustedRoot: root}).releaseSigns(t.Context(), &manifest.Project{Root: w.dir}, l)
		if err != nil || told(signs.Findings) != want || !strings.Contains(strings.Join(signs.Unchecked, "\n"), unchecked) || unchecked == "" && signs.Unchecked != nil {
			t.Errorf("%s: %+v, %v, want %q", what, signs, err, want)
		}
	}
	check("no root", "", "", "attestations (PEP 740) of 1 packages: no trusted root is set")
	check("verified", root, "", "")
	pin("acme/attested")
	check("as pinned", root, "", "")
	check("pinned, no root", "", "attested:signs-unchecked", "")
	pin("acme/other")
	check("pinned to another", root, "attested:identity-changed", "")
	l.Packages[0].AttestationIdentities = nil
	w.public.Attest = func(s indextest.Spec, file string, _ []byte) []byte { return w.attest(s, file, []byte("another file")) }
	if err := os.RemoveAll(filepath.Join(w.dir, "home", "cache")); err != nil {
		t.Fatal(err)
	}
	check("false", root, "attested:bad-attestation", "")
	strangers := filepath.Join(w.dir, "strangers.json")
	if err := os.WriteFile(strangers, pep740test.New(w.now).Root(), 0o644); err != nil {
		t.Fatal(err)
	}
	check("another root", strangers, "attested:signs-unchecked", "")
	w.public.Inject(".whl.provenance", indextest.Fault{Status: 404}, 1)
	if err := os.RemoveAll(filepath.Join(w.dir, "home", "cache")); err != nil {
		t.Fatal(err)
	}
	check("announced and not there", root, "attested:signs-unchecked", "")
	pin("acme/attested")
	w.public.Attest = nil
	if err := os.RemoveAll(filepath.Join(w.dir, "home", "cache")); err != nil {
		t.Fatal(err)
	}
	check("pinned, and the index has none", root, "attested:signs-unchecked", "")

	for _, broken := range []string{"absent.json", "pyproject"} {
		if broken == "pyproject" {
			if err := os.WriteFile(filepath.Join(w.dir, broken), []byte("{"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.engine(t, Options{}).releaseSigns(t.Context(), &manifest.Project{Root: w.dir, TrustedRoot: broken}, l)
		if fault.CodeOf(err) != fault.Input || !strings.Contains(err.Error(), broken) {
			t.Errorf("%s: %v", broken, err)
		}
	}
}

// Pins are made where the project asks, stay when versions move, and a change is told.
func TestIdentitiesArePinned(t *testing.T) {
	w := newSignWorld(t)
	p := &manifest.Project{Root: w.dir, PinIdentities: true, TrustedRoot: "root.json"}
	e := w.engine(t, Options{})
	made := &lock.Lock{Packages: []lock.Package{w.locked(w.public, "attested", "1.0"), w.locked(w.public, "plain", "1.0")}}
	settle := func(before ...*lock.Lock) {
		t.Helper()
		if err := e.settleIdentities(t.Context(), p, before, []*lock.Lock{made}); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	want := []map[string]string{{"kind": "GitHub", "repository": "acme/attested", "workflow": "release.yml"}}
	if got := made.Packages[0].AttestationIdentities; len(got) != 1 || !maps.Equal(got[0], want[0]) || made.Packages[1].AttestationIdentities != nil {
		t.Fatalf("%v", made.Packages)
	}
	before := made
	made = &lock.Lock{Packages: []lock.Package{w.locked(w.public, "attested", "1.1")}}
	p.PinIdentities = false
	settle(before)
	if got := made.Packages[0].AttestationIdentities; len(got) != 1 || !maps.Equal(got[0], want[0]) {
		t.Errorf("the pin is lost: %v", got)
	}
	p.PinIdentities, p.TrustedRoot = true, ""
	if err := e.settleIdentities(t.Context(), p, nil, []*lock.Lock{made}); fault.CodeOf(err) != fault.Input {
		t.Errorf("pinned by no root: %v", err)
	}
}
