package engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/inventory"
	"snug/internal/license"
	"snug/internal/licensetext"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/policy"
)

// NoticeRequest asks for the notices of a runtime of the project (NAME or
// NAME@GENERATION), or of one that was delivered to a folder.
type NoticeRequest struct {
	Root    string
	Name    string
	Path    func(string) string // a path as an absolute one
	Project *manifest.Project   // whose policy chooses among licences; nil: the built-in one
	Sign    bool
}

// Notice is what a runtime's notices file says, and the file.
type Notice struct {
	Runtime    string            `json:"runtime"`
	Tree       string            `json:"tree"`
	Components []NoticeComponent `json:"components"`
	Kept       string            `json:"kept,omitempty"` // the folder in which it was put; "" where that could not be written
	Why        string            `json:"why,omitempty"`  // it could not
	Text       []byte            `json:"-"`
}

// NoticeComponent is one component of it.
type NoticeComponent struct {
	Name      string             `json:"name"`
	Version   string             `json:"version"`
	Declared  string             `json:"declared,omitempty"` // SPDX expression; left out: unknown
	Source    license.Source     `json:"source,omitempty"`   // the field that it is from
	Ambiguous bool               `json:"ambiguous,omitempty"`
	Notes     []string           `json:"notes,omitempty"`
	Taken     string             `json:"taken,omitempty"` // the branch that is taken, where there was a choice
	Class     license.Class      `json:"class"`
	Conflict  string             `json:"conflict,omitempty"` // declared against what was found, in words
	Texts     []licensetext.Text `json:"texts,omitempty"`
	Sources   []string           `json:"sources,omitempty"`
}

// Notice writes the notices of what ships in a runtime, and puts them to its evidence.
// A folder that cannot be written is no error: the file is handed back all the same.
func (e *Engine) Notice(ctx context.Context, req NoticeRequest) (*Notice, error) {
	t, err := ProvenanceRequest{Root: req.Root, Path: req.Path}.thing(req.Name)
	if err != nil {
		return nil, err
	}
	if t.kind != KindRuntime {
		return nil, fault.New(fault.Usage, "name a runtime, or the folder of one that was delivered", "%s is no runtime", req.Name)
	}
	m, err := generation.ReadHead(t.path)
	if err != nil {
		return nil, err
	}
	n, err := e.noticesOf(ctx, t.path, m, req.Project)
	if err != nil {
		return nil, err
	}
	n.Project = e.projectOf(t)
	out := &Notice{Runtime: req.Name, Tree: m.Tree, Components: componentsOf(n)}
	if out.Text, err = textOf(n, t.path); err != nil {
		return nil, err
	}
	out.Kept, out.Why, err = e.keepDocuments(generation.Evidence{generation.Notices: out.Text}, m, t, req.Sign)
	return out, err
}

func textOf(n *licensetext.Notices, dir string) ([]byte, error) {
	var text bytes.Buffer
	err := n.Write(&text, func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	})
	return text.Bytes(), err
}

// noticesOf gathers what is in the runtime at dir. The project's own packages are no
// third party's and are left out.
func (e *Engine) noticesOf(ctx context.Context, dir string, m *generation.Manifest, p *manifest.Project) (*licensetext.Notices, error) {
	facts, err := inventory.OfRuntime(ctx, dir, m, e.store)
	if err != nil {
		return nil, err
	}
	locked, err := lockInside(dir)
	if err != nil {
		return nil, err
	}
	rules := policy.Default()
	if p != nil {
		if rules, err = e.Policy(ctx, p); err != nil {
			return nil, err
		}
	}
	rules = rules.For(m.Runtime)
	n := &licensetext.Notices{Runtime: m.Runtime, Target: m.Target, Python: m.Python, Tree: m.Tree}
	n.Items = append(n.Items, pythonNotice(m, facts.Interpreter))
	for i, f := range facts.Packages {
		if of := m.Packages[i]; of.SHA256 != "" {
			said, err := e.declaredOf(f)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, packageNotice(of, f, said, locked, rules))
		}
	}
	return n, nil
}

