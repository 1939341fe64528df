package pytag

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"snug/internal/conformance"
)

// leftOut names the tag tests of the reference that say nothing about a target, each with the reason.
var leftOut = map[string]string{
	"test_tags::TestBitness::test_32bit_interpreter":                                 "asks the running interpreter; no target is 32-bit",
	"test_tags::TestCPythonABI::test__debug_cp38":                                    "debug builds are no target",
	"test_tags::TestCPythonABI::test_debug":                                          "asks the running interpreter for its build",
	"test_tags::TestCPythonABI::test_pymalloc":                                       "before Python 3.8",
	"test_tags::TestCPythonABI::test_wide_unicode":                                   "before Python 3.3",
	"test_tags::TestCPythonTags::test_skip_redundant_abis":                           "a parameter that Supported does not have",
	"test_tags::TestGenericTags::test__generic_abi_cpython_missing_version":          "other interpreters than CPython",
	"test_tags::TestGenericTags::test__generic_abi_error":                            "other interpreters than CPython",
	"test_tags::TestGenericTags::test_abi_unspecified":                               "other interpreters than CPython",
	"test_tags::TestInterpreterVersion::test_sys_version_info":                       "asks the running interpreter",
	"test_tags::TestMacOSPlatforms::test_arch_detection":                             "asks the machine",
	"test_tags::TestMacOSPlatforms::test_architectures":                              "32-bit architectures",
	"test_tags::TestManylinuxPlatform::test_linux_platforms_32_64bit_on_64bit_os":    "asks the machine; 32-bit interpreters",
	"test_tags::TestManylinuxPlatform::test_linux_platforms_manylinux2014_armhf_abi": "32-bit ARM is no target",
	"test_tags::TestManylinuxPlatform::test_linux_platforms_musllinux":               "asks the machine; 32-bit architectures",
	"test_tags::TestManylinuxPlatform::test_linux_platforms_not_manylinux_abi":       "asks the machine; 32-bit architectures",
	"test_tags::TestSysTags::test_interpreter_name":                                  "asks the running interpreter",
	"test_tags::TestSysTags::test_linux_platforms_not_manylinux_abi":                 "asks the machine; 32-bit architectures",
	"test_tags::TestSysTags::test_linux_use_manylinux_compatible":                    "the _manylinux module of the machine",
	"test_tags::test_platform_tags":                                                  "dispatch on the machine",
}

func TestConformance(t *testing.T) {
	conformance.Suite{Owner: "pytag", LeftOut: leftOut, Check: func(t *testing.T, name string, raw json.RawMessage) {
		_, short, _ := strings.Cut(name, "::")
		check(t, short, raw)
	}}.Hold(t)
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
