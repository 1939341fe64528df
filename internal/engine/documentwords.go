package engine

import (
	"net/url"
	"strings"
	"unicode"

	"snug/internal/inventory"
	"snug/internal/policy"
	"snug/internal/sbom"
	"snug/internal/term"
)

// maxWords bounds a line of METADATA that goes into a document.
const maxWords = 500

// describeBy takes in what a package's METADATA says of it, but for the licence.
func describeBy(i *sbom.Item, f *inventory.Facts) {
	m := f.Metadata
	i.Description = line(m.Summary)
	for _, u := range m.URLs {
		switch label := plainLabel(u.Label); {
		case i.Website == "" && (label == "homepage" || label == "home" || label == "website"):
			i.Website = u.URL
		case i.VCS == "" && (label == "source" || label == "sourcecode" || label == "repository" || label == "github" || label == "code"):
			i.VCS = u.URL
		}
	}
}

// license takes in what a package says of its licence, and of a choice which branch is
// taken by policy.
func (e *Engine) license(i *sbom.Item, f *inventory.Facts, rules *policy.Policy) error {
	said, err := e.declaredOf(f)
	if err != nil {
		return err
	}
	i.Texts = textsOf(f)
	if i.Declared = said.Expression.String(); i.Declared == "" {
		i.Stated = line(f.Metadata.License)
		return nil
	}
	if _, chosen, _ := rules.License(i.Name, i.Version, said.Expression); len(chosen.Choices) > 0 {
		i.Concluded = chosen.Expression.String()
	}
	return nil
}

// textsOf are the licence files.
func textsOf(f *inventory.Facts) []sbom.Text {
	var out []sbom.Text
	for _, t := range f.Licenses {
		out = append(out, sbom.Text{Path: t.Path, SHA256: t.SHA256, IDs: t.IDs})
	}
	return out
}

// plainLabel is a label of Project-URL as labels are compared (core metadata,
// "Well-known labels"): no case, no punctuation, no blanks.
func plainLabel(label string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, label)
}

// line is text on one bounded line, without what is no character to be read.
func line(text string) string { return term.Line(text, maxWords) }

// supplierOf says who a package comes from: its maintainer or author, else the index
// that delivers it, which is how SPDX understands the word.
func supplierOf(m inventory.Metadata, from string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("()", r) { // they enclose the address
			return -1
		}
		return r
	}, line(m.Supplier))
	if name == "" {
		u, err := url.Parse(from)
		if err != nil || u.Hostname() == "" {
			return ""
		}
		return "Organization: " + u.Hostname()
	}
	who := "Person: "
	if isOrganization(name) {
		who = "Organization: "
	}
	if mail := line(m.SupplierEmail); mail != "" && !strings.ContainsAny(mail, " (),<>") {
		return who + name + " (" + mail + ")"
	}
	return who + name
}

// isOrganization tells a group from a person by the words that groups call
// themselves: METADATA does not say which it is.
func isOrganization(name string) bool {
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch word {
		case "foundation", "inc", "ltd", "llc", "gmbh", "ag", "corporation", "corp", "company", "team", "developers", "developer", "project", "projects",
			"community", "authors", "contributors", "organization", "organisation", "authority", "group", "software", "labs", "collective", "maintainers", "committee", "institute", "university":
			return true
		}
	}
	return false
}
