package policy

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/cooldown"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/toml"
)

const (
	verdictHint = `one of "allow", "warn", "review", "deny"`
	extendsHint = `extends = "policy.toml", or extends = { url = "https://…", sha256 = "…" }`
)

// Decode reads [tool.snug.policy] of a project. dir is the folder from which a path in
// it starts. Errors are fault.Input with file and line. A shared policy that it extends
// is still to come: Complete.
func Decode(t toml.Table, dir string) (*Policy, error) { return decode(t, dir, Source{}) }

// Parse reads a shared policy: the keys of [tool.snug.policy], at the top of a file. name
// is how messages call it, dir the folder from which a path in it starts.
func Parse(name, dir string, text []byte) (*Policy, error) {
	return parse(Source{Path: filepath.Join(dir, filepath.Base(name)), Name: name}, text)
}

func parse(from Source, text []byte) (*Policy, error) {
	name := from.Name
	if len(text) > MaxFile {
		return nil, fault.New(fault.Input, "name a file of rules", "%s: larger than %d KB", name, MaxFile>>10)
	}
	doc, err := toml.Parse(name, text)
	if err != nil {
		return nil, err
	}
	t := doc.Top()
	if _, ok := t.Values["tool"]; ok {
		return nil, t.Bad("tool", "a shared policy has its keys at the top: context, [vulnerabilities], …", "[tool] does not belong there")
	}
	dir := ""
	if from.Path != "" {
		dir = filepath.Dir(from.Path)
	}
	return decode(t, dir, from)
}

func decode(t toml.Table, dir string, from Source) (*Policy, error) {
	r := &reader{file: t.Doc.File}
	l := layer{file: r.file, source: from, runtimes: map[string]section{}}
	extends, err := r.extends(t, dir)
	if err != nil {
		return nil, err
	}
	if l.general, err = r.section(t, "extends", "runtimes"); err != nil {
		return nil, err
	}
	runtimes, _, err := t.Table("runtimes")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(runtimes.Values)) {
		of, _, err := runtimes.Table(name)
		if err != nil {
			return nil, err
		}
		if l.runtimes[name], err = r.section(of); err != nil {
			return nil, err
		}
	}
	return build([]layer{l}, extends, ""), nil
}

// reader reads the tables of one file.
type reader struct {
	file  string
	rules int
}

// section reads the tables of one runtime, or of all. more are the keys beside them.
func (r *reader) section(t toml.Table, more ...string) (section, error) {
	var s section
	if err := t.Only(append([]string{"context", "unknown", "max-advisory-age", vulnerabilities, licenses, signs, packages}, more...)...); err != nil {
		return s, err
	}
	for _, read := range []func(*section, toml.Table) error{r.top, r.vulnerabilities, r.licenses, r.signs, r.packages} {
		if err := read(&s, t); err != nil {
			return s, err
		}
	}
	return s, nil
}

// top reads context, unknown and max-advisory-age.
func (r *reader) top(s *section, t toml.Table) error {
	context, err := t.Text("context")
	if err != nil {
		return err
	}
	if context != "" || t.Values["context"] != nil {
		if !slices.Contains(Contexts(), context) {
			return t.Bad("context", fault.DidYouMean(context, Contexts(), "one of "+strings.Join(Contexts(), ", ")), "context: there is no %q", context)
		}
		s.set(top, "context", r.cell(t, "context", cell{value: context}))
	}
	if t.Values["unknown"] != nil {
		if err := r.verdict(s, top, t, "unknown", "unknown"); err != nil {
			return err
		}
	}
	if t.Values["max-advisory-age"] == nil {
		return nil
	}
	text, err := t.Text("max-advisory-age")
	if err != nil {
		return err
	}
	age, err := cooldown.ParseAge(text)
	if err != nil {
		return t.Bad("max-advisory-age", "such as 36h, 14d or 4w; 0 is any age", "max-advisory-age: %v", err)
	}
	s.set(top, "max-advisory-age", r.cell(t, "max-advisory-age", cell{value: text, age: timeOf(age)}))
	return nil
}

// cell completes a cell that stands at key of t with its place.
func (r *reader) cell(t toml.Table, key string, c cell) cell { return r.cellAt(t, key, t.Line(key), c) }

