package dist

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"snug/internal/conformance"
	"snug/internal/pep508"
)

// leftOut names the tests of the reference that are not about reading, each with the reason.
var leftOut = map[string]string{
	"test_metadata::TestMetadataWriting::":                         "snug writes no METADATA",
	"test_metadata::TestMetadata::test_disallowed_dynamic":         "judging values is not reading them",
	"test_metadata::TestMetadata::test_invalid_":                   "judging values is not reading them (license expressions: package license; versions: see test_valid_metadata_version)",
	"test_metadata::TestMetadata::test_from_email_wraps":           "judging values is not reading them",
	"test_metadata::TestMetadata::test_metadata_version_field":     "judging values is not reading them",
	"test_metadata::TestMetadata::test_multi_value_unvalidated":    "the reference's lazy attributes",
	"test_metadata::TestMetadata::test_single_value_unvalidated":   "the reference's lazy attributes",
	"test_metadata::TestMetadata::test_optional_defaults_to_none":  "the reference's lazy attributes",
	"test_metadata::TestMetadata::test_valid_description_content":  "judging values is not reading them",
	"test_metadata::TestMetadata::test_valid_import_names":         "judging values is not reading them",
	"test_metadata::TestMetadata::test_valid_license":              "judging values is not reading them (license expressions: package license)",
	"test_metadata::TestRawMetadata::test_description_multipart":   "MIME bodies: a METADATA body is plain text here",
	"test_utils::test_parse_wheel_unsorted_tags_invalid_with_vali": "an option that snug does not offer",
}

func TestConformance(t *testing.T) {
	conformance.Suite{Owner: "dist", LeftOut: leftOut, Check: func(t *testing.T, name string, raw json.RawMessage) {
		var c vector
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		_, short, _ := strings.Cut(name, "::")
		if err := check(short, c); err != nil {
			t.Error(err)
		}
	}}.Hold(t)
}

type vector struct {
	Filename, Name, Data, Field string
	Build                       []any
	Tags                        struct {
		Set []string `json:"__set"`
	}
	Version, Given, Expected json.RawMessage
	RawField                 string `json:"raw_field"`
}

func check(name string, c vector) error {
	test := name[strings.LastIndexByte(name, ':')+1:]
	switch test {
	case "test_parse_wheel_filename":
		return checkWheelName(c)
	case "test_parse_wheel_unsorted_tags_valid_by_default":
		_, err := ParseWheelName(c.Filename)
		return err
	case "test_parse_wheel_invalid_filename":
		if w, err := ParseWheelName(c.Filename); err == nil {
			return fmt.Errorf("is taken as %v", w)
		}
	case "test_parse_sdist_filename":
		s, err := ParseSdistName(c.Filename, "")
		if err != nil || s.Name != c.Name || !strings.Contains(string(c.Version), "'"+s.Version.String()+"'") {
			return fmt.Errorf("got %v, %v", s, err)
		}
	case "test_parse_sdist_invalid_filename":
		if s, err := ParseSdistName(c.Filename, ""); err == nil {
			return fmt.Errorf("is taken as %v", s)
		}
	case "test_from_email_deduplicates_unparsed_required_fields":
		if _, err := ParseMetadata([]byte(c.Data)); err == nil || !strings.Contains(err.Error(), c.Field) {
			return fmt.Errorf("got %v", err)
		}
	case "test_required_fields_missing":
		if _, err := ParseMetadata(nil); err == nil {
			return fmt.Errorf("an empty file is taken")
		}
	case "test_valid_metadata_version":
		var version string
		if err := json.Unmarshal(c.Version, &version); err != nil {
			return err
		}
		_, err := ParseMetadata([]byte("Metadata-Version: " + version + "\nName: a\nVersion: 1\n"))
		return err
	default:
		return checkRaw(test, c)
	}
	return nil
}

func checkWheelName(c vector) error {
	w, err := ParseWheelName(c.Filename)
	if err != nil {
		return err
	}
	var tags []string
	for _, tag := range w.Tags {
		tags = append(tags, tag.String())
	}
	slices.Sort(tags)
	build := fmt.Sprint([]any{})
	if w.Build.Set {
		build = fmt.Sprint([]any{w.Build.Number, w.Build.Rest})
	}
	if w.Name != pep508.NormalizeName(c.Name) || !strings.Contains(string(c.Version), "'"+w.Version.String()+"'") ||
		!slices.Equal(tags, c.Tags.Set) || build != fmt.Sprint(c.Build) {
		return fmt.Errorf("got %+v", w)
	}
	return nil
}

// checkRaw checks how single fields are read; the values are those of the reference's tests.
func checkRaw(test string, c vector) error {
	field := strings.ReplaceAll(c.RawField, "_", "-")
	if strings.HasPrefix(field, "import-name") || field == "platforms" { // the reference's plurals
		field = strings.TrimSuffix(field, "s")
	}
	var given string
	_ = json.Unmarshal(c.Given, &given) // a Python repr in two cases
	text := map[string]string{
		"test_non_repeating_fields_only_once": field + ": VALUE", "test_repeating_fields_only_once": field + ": VALUE",
		"test_non_repeating_fields_repeated": field + ": VaLuE\n" + field + ": VALUE",
		"test_repeating_fields_repeated":     field + ": VaLuE\n" + field + ": VALUE",
		"test_keywords":                      "Keywords: " + given, "test_project_urls_parsing": "Project-URL: " + given,
		"test_description": given, "test_description_multiple": given,
	}[test]
	if test == "test_description" && given == "" {
		text = "\nhello" // b'hello' is a body
	}
	if text == "" {
		return fmt.Errorf("no check for this test of the reference")
	}
	m, err := readMetadata([]byte(text))
	if err != nil {
		return err
	}
	return compareRaw(test, field, m, c)
}

func compareRaw(test, field string, m *Metadata, c vector) error {
	ok := false
	switch test {
	case "test_non_repeating_fields_only_once":
		ok = *m.single(field) == "VALUE"
	case "test_non_repeating_fields_repeated":
		ok = *m.single(field) == "" && slices.Equal(m.Unparsed, []string{field})
	case "test_repeating_fields_only_once":
		ok = slices.Equal(*m.list(field), []string{"VALUE"})
	case "test_repeating_fields_repeated":
		ok = slices.Equal(*m.list(field), []string{"VaLuE", "VALUE"})
	case "test_keywords":
		var want []string
		ok = json.Unmarshal(c.Expected, &want) == nil && slices.Equal(m.Keywords, want)
	case "test_project_urls_parsing":
		want := map[string]string{}
		ok = json.Unmarshal(c.Expected, &want) == nil && len(m.ProjectURLs) == 1 && want[m.ProjectURLs[0].Label] == m.ProjectURLs[0].URL
	case "test_description":
		ok = m.Description == "hello"
	case "test_description_multiple":
		ok = m.Description == "" && slices.Contains(m.Unparsed, "description")
	}
	if !ok {
		return fmt.Errorf("got %+v", m)
	}
	return nil
}
