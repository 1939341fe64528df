package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"snug/internal/cooldown"
	"snug/internal/finding"
	"snug/internal/license"
	"snug/internal/pep440"
	"snug/internal/pep508"
	"snug/internal/toml"
)

const listedHint = `a name, with versions where they matter: "urllib3<2"`

// listed is a rule about some versions of one package.
type listed struct {
	cell
	from       string // the table it stands in, and its file
	text       string // as it is written: "urllib3<2"
	name       string // normalised
	specifiers pep440.Specifiers
	license    string // of an exception: the only expression that it is for; "": whatever the licence
}

// holds tells whether the rule is about that version. Of one that is not known, or that
// nothing can order, a rule about some versions may be: it is, unless it lets them in.
func (l listed) holds(name, version string) bool {
	if l.name != name {
		return false
	}
	exact := slices.ContainsFunc(l.specifiers, func(s pep440.Specifier) bool { return s.Op == pep440.Arbitrary })
	if _, err := pep440.Parse(version); err != nil && l.verdict != finding.Allow && !exact {
		return true
	}
	return l.specifiers.ContainsText(version)
}

func timeOf(a cooldown.Age) time.Duration { return time.Duration(a) }

// parseListed reads "urllib3<2", which stands at key of t.
func parseListed(t toml.Table, key, text string) (listed, error) {
	q, err := pep508.Parse(text)
	switch {
	case err != nil:
		return listed{}, t.Bad(key, listedHint, "%q names no package: %v", text, err)
	case q.URL != "" || q.Marker != nil || len(q.Extras) > 0:
		return listed{}, t.Bad(key, listedHint, "%q is more than a name and versions", text)
	}
	return listed{text: text, name: q.Key(), specifiers: q.Specifiers}, nil
}

// packages reads the lists of packages: one for each verdict, and others for what
// none of them names.
func (r *reader) packages(s *section, t toml.Table) error {
	of, _, err := t.Table(packages)
	if err != nil {
		return err
	}
	if err := of.Only(append(verdictNames(), othersKey)...); err != nil {
		return err
	}
	for _, v := range finding.Verdicts() {
		if err := r.list(s, of, v); err != nil {
			return err
		}
	}
	if of.Values[othersKey] == nil {
		return nil
	}
	return r.verdict(s, packages, of, othersKey, othersKey)
}

// list reads the packages of one verdict: names, or { package, reason }, which all but
// allow need.
func (r *reader) list(s *section, of toml.Table, v finding.Verdict) error {
	key := string(v)
	values, ok := of.Values[key].([]any)
	if of.Values[key] != nil && !ok {
		return of.Bad(key, key+` = [{ package = "urllib3<2", reason = "…" }]`, "%s must be an array, not %s", key, toml.KindOf(of.Values[key]))
	}
	for i, value := range values {
		text, why := "", ""
		switch x := value.(type) {
		case string:
			text = x
		case map[string]any:
			entry := toml.Table{Doc: of.Doc, Path: append(slices.Clone(of.Path), key), Values: x}
			var err error
			if text, why, err = entryOf(entry); err != nil {
				return err
			}
		default:
			return of.Bad(key, listedHint, "%s: element %d must be a string or a table, not %s", key, i+1, toml.KindOf(x))
		}
		if why == "" && v != finding.Allow {
			return of.Bad(key, `{ package = "`+text+`", reason = "…" }: whoever is stopped by it reads it`, "%s: %q has no reason", key, text)
		}
		if err := r.another(of, key); err != nil {
			return err
		}
		l, err := parseListed(of, key, text)
		if err != nil {
			return err
		}
		l.from = of.Name() + of.Doc.File
		l.cell = r.cellAt(of, key, of.ElementLine(key, i), cell{verdict: v, value: text, why: why})
		s.packages = append(s.packages, l)
	}
	return nil
}