func (r *reader) cellAt(t toml.Table, key string, line int, c cell) cell {
	c.place = r.file
	if line > 0 {
		c.place = fmt.Sprintf("%s line %d", r.file, line)
	}
	c.reason = told(strings.Join(t.Path, "."), toml.Key(key), c.value, c.place, c.why)
	return c
}

// verdict reads the verdict at key of t into the cell of a table.
func (r *reader) verdict(s *section, table string, t toml.Table, key, cellKey string) error {
	v, err := r.verdictAt(t, key)
	if err == nil {
		s.set(table, cellKey, r.cell(t, key, cell{verdict: v, value: string(v)}))
	}
	return err
}

func (r *reader) verdictAt(t toml.Table, key string) (finding.Verdict, error) {
	if err := r.another(t, key); err != nil {
		return "", err
	}
	text, err := t.Text(key)
	if err != nil {
		return "", err
	}
	if !slices.Contains(finding.Verdicts(), finding.Verdict(text)) {
		return "", t.Bad(key, fault.DidYouMean(text, verdictNames(), verdictHint), "%s: %q is no verdict", key, text)
	}
	return finding.Verdict(text), nil
}

func verdictNames() []string {
	var out []string
	for _, v := range finding.Verdicts() {
		out = append(out, string(v))
	}
	return out
}

// another counts a rule.
func (r *reader) another(t toml.Table, key string) error {
	if r.rules++; r.rules > maxRules {
		return t.Bad(key, "a rule for a class of licence, or a specifier, says it shorter", "more than %d rules in one file", maxRules)
	}
	return nil
}

func (r *reader) vulnerabilities(s *section, t toml.Table) error {
	return r.named(s, t, vulnerabilities)
}

func (r *reader) signs(s *section, t toml.Table) error { return r.named(s, t, signs) }

// named reads a table whose keys are those of the built-in policy.
func (r *reader) named(s *section, t toml.Table, table string) error {
	of, _, err := t.Table(table)
	if err != nil {
		return err
	}
	if err := of.Only(builtInKeys(table)...); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(of.Values)) {
		if err := r.verdict(s, table, of, key, key); err != nil {
			return err
		}
	}
	return nil
}

var hex64 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

// extends reads where the shared policy is, nil where none is named.
func (r *reader) extends(t toml.Table, dir string) (*Source, error) {
	const key = "extends"
	place := t.Doc.File
	if n := t.Line(key); n > 0 {
		place = fmt.Sprintf("%s:%d", place, n)
	}
	switch v := t.Values[key].(type) {
	case nil:
		return nil, nil
	case string:
		return r.path(t, v, dir, place)
	case map[string]any:
		return r.url(t, place)
	default:
		return nil, t.Bad(key, extendsHint, "extends must be a path, or a table, not %s", toml.KindOf(v))
	}
}

func (r *reader) path(t toml.Table, written, dir, place string) (*Source, error) {
	switch {
	case strings.Contains(written, "://"):
		return nil, t.Bad("extends", extendsHint, "extends: an address needs the digest of what it must bring")
	case written == "":
		return nil, t.Bad("extends", extendsHint, "extends names no file")
	case filepath.IsAbs(written):
		return &Source{Path: filepath.Clean(written), Name: filepath.ToSlash(written), Place: place}, nil
	case dir == "":
		return nil, t.Bad("extends", extendsHint, "extends: a policy that came from an address has no folder in which %q could be", written)
	}
	name := path.Join(path.Dir(filepath.ToSlash(t.Doc.File)), filepath.ToSlash(written))
	return &Source{Path: filepath.Join(dir, filepath.FromSlash(written)), Name: name, Place: place}, nil
}

func (r *reader) url(t toml.Table, place string) (*Source, error) {
	of, _, err := t.Table("extends")
	if err != nil {
		return nil, err
	}
	if err := of.Only("url", "sha256"); err != nil {
		return nil, err
	}
	at, err := of.Text("url")
	if err != nil {
		return nil, err
	}
	sum, err := of.Text("sha256")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(at)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, of.Bad("", extendsHint, "url is no address of a file")
	case u.User != nil:
		return nil, of.Bad("url", "netrc holds logins", "url has a login in it")
	case !hex64().MatchString(sum):
		return nil, of.Bad("", "sha256sum FILE prints it; it is 64 digits of 0-9 and a-f", "sha256 of %s is missing, or is none", at)
	}
	return &Source{URL: at, Name: at, SHA256: sum, Place: place}, nil
}
