package manifest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snug/internal/pep508"
	"snug/internal/toml"
)

// fields is a METADATA text being written (core metadata 2.4).
type fields struct{ bytes.Buffer }

// add writes one field; empty values are left out, line ends become folds.
func (f *fields) add(name, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	value = strings.ReplaceAll(value, "\r\n", "\n")
	fmt.Fprintf(f, "%s: %s\n", name, strings.ReplaceAll(value, "\n", "\n        "))
}

// metadata writes METADATA from the static fields of [project], t. The
// description is left out on purpose: with it every edit of a README would be
// another runtime.
func metadata(l *Local, t toml.Table) ([]byte, error) {
	var f fields
	f.add("Metadata-Version", "2.4")
	f.add("Name", l.Name)
	f.add("Version", l.Version)
	for _, write := range []func(*fields, toml.Table) error{addTexts, addPeople, addLicense, addLists, addRequires, addExtras} {
		if err := write(&f, t); err != nil {
			return nil, err
		}
	}
	return f.Bytes(), nil
}

func addTexts(f *fields, t toml.Table) error {
	summary, err := t.Text("description")
	if err != nil {
		return err
	}
	if strings.ContainsAny(summary, "\r\n") {
		return t.Bad("description", "longer text belongs to readme", "description must be one line")
	}
	f.add("Summary", summary)
	keywords, err := t.Texts("keywords")
	f.add("Keywords", strings.Join(keywords, ","))
	return err
}

// addPeople writes authors and maintainers: a name alone, or an address.
func addPeople(f *fields, t toml.Table) error {
	for _, role := range []struct{ key, field string }{{"authors", "Author"}, {"maintainers", "Maintainer"}} {
		people, ok := t.Values[role.key].([]any)
		if !ok && t.Values[role.key] != nil {
			return t.Bad(role.key, `such as [{ name = "…", email = "…" }]`, "%s must be an array of tables", role.key)
		}
		var names, mails []string
		for i, p := range people {
			name, _ := at(p, "name").(string)
			mail, _ := at(p, "email").(string)
			switch {
			case mail != "" && name != "":
				mails = append(mails, fmt.Sprintf("%s <%s>", name, mail))
			case mail != "":
				mails = append(mails, mail)
			case name != "":
				names = append(names, name)
			default:
				return t.Bad(role.key, `such as { name = "…", email = "…" }`, "%s: element %d has neither name nor email", role.key, i+1)
			}
		}
		f.add(role.field, strings.Join(names, ", "))
		f.add(role.field+"-email", strings.Join(mails, ", "))
	}
	return nil
}

// addLicense writes an SPDX expression (PEP 639), or the older license table.
func addLicense(f *fields, t toml.Table) error {
	if expression, ok := t.Values["license"].(string); ok {
		f.add("License-Expression", expression)
		return nil
	}
	l, _, err := t.Table("license")
	if err != nil {
		return err
	}
	text, err := l.Text("text")
	f.add("License", text)
	return err
}

func addLists(f *fields, t toml.Table) error {
	classifiers, err := t.Texts("classifiers")
	if err != nil {
		return err
	}
	for _, c := range classifiers {
		f.add("Classifier", c)
	}
	urls, err := t.TextMap("urls")
	if err != nil {
		return err
	}
	for _, label := range slices.Sorted(maps.Keys(urls)) {
		f.add("Project-URL", label+", "+urls[label])
	}
	return nil
}

func addRequires(f *fields, t toml.Table) error {
	requires, err := t.Text("requires-python")
	if err != nil {
		return err
	}
	f.add("Requires-Python", requires)
	reqs, err := requirementsAt(t, "dependencies")
	if err != nil {
		return err
	}
	for _, r := range reqs {
		f.add("Requires-Dist", r.String())
	}
	return nil
}

func addExtras(f *fields, t toml.Table) error {
	extras, err := readExtras(t)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(extras)) {
		f.add("Provides-Extra", name)
		when, err := pep508.ParseMarker(fmt.Sprintf("extra == %q", name))
		if err != nil {
			return t.Bad("optional-dependencies", RequirementHint, "extra %q: %v", name, err)
		}
		for _, r := range extras[name] {
			if r.Marker, err = both(r.Marker, when); err != nil {
				return err
			}
			f.add("Requires-Dist", r.Requirement.String())
		}
	}
	return nil
}
