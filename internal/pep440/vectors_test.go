package pep440

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"snug/internal/conformance"
)

const (
	pythonOnly = "behaviour of Python objects"
	rangesOnly = "algebra of ranges: snug evaluates sets over the versions that exist"
	equality   = "snug compares specifiers by String, which keeps the version as written"
)

var leftOut = map[string]string{
	"test_version::TestVersion::test_base_version_notimplemented_with_non_base_version":                  pythonOnly,
	"test_version::TestVersion::test_compare_other":                                                      pythonOnly,
	"test_version::TestVersion::test_non_string_versions_raise_invalid_version":                          pythonOnly,
	"test_version::test_from_parts":                                                                      "versions are only made by Parse",
	"test_ranges::TestEmptyMatchesUnsatisfiable::test_non_prerelease_bounds_survive":                     rangesOnly,
	"test_ranges::TestEmptyMatchesUnsatisfiable::test_prerelease_only_empty_when_policy_excludes":        rangesOnly,
	"test_ranges::TestSyntheticEmptyGaps::test_intersection_drops_embedded_empty":                        rangesOnly,
	"test_ranges::TestSyntheticEmptyGaps::test_is_empty":                                                 rangesOnly,
	"test_ranges::TestSyntheticEmptyGaps::test_not_empty":                                                rangesOnly,
	"test_ranges::TestToSpecifierSet::test_dev0_span_roundtrips_every_policy":                            rangesOnly,
	"test_ranges::TestToSpecifierSet::test_epoch_zero_family_floor_roundtrips":                           rangesOnly,
	"test_ranges::TestToSpecifierSet::test_prerelease_free_recovery_spelling":                            rangesOnly,
	"test_ranges::TestToSpecifierSet::test_roundtrip":                                                    rangesOnly,
	"test_specifiers::TestIsUnsatisfiable::test_contains_identical_across_canonicalization":              rangesOnly,
	"test_specifiers::TestIsUnsatisfiable::test_post_release_boundary_unsatisfiable":                     rangesOnly,
	"test_specifiers::TestIsUnsatisfiable::test_satisfiable":                                             rangesOnly,
	"test_specifiers::TestIsUnsatisfiable::test_satisfiable_prereleases_false":                           rangesOnly,
	"test_specifiers::TestIsUnsatisfiable::test_unsatisfiable":                                           rangesOnly,
	"test_specifiers::TestIsUnsatisfiable::test_unsatisfiable_prereleases_false":                         rangesOnly,
	"test_utils::test_canonicalize_version_no_strip_trailing_zero":                                       "snug does not strip zeros: 1.0 and 1.0.0 are equal by Compare",
	"test_specifiers::TestSpecifier::test_comparison_canonicalizes":                                      equality,
	"test_specifiers::TestSpecifierSet::test_comparison_canonicalizes":                                   equality,
	"test_specifiers::TestSpecifier::test_specifier_filter_with_key":                                     pythonOnly,
	"test_specifiers::TestSpecifierSet::test_empty_specifierset_filter_with_key":                         pythonOnly,
	"test_specifiers::TestSpecifierSet::test_specifierset_filter_with_key":                               pythonOnly,
	"test_specifiers::TestSpecifier::test_specifier_prereleases_set":                                     "a set has no pre-release switch: it is the caller's",
	"test_specifiers::TestSpecifierSet::test_specifier_prereleases_explicit":                             "a set has no pre-release switch: it is the caller's",
	"test_specifiers::TestSpecifierSet::test_specifier_contains_installed_prereleases":                   "pip's switch for what is installed already",
	"test_specifiers::TestSpecifierInternal::test_spec_version_cache_compatible_operator":                pythonOnly,
	"test_specifiers::TestSpecifierInternal::test_spec_version_cache_consistency":                        pythonOnly,
	"test_specifiers::TestSpecifierInternal::test_spec_version_cache_with_arbitrary_equality":            pythonOnly,
	"test_specifiers::TestSpecifierInternal::test_spec_version_cache_with_wildcards":                     pythonOnly,
	"test_specifiers::TestSpecifierSet::test_is_disjoint":                                                rangesOnly,
	"test_specifiers::TestSpecifierSet::test_is_subset":                                                  rangesOnly,
	"test_specifiers::TestSpecifierSet::test_is_superset":                                                rangesOnly,
	"test_specifiers::TestSpecifierSet::test_set_relations_raise_on_prerelease_policy_mismatch":          rangesOnly,
	"test_specifiers::TestSpecifierSet::test_set_relations_reject_arbitrary_equality":                    rangesOnly,
	"test_specifiers::TestSpecifierSet::test_set_relations_require_specifierset":                         rangesOnly,
	"test_specifiers::TestSpecifierSet::test_arbitrary_equality_is_intersection_preserving":              rangesOnly,
	"test_specifiers::TestSpecifierSetToRangeEquivalence::test_contains_equivalent":                      rangesOnly,
	"test_specifiers::TestSpecifierSetToRangeEquivalence::test_contains_equivalent_with_version_objects": rangesOnly,
	"test_specifiers::TestSpecifierSetToRangeEquivalence::test_filter_equivalent":                        rangesOnly,
	"test_specifiers::TestSpecifierSetToRangeEquivalence::test_to_specifier_set_roundtrip_matches":       rangesOnly,
	"test_specifiers::test_specifier_construction_is_lazy":                                               pythonOnly,
	"test_specifiers::test_specifierset_construction_is_lazy":                                            pythonOnly,
	"test_specifiers::TestSpecifierSet::test_contains_rejects_invalid_specifier":                         "a text that is no version is refused by Parse, not by Contains",
	"test_specifiers::TestSpecifierSet::test_empty_specifier_arbitrary_string":                           "texts that are no versions are dropped before Filter",
	"test_specifiers::TestSpecifierSet::test_empty_specifier_ordering_with_arbitrary":                    "texts that are no versions are dropped before Filter",
}