func entryOf(t toml.Table) (text, why string, err error) {
	if err := t.Only("package", "reason"); err != nil {
		return "", "", err
	}
	if text, err = t.Text("package"); err != nil {
		return "", "", err
	}
	why, err = t.Text("reason")
	return text, why, err
}

// licenses reads verdicts by class, by identifier, and by package.
func (r *reader) licenses(s *section, t toml.Table) error {
	of, _, err := t.Table(licenses)
	if err != nil {
		return err
	}
	known := append(builtInKeys(licenses), packages)
	for _, key := range slices.Sorted(maps.Keys(of.Values)) {
		switch {
		case key == packages:
			err = r.exceptions(s, of)
		case slices.Contains(known, key):
			err = r.verdict(s, licenses, of, key, key)
		default:
			err = r.id(s, of, key, known)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// id reads the verdict of one SPDX identifier, possibly with an exception.
func (r *reader) id(s *section, of toml.Table, key string, known []string) error {
	if at, name := dotted(of, key); name != "" && name != key {
		return at.Bad("", "write "+toml.Quote(name)+" in quotes", "a dot in %s divides keys", name)
	}
	e, err := license.ParseExpression(key)
	if err != nil {
		return of.Bad(key, unknownLicense(key, known), "%v", err)
	}
	if e.Op != license.None {
		return of.Bad(key, "a rule for each of them: AND and OR are snug's to work out", "%q is more than one licence", key)
	}
	name := ruleName(e)
	if _, twice := s.tables[licenses][name]; twice {
		return of.Bad(key, "take one of the rules out", "%q is the same licence as another key: %s", key, name)
	}
	return r.verdict(s, licenses, of, key, name)
}

// dotted is where a licence stands whose key has no quotes, and its name: TOML reads
// GPL-3.0-only as the key 0-only in the table GPL-3. "" where it is nothing like that.
func dotted(of toml.Table, key string) (at toml.Table, name string) {
	for name = key; ; name += "." + key {
		inner, ok, err := of.Table(key)
		if err != nil || !ok {
			break
		}
		if len(inner.Values) == 0 {
			return of, ""
		}
		of, key = inner, slices.Sorted(maps.Keys(inner.Values))[0]
	}
	if _, err := license.ParseExpression(name); err != nil || !strings.Contains(name, ".") || len(of.Path) == 0 {
		return of, ""
	}
	of.Path = append(slices.Clone(of.Path), key)
	return of, name
}

// exceptions reads what holds for the licences of single packages: a verdict, or
// { verdict, license, reason }.
func (r *reader) exceptions(s *section, t toml.Table) error {
	of, _, err := t.Table(packages)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(of.Values)) {
		l, err := parseListed(of, key, key)
		if err != nil {
			return err
		}
		if _, table := of.Values[key].(map[string]any); table {
			err = r.exception(&l, of, key)
		} else if l.verdict, err = r.verdictAt(of, key); err == nil {
			l.cell = r.cell(of, key, cell{verdict: l.verdict, value: string(l.verdict)})
		}
		if err != nil {
			return err
		}
		s.exceptions = append(s.exceptions, l)
	}
	return nil
}

func (r *reader) exception(l *listed, of toml.Table, key string) error {
	entry, _, err := of.Table(key)
	if err != nil {
		return err
	}
	if err := entry.Only("verdict", "license", "reason"); err != nil {
		return err
	}
	v, err := r.verdictAt(entry, "verdict")
	if err != nil {
		return err
	}
	why, err := entry.Text("reason")
	if err != nil {
		return err
	}
	text, err := entry.Text("license")
	if err != nil {
		return err
	}
	value := string(v)
	if text != "" {
		e, err := license.ParseExpression(text)
		if err != nil {
			return entry.Bad("license", unknownLicense(text, nil), "%v", err)
		}
		l.license = e.String()
		value += " for " + l.license
	}
	l.cell = r.cell(of, key, cell{verdict: v, value: value, why: why})
	return nil
}
