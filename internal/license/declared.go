package license

import (
	"fmt"
	"slices"
	"strings"
)

// Fields are what core metadata says of the licence.
type Fields struct {
	Expression  string   // License-Expression
	License     string   // License
	Classifiers []string // all of them
}

// Source is the field that a declaration is taken from.
type Source string

// The sources, in the order in which they are believed.
const (
	FromExpression  Source = "License-Expression"
	FromClassifiers Source = "Classifier"
	FromLicense     Source = "License"
	FromText        Source = "licence text" // by its classification, where no field says it
	FromNothing     Source = ""             // nothing that can be read says it
)

// Declared is what a distribution says its licence is.
type Declared struct {
	Expression Expression // the zero one where it cannot be told
	Source     Source
	// Ambiguous: the fields leave a choice open, and Expression is the careful reading: all of what
	// is named, or BSD without which one (LicenseRef-BSD).
	Ambiguous bool
	Notes     []string // what was ambiguous or could not be read, in words
	// Text is a licence text that stands in the License field in place of a name. Who can classify
	// texts completes the declaration with it.
	Text string
}

// BSD stands for "a BSD licence" where it is not said which.
const BSD = refPrefix + "BSD"

// maxName is the longest License field that is read as a name; what is longer, or has several
// paragraphs, is a text.
const maxName = 200

// Declare reads what the fields say: License-Expression, else the licence classifiers, made exact by a
// License field that agrees with them, else the License field by the names in use. Several classifiers
// say neither AND nor OR: all of them count, and it is ambiguous. Fields that contradict one another are
// joined by AND, never decided for the milder one.
func Declare(f Fields) Declared {
	var d Declared
	if f.Expression != "" {
		e, err := ParseExpression(f.Expression)
		if err == nil {
			return Declared{Expression: e, Source: FromExpression}
		}
		d.note("License-Expression is not one: %v", err)
		if n := named(f.Expression); n.expression.text != "" {
			d.Expression, d.Source, d.Ambiguous = n.expression, FromExpression, true
			return d
		}
	}
	byClassifier := d.classifiers(f.Classifiers)
	byField := d.field(f.License)
	d.join(byClassifier, byField)
	return d
}

// Exact is the declaration with e in the place of the one name that left open which licence is meant; false
// where it has no such name, or e is not one that it may mean. A GPL of some version is not made exact by an
// identifier that leaves open whether later ones count.
func (d Declared) Exact(e Expression) (Declared, bool) {
	if d.Expression.Op != None || !vague[d.Expression.License] || vague[e.License] || !narrows(d.Expression, e) || open[e.License] {
		return d, false
	}
	d.Expression, d.Ambiguous = e, false
	return d, true
}

// open are what the texts of the GPLs are recognised as.
var open = map[string]bool{"GPL-1.0": true, "GPL-2.0": true, "GPL-3.0": true, "LGPL-2.0": true, "LGPL-2.1": true, "LGPL-3.0": true, "AGPL-1.0": true, "AGPL-3.0": true}

func (d *Declared) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// reading is what a text was understood as.
type reading struct {
	expression Expression
	ambiguous  string // why; "" where it is not
}

// classifiers reads "License :: OSI Approved :: MIT License" and its like.
func (d *Declared) classifiers(all []string) reading {
	var said []Expression
	var names []string
	var r reading
	for _, c := range all {
		parts := strings.Split(c, " :: ")
		name := strings.TrimSpace(parts[len(parts)-1])
		if strings.TrimSpace(parts[0]) != "License" || len(parts) < 2 || name == "OSI Approved" || name == "DFSG approved" {
			continue
		}
		known, ok := classifierNames[name]
		if !ok {
			d.note("the classifier %q names no licence that is known", c)
			continue
		}
		e, err := ParseExpression(known)
		if err != nil || slices.Contains(names, name) {
			continue // the table is held by a test
		}
		said, names = append(said, e), append(names, name)
		if vague[known] {
			r.ambiguous = fmt.Sprintf("the classifier %q does not say which", name)
		}
	}
	r.expression = Join(And, withoutVague(said)...)
	if r.expression.Op == And {
		r.ambiguous = fmt.Sprintf("%d classifiers (%s) say neither AND nor OR", len(names), strings.Join(names, ", "))
	}
	return r
}

