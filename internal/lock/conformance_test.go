package lock

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"snug/internal/conformance"
)

// leftOut names the lock tests of the reference that snug does not take, each with the reason.
var leftOut = map[string]string{
	"test_pylock_select::test_prefer_sdist_predicate": "snug never prefers an sdist to a wheel",
}

type vector struct {
	Dist struct {
		Repr string `json:"__repr"`
	}
	ExpectedFilename string `json:"expected_filename"`
	FileName         string `json:"file_name"`
	Valid            bool
	Version          string
	DependencyGroups []string `json:"dependency_groups"`
	Extras, Expected []string
	Environments     []struct {
		Repr string `json:"__repr"`
	}
}

func TestConformance(t *testing.T) {
	conformance.Suite{Owner: "lock", LeftOut: leftOut, Check: func(t *testing.T, name string, raw json.RawMessage) {
		var c vector
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		_, short, _ := strings.Cut(name, "::")
		check(t, short, c)
	}}.Hold(t)
}

func check(t *testing.T, name string, c vector) {
	switch name {
	case "test_dist_filename":
		f := File{Name: argument(c.Dist.Repr, "name"), URL: argument(c.Dist.Repr, "url"), Path: argument(c.Dist.Repr, "path")}
		if got := f.FileName(); got != c.ExpectedFilename {
			t.Errorf("%+v is called %q, want %q", f, got, c.ExpectedFilename)
		}
	case "test_pylock_file_name":
		if IsFileName(c.FileName) != c.Valid {
			t.Errorf("%q: want %v", c.FileName, c.Valid)
		}
	case "test_pylock_version", "test_pylock_unsupported_version":
		_, err := Parse([]byte("lock-version = '"+c.Version+"'\ncreated-by = 'x'\npackages = []\n"), FileName)
		if supported := name == "test_pylock_version"; supported != (err == nil) {
			t.Errorf("lock-version %s: %v", c.Version, err)
		}
	case "test_extras_and_groups":
		checkGroups(t, c)
	case "test_lock_no_matching_env":
		l := &Lock{LockVersion: Version, CreatedBy: "x"}
		for _, environment := range c.Environments { // <Marker('python_version == "3.14"')>
			l.Environments = append(l.Environments, strings.TrimSuffix(strings.TrimPrefix(environment.Repr, "<Marker('"), "')>"))
		}
		_, err := choose(t, l, "linux-x86_64", "3.15.0", nil, nil)
		if (err == nil) != (len(l.Environments) == 0) {
			t.Errorf("%q: %v", l.Environments, err)
		}
	default:
		t.Errorf("no check for this test of the reference: %+v", c)
	}
}

// argument reads one keyword of a Python repr, with the quoting that the cases use.
func argument(repr, name string) string {
	found := regexp.MustCompile(`\b` + name + `='([^']*)'`).FindStringSubmatch(repr)
	if found == nil {
		return ""
	}
	return strings.ReplaceAll(found[1], `\\`, `\`)
}

// checkGroups selects from the lock that the reference's test describes.
func checkGroups(t *testing.T, c vector) {
	entry := func(name, marker string) Package {
		return Package{Name: name, Marker: marker, Directory: &Directory{Path: name}}
	}
	l := &Lock{LockVersion: Version, CreatedBy: "x", Extras: []string{"feat1", "feat2"},
		DependencyGroups: []string{"dev", "docs"}, DefaultGroups: []string{"dev"}, Packages: []Package{
			entry("foo", ""), entry("foo-dev", "'dev' in dependency_groups"), entry("foo-docs", "'docs' in dependency_groups"),
			entry("foo-feat1", "'feat1' in extras"), entry("foo-feat2", "'feat2' in extras"),
		}}
	got, err := choose(t, l, "linux-x86_64", "3.14.1", c.DependencyGroups, c.Extras)
	if err != nil || !slices.Equal(got, c.Expected) {
		t.Errorf("groups %q, extras %q: %q, %v, want %q", c.DependencyGroups, c.Extras, got, err, c.Expected)
	}
}
