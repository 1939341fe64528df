package pytag

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notApplicable names the tag tests of the reference that say nothing about a target, each with the reason.
var notApplicable = map[string]string{
	"TestBitness::test_32bit_interpreter":                                 "asks the running interpreter; no target is 32-bit",
	"TestCPythonABI::test__debug_cp38":                                    "debug builds are no target",
	"TestCPythonABI::test_debug":                                          "asks the running interpreter for its build",
	"TestCPythonABI::test_pymalloc":                                       "before Python 3.8",
	"TestCPythonABI::test_wide_unicode":                                   "before Python 3.3",
	"TestCPythonTags::test_skip_redundant_abis":                           "a parameter that Supported does not have",
	"TestGenericTags::test__generic_abi_cpython_missing_version":          "other interpreters than CPython",
	"TestGenericTags::test__generic_abi_error":                            "other interpreters than CPython",
	"TestGenericTags::test_abi_unspecified":                               "other interpreters than CPython",
	"TestInterpreterVersion::test_sys_version_info":                       "asks the running interpreter",
	"TestMacOSPlatforms::test_arch_detection":                             "asks the machine",
	"TestMacOSPlatforms::test_architectures":                              "32-bit architectures",
	"TestManylinuxPlatform::test_linux_platforms_32_64bit_on_64bit_os":    "asks the machine; 32-bit interpreters",
	"TestManylinuxPlatform::test_linux_platforms_manylinux2014_armhf_abi": "32-bit ARM is no target",
	"TestManylinuxPlatform::test_linux_platforms_musllinux":               "asks the machine; 32-bit architectures",
	"TestManylinuxPlatform::test_linux_platforms_not_manylinux_abi":       "asks the machine; 32-bit architectures",
	"TestSysTags::test_interpreter_name":                                  "asks the running interpreter",
	"TestSysTags::test_linux_platforms_not_manylinux_abi":                 "asks the machine; 32-bit architectures",
	"TestSysTags::test_linux_use_manylinux_compatible":                    "the _manylinux module of the machine",
	"test_platform_tags":                                                  "dispatch on the machine",
}

func TestConformance(t *testing.T) {
	for name, cases := range vectors(t, "test_tags::", "test_manylinux::", "test_musllinux::") {
		_, short, _ := strings.Cut(name, "::")
		t.Run(short, func(t *testing.T) {
			if reason := notApplicable[short]; reason != "" {
				t.Skipf("%d cases: %s", len(cases), reason)
			}
			for _, c := range cases {
				check(t, short, c)
			}
		})
	}
}

type vector struct {
	Tag, Interpreter, Arch      string
	Major, Minor                int
	Version                     [2]int
	Expected, Supported, Things json.RawMessage
}

func check(t *testing.T, name string, raw json.RawMessage) {
	var c vector
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	var expected []string
	_ = json.Unmarshal(c.Expected, &expected) // absent in most tests
	switch name {
	case "TestParseTag::test_empty_component_raises", "TestParseTag::test_invalid_component_count_raises",
		"TestParseTag::test_invalid_interpreter_raises":
		if tags, err := ParseTags(c.Tag); err == nil {
			t.Errorf("%q is read as %v", c.Tag, tags)
		}
	case "TestParseTag::test_identifier_interpreter_is_valid":
		if _, err := ParseTags(c.Interpreter + "-none-any"); err != nil {
			t.Error(err)
		}
	case "TestMacOSPlatforms::test_binary_formats":
		if c.Arch != "x86_64" && c.Arch != "arm64" {
			return // the other architectures are no target
		}
		if got := macFormats(c.Version, c.Arch); !slices.Equal(got, expected) {
			t.Errorf("%s %v: %q, want %q", c.Arch, c.Version, got, expected)
		}
	case "TestMacOSPlatforms::test_macos_11":
		checkMacOS11(t, [2]int{c.Major, c.Minor})
	case "test_create_compatible_tags_selector":
		checkSelector(t, c, expected)
	default:
		t.Errorf("no check for this test of the reference: %s", raw)
	}
}

// checkMacOS11 is the body of the reference's test: since 11 the minor version never appears.
func checkMacOS11(t *testing.T, floor [2]int) {
	intel, silicon := macPlatforms(floor, "x86_64"), macPlatforms(floor, "arm64")
	for _, tag := range []string{"macosx_11_0_x86_64", "macosx_11_0_universal2", "macosx_10_16_x86_64", "macosx_10_15_universal2", "macosx_10_4_intel"} {
		if !slices.Contains(intel, tag) {
			t.Errorf("%v on Intel lacks %s", floor, tag)
		}
	}
	for _, tag := range []string{"macosx_11_0_arm64", "macosx_11_0_universal2", "macosx_10_16_universal2", "macosx_10_4_universal2"} {
		if !slices.Contains(silicon, tag) {
			t.Errorf("%v on Apple silicon lacks %s", floor, tag)
		}
	}
	for _, tag := range []string{"macosx_11_3_x86_64", "macosx_11_3_arm64", "macosx_12_3_arm64", "macosx_10_16_arm64"} {
		if slices.Contains(intel, tag) || slices.Contains(silicon, tag) {
			t.Errorf("%v has %s", floor, tag)
		}
	}
}

// checkSelector orders things by the supported tags, which the reference writes as bare names.
func checkSelector(t *testing.T, c vector, expected []string) {
	var supported, things []string
	if json.Unmarshal(c.Supported, &supported) != nil || json.Unmarshal(c.Things, &things) != nil {
		t.Fatalf("unknown shape: %s / %s", c.Supported, c.Things)
	}
	var tags []Tag
	for _, name := range supported {
		tags = append(tags, Tag{Python: name})
	}
	set, rank := NewSet(tags), map[string]int{}
	things = slices.DeleteFunc(things, func(name string) bool {
		var alternatives []Tag
		for _, part := range strings.Split(name, ".") {
			alternatives = append(alternatives, Tag{Python: part})
		}
		r, ok := set.Rank(alternatives)
		rank[name] = r
		return !ok
	})
	slices.SortStableFunc(things, func(a, b string) int { return rank[a] - rank[b] })
	if !slices.Equal(things, expected) {
		t.Errorf("%q, want %q", things, expected)
	}
}

// vectors reads the outside cases whose test begins with one of prefixes; the test is skipped in a clone without them.
func vectors(t *testing.T, prefixes ...string) map[string][]json.RawMessage {
	t.Helper()
	root, err := filepath.Abs("../..") // the module: this package is internal/pytag
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "..", "shared", "conformance", "packaging-vectors.json"))
	if err != nil {
		t.Skip("the outside cases are not here: ../shared/conformance/packaging-vectors.json")
	}
	all := map[string][]json.RawMessage{}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			delete(all, name)
		}
	}
	return all
}