// withoutVague drops names that leave open which, where one that they may mean stands beside.
func withoutVague(all []Expression) []Expression {
	return slices.DeleteFunc(slices.Clone(all), func(v Expression) bool {
		return vague[v.License] && slices.ContainsFunc(all, func(e Expression) bool { return !vague[e.License] && narrows(v, e) })
	})
}

// field reads the License field.
func (d *Declared) field(text string) reading {
	text = strings.TrimSpace(text)
	if placeholder(text) {
		return reading{}
	}
	if len(text) > maxName || strings.Contains(text, "\n\n") || strings.Count(text, "\n") > 2 {
		d.Text = text
		return reading{}
	}
	if e, err := ParseExpression(text); err == nil {
		return reading{expression: e}
	}
	r := named(text)
	if r.expression.text == "" {
		d.note("the License field %q names no licence that is known", text)
	}
	return r
}

func placeholder(text string) bool {
	switch strings.ToLower(text) {
	case "", "unknown", "none", "n/a", "na", "tbd", "license", "licence", "see license", "license.txt", "see license file", "file: license", "license file", "osi approved", "dual license", "dual licensed", "other", "custom":
		return true
	}
	return false
}

// join decides between classifiers and field.
func (d *Declared) join(byClassifier, byField reading) {
	c, f := byClassifier.expression, byField.expression
	switch {
	case c.text == "" && f.text == "":
		return
	case c.text == "":
		d.take(byField, FromLicense)
	case f.text == "" || byField.ambiguous != "" && byClassifier.ambiguous == "" && within(f, c):
		d.take(byClassifier, FromClassifiers)
	case byClassifier.ambiguous == "" && sameSet(c, f):
		d.take(byClassifier, FromClassifiers)
	case byField.ambiguous == "" && refines(c, f):
		d.take(byField, FromLicense)
	case refines(f, c), byClassifier.ambiguous != "" && byField.ambiguous == "" && within(f, c):
		d.take(byClassifier, FromClassifiers)
	default:
		both := Join(And, c, f)
		d.take(reading{both, fmt.Sprintf("the classifiers say %s, the License field %s", c, f)}, FromClassifiers)
	}
}

func (d *Declared) take(r reading, from Source) {
	d.Expression, d.Source = r.expression, from
	if r.ambiguous != "" {
		d.Ambiguous = true
		d.note("%s", r.ambiguous)
	}
}

func sameSet(a, b Expression) bool { return refines(a, b) && refines(b, a) }

// refines tells whether every licence of exact is one that rough names, and each of rough's is there.
func refines(rough, exact Expression) bool {
	r, x := rough.Licenses(), exact.Licenses()
	for _, e := range x {
		if !slices.ContainsFunc(r, func(v Expression) bool { return narrows(v, e) }) {
			return false
		}
	}
	for _, v := range r {
		if !slices.ContainsFunc(x, func(e Expression) bool { return narrows(v, e) }) {
			return false
		}
	}
	return true
}

// within tells whether everything in the one expression is named by the other too.
func within(part, whole Expression) bool {
	return !slices.ContainsFunc(part.Licenses(), func(e Expression) bool {
		return !slices.ContainsFunc(whole.Licenses(), func(v Expression) bool { return narrows(v, e) || narrows(e, v) })
	})
}

// narrows tells whether exact is a licence that the rough name may mean.
func narrows(rough, exact Expression) bool {
	if rough.License == BSD {
		return strings.HasPrefix(exact.License, "BSD-") || exact.License == BSD || exact.License == "0BSD"
	}
	a, b := seriesOf(rough.License, rough.Plus), seriesOf(exact.License, exact.Plus)
	if vague[rough.License] {
		return a.family == b.family
	}
	return a.family == b.family && slices.Equal(versionParts(a.version), versionParts(b.version))
}
