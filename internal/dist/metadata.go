package dist

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Metadata is the core metadata of a distribution, up to version 2.6, as text.
type Metadata struct {
	MetadataVersion, Name, Version string
	Summary, Description           string
	DescriptionContentType         string
	Keywords                       []string
	HomePage, DownloadURL          string
	Author, AuthorEmail            string
	Maintainer, MaintainerEmail    string
	License, LicenseExpression     string
	LicenseFiles                   []string
	Classifiers                    []string
	Platforms, SupportedPlatforms  []string
	RequiresPython                 string
	RequiresDist, RequiresExternal []string
	ProvidesExtra                  []string
	ProvidesDist, ObsoletesDist    []string
	Requires, Provides, Obsoletes  []string // PEP 314, long out of use
	ProjectURLs                    []ProjectURL
	Dynamic                        []string // lower case as the field names are matched
	ImportNames, ImportNamespaces  []string // PEP 794
	// Unparsed names the known fields, in lower case and sorted, that were set aside as malformed: a single field given
	// twice, a label given twice, bad UTF-8. Unknown fields are left out.
	Unparsed []string
}

// ProjectURL is a labelled link.
type ProjectURL struct{ Label, URL string }

// ParseMetadata reads METADATA or PKG-INFO. It needs Metadata-Version (of major version 1 or 2), Name and Version, and
// refuses a malformed field that decides what is installed; other malformed fields are named in Unparsed.
func ParseMetadata(data []byte) (*Metadata, error) {
	m, err := readMetadata(data)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	for _, name := range m.Unparsed {
		if essential(name) {
			return nil, fmt.Errorf("metadata: field %s is given twice or is not UTF-8", name)
		}
	}
	switch {
	case m.MetadataVersion == "":
		return nil, fmt.Errorf("metadata: no Metadata-Version")
	case !strings.HasPrefix(m.MetadataVersion, "1.") && !strings.HasPrefix(m.MetadataVersion, "2."):
		return nil, fmt.Errorf("metadata: version %q is not known, want 1.x or 2.x", m.MetadataVersion)
	case m.Name == "":
		return nil, fmt.Errorf("metadata: no Name")
	case m.Version == "":
		return nil, fmt.Errorf("metadata: no Version")
	}
	return m, nil
}

// Identity is the Name and Version of METADATA that is known to be well-formed, "" where they are not found. It reads no
// further than it must.
func Identity(data []byte) (name, version string) {
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		if isFolded(string(line[:1])) {
			continue // it goes on, be there nothing but blanks
		}
		if line = bytes.TrimSpace(line); len(line) == 0 || name != "" && version != "" {
			break
		}
		switch field, value, _ := bytes.Cut(line, []byte(":")); {
		case name == "" && bytes.EqualFold(field, []byte("Name")):
			name = string(bytes.TrimSpace(value))
		case version == "" && bytes.EqualFold(field, []byte("Version")):
			version = string(bytes.TrimSpace(value))
		}
	}
	return name, version
}

// IsStatic tells whether the wheel built from this sdist must have the same value of field (PEP 643).
func (m *Metadata) IsStatic(field string) bool {
	version := m.MetadataVersion
	recent := strings.HasPrefix(version, "2.") && version != "2.0" && version != "2.1"
	return recent && !slices.Contains(m.Dynamic, strings.ToLower(field))
}

func readMetadata(data []byte) (*Metadata, error) {
	fields, body, err := readHeaders(data)
	if err != nil {
		return nil, err
	}
	values, aside := group(fields)
	m := &Metadata{}
	for name, given := range values {
		if target := m.single(name); target == nil {
			continue
		} else if len(given) == 1 {
			*target = given[0]
		} else {
			aside[name] = true
		}
	}
	for name, given := range values {
		if target := m.list(name); target != nil {
			*target = given
		}
	}
	m.setKeywords(values["keywords"], aside)
	m.setProjectURLs(values["project-url"], aside)
	m.setDescription(body, aside)
	for i, field := range m.Dynamic {
		m.Dynamic[i] = strings.ToLower(field)
	}
	for name := range aside {
		if m.single(name) != nil || m.list(name) != nil || name == "keywords" || name == "project-url" {
			m.Unparsed = append(m.Unparsed, name)
		}
	}
	slices.Sort(m.Unparsed)
	return m, nil
}

// single is where a field that may stand once goes, nil for others.
func (m *Metadata) single(field string) *string {
	switch field {
	case "metadata-version":
		return &m.MetadataVersion
	case "name":
		return &m.Name
	case "version":
		return &m.Version
	case "summary":
		return &m.Summary
	case "description":
		return &m.Description
	case "description-content-type":
		return &m.DescriptionContentType
	case "home-page":
		return &m.HomePage
	case "download-url":
		return &m.DownloadURL
	case "author":
		return &m.Author
	case "author-email":
		return &m.AuthorEmail
	case "maintainer":
		return &m.Maintainer
	case "maintainer-email":
		return &m.MaintainerEmail
	case "license":
		return &m.License
	case "license-expression":
		return &m.LicenseExpression
	case "requires-python":
		return &m.RequiresPython
	}
	return nil
}

// list is where a field that may be repeated goes, nil for others.
func (m *Metadata) list(field string) *[]string {
	switch field {
	case "license-file":
		return &m.LicenseFiles
	case "classifier":
		return &m.Classifiers
	case "platform":
		return &m.Platforms
	case "supported-platform":
		return &m.SupportedPlatforms
	case "requires-dist":
		return &m.RequiresDist
	case "requires-external":
		return &m.RequiresExternal
	case "provides-extra":
		return &m.ProvidesExtra
	case "provides-dist":
		return &m.ProvidesDist
	case "obsoletes-dist":
		return &m.ObsoletesDist
	case "requires":
		return &m.Requires
	case "provides":
		return &m.Provides
	case "obsoletes":
		return &m.Obsoletes
	case "dynamic":
		return &m.Dynamic
	case "import-name":
		return &m.ImportNames
	case "import-namespace":
		return &m.ImportNamespaces
	}
	return nil
}

func (m *Metadata) setKeywords(given []string, aside map[string]bool) {
	if len(given) > 1 {
		aside["keywords"] = true
		return
	}
	for _, text := range given {
		for _, word := range strings.Split(text, ",") {
			m.Keywords = append(m.Keywords, strings.TrimSpace(word))
		}
	}
}

func (m *Metadata) setProjectURLs(given []string, aside map[string]bool) {
	seen := map[string]bool{}
	for _, text := range given {
		label, url, _ := strings.Cut(text, ",")
		label = strings.TrimSpace(label)
		if seen[label] {
			m.ProjectURLs, aside["project-url"] = nil, true
			return
		}
		seen[label] = true
		m.ProjectURLs = append(m.ProjectURLs, ProjectURL{label, strings.TrimSpace(url)})
	}
}

// setDescription takes the body, unless a field gave the description too: then neither can be trusted.
func (m *Metadata) setDescription(body string, aside map[string]bool) {
	switch {
	case body == "":
	case m.Description != "" || aside["description"] || !utf8.ValidString(body):
		m.Description, aside["description"] = "", true
	default:
		m.Description = body
	}
}