// pythonNotice is the interpreter, which says nowhere what its licence is called.
func pythonNotice(m *generation.Manifest, f *inventory.Facts) licensetext.Item {
	d := license.Declare(license.Fields{Expression: "Python-2.0"})
	d.Source = license.FromText
	release := m.Python
	if end := strings.IndexFunc(release, func(r rune) bool { return r != '.' && !unicode.IsDigit(r) }); end > 0 {
		release = release[:end] // 3.15.0rc1 lies in 3.15.0
	}
	return licensetext.Item{
		Name: "cpython", Version: m.Python, Declared: d, Chosen: license.Chosen{Expression: d.Expression}, Texts: f.Licenses, Inside: carried(f),
		Sources: []string{"https://www.python.org/ftp/python/" + release + "/"},
	}
}

func packageNotice(p generation.Package, f *inventory.Facts, d license.Declared, locked *lock.Lock, rules *policy.Policy) licensetext.Item {
	_, chosen, _ := rules.License(p.Name, p.Version, d.Expression)
	return licensetext.Item{Name: p.Name, Version: p.Version, Declared: d, Chosen: chosen, Texts: f.Licenses, Inside: carried(f), Sources: sourcesOf(p, f.Metadata, locked)}
}

// carried are the components inside, with the versions that are known.
func carried(f *inventory.Facts) []string {
	var out []string
	for _, c := range f.Components {
		out = append(out, strings.TrimSpace(c.Name+" "+c.Version))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sourcesOf are where a package's source is: its sdist or archive as the lock has it, else
// its page on the index that it is from; then what its METADATA calls its sources.
func sourcesOf(p generation.Package, md inventory.Metadata, l *lock.Lock) []string {
	var out []string
	for _, have := range l.Packages {
		switch {
		case have.Name != p.Name || have.Version != p.Version:
		case have.Sdist != nil:
			out = append(out, fmt.Sprintf("%s sha256:%s", address(have.Sdist.URL), have.Sdist.Hashes["sha256"]))
		case have.Archive != nil && !strings.HasSuffix(have.Archive.URL, ".whl"):
			out = append(out, fmt.Sprintf("%s sha256:%s", address(have.Archive.URL), have.Archive.Hashes["sha256"]))
		case have.VCS != nil:
			out = append(out, address(have.VCS.URL)+" commit "+have.VCS.CommitID)
		case have.Index != "":
			out = append(out, fmt.Sprintf("the source distribution of %s at %s", p.Version, address(strings.TrimSuffix(have.Index, "/")+"/"+p.Name+"/")))
		}
	}
	for _, label := range []string{"source", "repository", "homepage"} {
		for _, u := range md.URLs {
			if a := address(u.URL); strings.Contains(strings.ToLower(u.Label), label) && a != "" && !slices.Contains(out, a) {
				return append(out, a)
			}
		}
	}
	return out
}

// lockInside is the lock that the runtime was made from.
func lockInside(dir string) (*lock.Lock, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(generation.LockPath)))
	if err != nil {
		return nil, fault.New(fault.Integrity, buildAnew, "the lock inside the runtime: %w", err)
	}
	return lock.Parse(data, generation.LockPath)
}

func componentsOf(n *licensetext.Notices) []NoticeComponent {
	var out []NoticeComponent
	for _, i := range n.Items {
		c := NoticeComponent{
			Name: i.Name, Version: i.Version, Declared: i.Declared.Expression.String(), Source: i.Declared.Source, Ambiguous: i.Declared.Ambiguous,
			Notes: i.Declared.Notes, Class: i.Chosen.Expression.Class(), Texts: i.Texts, Sources: i.Sources,
		}
		if len(i.Chosen.Choices) > 0 {
			c.Taken = i.Chosen.Expression.String()
		}
		c.Conflict, _ = licensetext.Contradiction(i.Declared, i.Texts)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b NoticeComponent) int { return strings.Compare(a.Name, b.Name) })
	return out
}