type check func(t *testing.T, c map[string]any)

var checks = map[string]check{
	"test_version::TestVersion::test_comparison_true":  func(t *testing.T, c map[string]any) { compares(t, c, true) },
	"test_version::TestVersion::test_comparison_false": func(t *testing.T, c map[string]any) { compares(t, c, false) },
	"test_version::TestVersion::test_valid_versions":   func(t *testing.T, c map[string]any) { version(t, c["version"]) },
	"test_version::TestVersion::test_invalid_versions": func(t *testing.T, c map[string]any) { refused(t, c["version"].(string)) },
	"test_version::TestVersion::test_oversized_version_raises_valueerror": func(t *testing.T, c map[string]any) {
		refused(t, c["version"].(string))
	},
	"test_version::TestVersion::test_normalized_versions":    prints("normalized", Version.String),
	"test_version::TestVersion::test_version_base_version":   prints("base_version", func(v Version) string { return v.Base().String() }),
	"test_version::TestVersion::test_version_public":         prints("public", func(v Version) string { return v.Public().String() }),
	"test_version::TestVersion::test_version_local":          prints("local", Version.Local),
	"test_version::TestVersion::test_version_epoch":          prints("epoch", func(v Version) string { return strconv.Itoa(v.Epoch()) }),
	"test_version::TestVersion::test_version_is_devrelease":  prints("expected", func(v Version) string { return strconv.FormatBool(v.IsDev()) }),
	"test_version::TestVersion::test_version_is_postrelease": prints("expected", func(v Version) string { return strconv.FormatBool(v.IsPost()) }),
	"test_version::TestVersion::test_version_is_prerelease":  prints("expected", func(v Version) string { return strconv.FormatBool(v.IsPrerelease()) }),
	"test_version::TestVersion::test_version_dev":            prints("dev", func(v Version) string { return optional(v.Dev()) }),
	"test_version::TestVersion::test_version_post":           prints("post", func(v Version) string { return optional(v.Post()) }),
	"test_version::TestVersion::test_version_pre": prints("pre", func(v Version) string {
		letter, n, ok := v.Pre()
		if !ok {
			return ""
		}
		return `["` + letter + `",` + strconv.FormatUint(n, 10) + "]"
	}),
	"test_version::TestVersion::test_version_release": prints("release", func(v Version) string {
		b, _ := json.Marshal(v.Release())
		return string(b)
	}),
	"test_specifiers::TestSpecifier::test_comparison_true":     samePrint,
	"test_specifiers::TestSpecifier::test_comparison_false":    samePrint,
	"test_specifiers::TestSpecifierSet::test_comparison_true":  samePrint,
	"test_specifiers::TestSpecifierSet::test_comparison_false": samePrint,
	"test_utils::test_canonicalize_version":                    canonical,
	"test_metadata::TestMetadata::test_valid_requires_python":  func(t *testing.T, c map[string]any) { set(t, c["specifier"]) },
	"test_ranges::TestToRange::test_operators": func(t *testing.T, c map[string]any) {
		contains(t, c, "spec", "inside", true)
		contains(t, c, "spec", "outside", false)
	},
	"test_ranges::TestFilter::test_intersected_requirement_keeps_opt_in": func(t *testing.T, c map[string]any) {
		filters(t, c["dep"].(string)+","+c["constraint"].(string), c["versions"], c["expected"], nil)
	},
	"test_specifiers::TestSpecifier::test_arbitrary_equality":                             expects,
	"test_specifiers::TestSpecifier::test_arbitrary_equality_normalization":               expects,
	"test_specifiers::TestSpecifier::test_invalid_version":                                expects,
	"test_specifiers::TestSpecifier::test_specifiers":                                     expects,
	"test_specifiers::TestSpecifier::test_specifiers_prereleases":                         expects,
	"test_specifiers::TestSpecifierSet::test_comparison_ignores_local":                    expects,
	"test_specifiers::TestSpecifierSet::test_contains_arbitrary_equality_contains":        expects,
	"test_specifiers::TestSpecifierSet::test_contains_arbitrary_equality_normalization":   expects,
	"test_specifiers::TestSpecifierSet::test_contains_exclusionary_bridges":               expects,
	"test_specifiers::TestSpecifierSet::test_contains_post_release_boundary_intersection": expects,
	"test_specifiers::test_boundary_closure_short_release":                                expects,
	"test_specifiers::TestSpecifierSet::test_empty_specifier": func(t *testing.T, c map[string]any) {
		if !(Specifiers{}).Contains(version(t, c["version"])) {
			t.Error("the empty set refuses a version")
		}
	},
	"test_specifiers::TestSpecifierSet::test_contains_oversized_version_raises_valueerror": func(t *testing.T, c map[string]any) {
		if _, err := ParseSpecifiers(c["specifier"].(string)); err == nil {
			t.Error("accepted")
		}
	},
	"test_specifiers::TestSpecifier::test_specifiers_invalid": func(t *testing.T, c map[string]any) {
		if _, err := ParseSpecifier(c["specifier"].(string)); err == nil {
			t.Error("accepted")
		}
	},
	"test_specifiers::TestSpecifier::test_specifiers_valid": func(t *testing.T, c map[string]any) { set(t, c["specifier"]) },
	"test_specifiers::TestSpecifier::test_specifiers_normalized": func(t *testing.T, c map[string]any) {
		for _, op := range operators {
			v := version(t, c["version"])
			if op == Arbitrary || v.Local() != "" && op != Equal && op != NotEqual || op == Compatible && len(v.Release()) < 2 {
				continue
			}
			set(t, string(op)+c["version"].(string))
		}
	},
	"test_specifiers::TestSpecifier::test_specifier_operator_property": func(t *testing.T, c map[string]any) {
		same(t, string(set(t, c["spec"])[0].Op), c["op"].(string))
	},
	"test_specifiers::TestSpecifier::test_specifier_version_property": func(t *testing.T, c map[string]any) {
		same(t, set(t, c["spec"])[0].Raw, c["version"].(string))
	},
	"test_specifiers::TestSpecifier::test_specifier_prereleases_detection": func(t *testing.T, c map[string]any) {
		if got := set(t, c["specifier"]).MentionsPrerelease(); got != (c["expected"] == true) {
			t.Errorf("mentions a pre-release: %v", got)
		}
	},
	"test_specifiers::TestSpecifier::test_iteration": func(t *testing.T, c map[string]any) {
		var got []any
		for _, s := range set(t, c["spec_str"]) {
			got = append(got, s.String())
		}
		if want := c["expected_items"].([]any); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	},
	"test_specifiers::TestSpecifier::test_length": func(t *testing.T, c map[string]any) {
		same(t, strconv.Itoa(len(set(t, c["spec_str"]))), text(c["expected_length"]))
	},
	"test_specifiers::TestSpecifierSet::test_specifiers_combine": func(t *testing.T, c map[string]any) {
		got := append(set(t, c["left"]), set(t, c["right"])...)
		same(t, got.String(), set(t, c["expected"]).String())
	},
	"test_specifiers::TestSpecifier::test_specifier_filter":                                  expectsFilter,
	"test_specifiers::TestSpecifier::test_specifier_filter_arbitrary_equality_normalization": expectsFilter,
	"test_specifiers::TestSpecifierSet::test_specifier_filter":                               expectsFilter,
	"test_specifiers::TestSpecifierSet::test_filter_exclusionary_bridges":                    expectsFilter,
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// text is how a parameter compares with what the package prints.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// samePrint: equal sets print the same, others do not.
func samePrint(t *testing.T, c map[string]any) {
	equal := set(t, c["left"]).String() == set(t, c["right"]).String()
	op := c["op"].(map[string]any)["__repr"].(string)
	holds := equal == strings.HasSuffix(op, " eq>")
	if want := strings.HasSuffix(t.Name(), "_true"); holds != want {
		t.Errorf("equal: %v", equal)
	}
}

// canonical: their canonical text is another spelling of an equal version.
func canonical(t *testing.T, c map[string]any) {
	s, ok := object(c["version"])
	if !ok {
		s = c["version"].(string)
	}
	v, err := Parse(s)
	want, err2 := Parse(c["expected"].(string))
	switch {
	case err != nil || err2 != nil:
		if err == nil || s != c["expected"] {
			t.Errorf("%v, %v", err, err2)
		}
	case !v.Equal(want):
		t.Errorf("%s is not %s", v, want)
	}
}

func optional(n uint64, ok bool) string {
	if !ok {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// object returns the version that a parameter is an object of.
func object(v any) (string, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return "", false
	}
	s, _ := strings.CutPrefix(m["__repr"].(string), "<Version('")
	return strings.TrimSuffix(s, "')>"), true
}

func version(t *testing.T, v any) Version {
	t.Helper()
	s, ok := object(v)
	if !ok {
		s = v.(string)
	}
	parsed, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func set(t *testing.T, v any) Specifiers {
	t.Helper()
	s, err := ParseSpecifiers(v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refused(t *testing.T, s string) {
	t.Helper()
	if v, err := Parse(s); err == nil {
		t.Errorf("%q is read as %s", s, v)
	}
}

func prints(param string, f func(Version) string) check {
	return func(t *testing.T, c map[string]any) {
		same(t, f(version(t, c["version"])), text(c[param]))
	}
}

func compares(t *testing.T, c map[string]any, want bool) {
	v, w := version(t, c["left"]), version(t, c["right"])
	n := v.Compare(w)
	if n != v.compareParts(w) || n != -w.Compare(v) {
		t.Errorf("%s and %s: the key says %d, the parts %d, the reverse %d", v, w, n, v.compareParts(w), w.Compare(v))
	}
	op := strings.TrimSuffix(strings.TrimPrefix(c["op"].(map[string]any)["__repr"].(string), "<built-in function "), ">")
	got := map[string]bool{"lt": n < 0, "le": n <= 0, "eq": n == 0, "ne": n != 0, "ge": n >= 0, "gt": n > 0}[op]
	if got != want {
		t.Errorf("%s %s %s is %v", v, op, w, got)
	}
}

func first(c map[string]any, names ...string) any {
	for _, n := range names {
		if v, ok := c[n]; ok && v != nil {
			return v
		}
	}
	return nil
}

func matches(s Specifiers, v any) bool {
	if o, ok := object(v); ok {
		parsed, err := Parse(o)
		return err == nil && s.Contains(parsed)
	}
	return s.ContainsText(v.(string))
}

func prerelease(v any) bool {
	s, ok := object(v)
	if !ok {
		s = v.(string)
	}
	parsed, err := Parse(s)
	return err == nil && parsed.IsPrerelease()
}

func contains(t *testing.T, c map[string]any, spec, param string, want bool) {
	if got := matches(set(t, c[spec]), c[param]); got != want {
		t.Errorf("%v contains %v: %v", c[spec], c[param], got)
	}
}

// expects is {spec, version, expected}, with the pre-release switch, that is
// the caller's here, on top.
func expects(t *testing.T, c map[string]any) {
	v := first(c, "version", "version_str")
	got := matches(set(t, first(c, "spec_str", "specifier")), v)
	if first(c, "contains_pre", "spec_pre", "prereleases") == false && prerelease(v) {
		got = false
	}
	if got != (c["expected"] == true) {
		t.Errorf("got %v", got)
	}
}

func expectsFilter(t *testing.T, c map[string]any) {
	spec, _ := first(c, "specifier", "spec_str").(string)
	filters(t, spec, c["input"], c["expected"], first(c, "prereleases", "specifier_prereleases"))
}

// filters checks Filter where the inputs are versions and the switch is not
// set, and what Filter is made of elsewhere.
func filters(t *testing.T, spec string, input, expected, pre any) {
	s := set(t, spec)
	var want, all, final []any
	for _, v := range expected.([]any) {
		want = append(want, text(v))
	}
	for _, v := range input.([]any) {
		if matches(s, v) {
			all = append(all, text(v))
			if !prerelease(v) {
				final = append(final, text(v))
			}
		}
	}
	got := all
	if pre == false || pre == nil && !s.MentionsPrerelease() && len(final) > 0 {
		got = final
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if pre == nil {
		filtersVersions(t, s, input.([]any), expected.([]any))
	}
}

func filtersVersions(t *testing.T, s Specifiers, input, expected []any) {
	parse := func(vs []any) (out []Version) {
		for _, v := range vs {
			str, ok := object(v)
			if !ok {
				str = v.(string)
			}
			parsed, err := Parse(str)
			if err != nil {
				return nil
			}
			out = append(out, parsed)
		}
		return out
	}
	versions, want := parse(input), parse(expected)
	if len(versions) != len(input) || slices.ContainsFunc(s, func(c Specifier) bool { return c.Op == Arbitrary }) {
		return
	}
	if got := s.Filter(versions); !slices.EqualFunc(got, want, func(a, b Version) bool { return a.String() == b.String() }) {
		t.Errorf("Filter: got %v, want %v", got, want)
	}
}

// TestVectors holds the package to pypa/packaging's own cases: each test of
// theirs is run, or left out for a stated reason.
func TestVectors(t *testing.T) {
	conformance.Suite{Owner: "pep440", LeftOut: leftOut, Check: func(t *testing.T, name string, raw json.RawMessage) {
		var c map[string]any
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		check := checks[name]
		if check == nil {
			t.Fatalf("neither run nor left out for a reason")
		}
		check(t, c)
	}}.Hold(t)
}
