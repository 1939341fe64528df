package pep508

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"snug/internal/conformance"
	"snug/internal/pep440"
)

const pythonOnly = "behaviour of Python objects"

var leftOut = map[string]string{
	"test_markers::TestNode::test_accepts_value": pythonOnly,
	"test_markers::TestNode::test_str":           pythonOnly,
	// Theirs is an error outside a lock file; ours is false.
	"test_markers::TestMarker::test_extras_and_dependency_groups_disallowed": "Context always has both sets, empty where nothing is asked for",
}

type params = map[string]any

var checks = map[string]func(t *testing.T, c params){
	"test_utils::test_canonicalize_name": named,
	"test_utils::test_canonicalize_name_invalid": func(t *testing.T, c params) {
		named(t, c)
		if ValidName(c["name"].(string)) {
			t.Error("taken for a valid name")
		}
	},
	"test_utils::test_is_normalized_name": func(t *testing.T, c params) { named(t, c) },

	"test_markers::TestMarker::test_evaluate_pep345_markers":                evaluates,
	"test_markers::TestMarker::test_evaluates":                              evaluates,
	"test_markers::TestMarker::test_version_like_equality":                  evaluates,
	"test_markers::TestMarker::test_parses_pep345_valid":                    markerReads,
	"test_markers::TestMarker::test_parses_setuptools_legacy_valid":         markerReads,
	"test_markers::TestMarker::test_parses_valid":                           markerReads,
	"test_markers::TestMarker::test_parses_invalid":                         markerRefused,
	"test_markers::TestMarker::test_parses_invalid_malformed_quoted_string": markerRefused,
	"test_markers::TestMarker::test_parses_invalid_trailing_line_break": func(t *testing.T, c params) {
		markerRefused(t, params{"marker_string": "os_name == 'posix'" + c["line_break"].(string)})
	},
	"test_markers::TestMarker::test_parses_trailing_horizontal_whitespace": func(t *testing.T, c params) {
		markerReads(t, params{"marker_string": "os_name == 'posix'" + c["whitespace"].(string)})
	},
	"test_markers::TestMarker::test_extras_and_dependency_groups": func(t *testing.T, c params) {
		v := c["variable"].(string)
		text := strings.ReplaceAll(c["expression"].(string), "{0}", v)
		decides(t, text, Context{Extras: []string{"foo", "bar"}, DependencyGroups: []string{"foo", "bar"}}, c["result"] == true)
	},
	"test_markers::TestMarker::test_membership_value_str_normalization": func(t *testing.T, c params) {
		prints(t, `"Foo_Bar" in `+c["variable"].(string), `"foo-bar" in `+c["variable"].(string))
	},
	"test_markers::TestMarker::test_membership_value_str_normalization_negated": func(t *testing.T, c params) {
		prints(t, `"Foo_Bar" not in `+c["variable"].(string), `"foo-bar" not in `+c["variable"].(string))
	},
	"test_markers::TestMarker::test_set_valued_marker_on_lhs_raises_undefined_comparison": func(t *testing.T, c params) {
		m := marker(t, c["variable"].(string)+" "+c["op"].(string)+` "foo"`)
		if _, err := m.Eval(Environment{}, Context{}); err == nil {
			t.Error("decided")
		}
	},
	"test_markers::TestNode::test_value_serialize_chooses_quote_delimiter": func(t *testing.T, c params) {
		if got := quote(c["value"].(string)); got != c["expected"] {
			t.Errorf("got %s", got)
		}
	},

	"test_requirements::test_basic_valid_requirement_parsing": basic,
	"test_requirements::test_normalized_requirements": func(t *testing.T, c params) {
		if a, b := requirement(t, c["input_req"].(string)), requirement(t, c["norm_req"].(string)); a.String() != b.String() {
			t.Errorf("%s is not %s", a, b)
		}
	},
	"test_requirements::TestRequirementParsing::test_error_invalid_marker_malformed_quoted_string": func(t *testing.T, c params) {
		refused(t, c["to_parse"].(string))
	},
	"test_requirements::TestRequirementParsing::test_error_when_local_version_label_is_used_incorrectly": func(t *testing.T, c params) {
		refused(t, "name "+c["operator"].(string)+" 1.0+local.version.label")
	},
	"test_requirements::TestRequirementParsing::test_error_when_prefix_match_uses_post_release": func(t *testing.T, c params) {
		refused(t, "name"+c["operator"].(string)+"1.0.post1.*")
	},
	"test_requirements::TestRequirementParsing::test_error_when_suffixed_with_line_break": func(t *testing.T, c params) {
		refused(t, c["requirement"].(string)+c["line_break"].(string))
	},
	"test_requirements::TestRequirementParsing::test_trailing_horizontal_whitespace": func(t *testing.T, c params) {
		requirement(t, "name>=1"+c["whitespace"].(string))
	},
	"test_requirements::TestRequirementParsing::test_file_url": func(t *testing.T, c params) {
		if r := requirement(t, "name @ "+c["url"].(string)); r.URL != c["url"] {
			t.Errorf("got %q", r.URL)
		}
	},
	"test_requirements::TestRequirementParsing::test_valid_marker": func(t *testing.T, c params) {
		if r := requirement(t, "name; "+c["marker"].(string)); r.Marker == nil {
			t.Error("no marker")
		}
	},
}

func named(t *testing.T, c params) {
	want := c["expected"].(string)
	if got := NormalizeName(c["name"].(string)); got != want {
		t.Errorf("got %q", got)
	}
}

func marker(t *testing.T, text string) *Marker {
	t.Helper()
	m, err := ParseMarker(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func requirement(t *testing.T, text string) Requirement {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func refused(t *testing.T, text string) {
	if r, err := Parse(text); err == nil {
		t.Errorf("%q is read as %s", text, r)
	}
}

func markerReads(t *testing.T, c params) {
	m := marker(t, c["marker_string"].(string))
	prints(t, m.String(), m.String())
}

func markerRefused(t *testing.T, c params) {
	if m, err := ParseMarker(c["marker_string"].(string)); err == nil {
		t.Errorf("read as %s", m)
	}
}

func prints(t *testing.T, text, want string) {
	t.Helper()
	if got := marker(t, text).String(); got != want {
		t.Errorf("%s prints as %s", text, got)
	}
}

func decides(t *testing.T, text string, ctx Context, want bool) {
	t.Helper()
	got, err := marker(t, text).Eval(Environment{}, ctx)
	if err != nil || got != want {
		t.Errorf("%s is %v, %v", text, got, err)
	}
}

func evaluates(t *testing.T, c params) {
	set, _ := c["environment"].(params)
	text := func(name string) string { s, _ := set[name].(string); return s }
	env := Environment{
		OSName: text("os_name"), SysPlatform: text("sys_platform"), PlatformMachine: text("platform_machine"),
		PlatformPythonImplementation: text("platform_python_implementation"), PlatformVersion: text("platform_version"),
		PythonVersion: text("python_version"),
	}
	got, err := marker(t, c["marker_string"].(string)).Eval(env, Context{Extra: text("extra")})
	if err != nil || got != (c["expected"] == true) {
		t.Errorf("got %v, %v", got, err)
	}
}

// basic builds the requirement of the case as their test does.
func basic(t *testing.T, c params) {
	ws := c["whitespace"].(string)
	spaced := func(v any) string {
		s, _ := v.(string)
		return strings.ReplaceAll(s, "{ws}", ws)
	}
	var extras []string
	for _, e := range c["extras"].(params)["__set"].([]any) {
		extras = append(extras, e.(string))
	}
	spec, url := spaced(c["specifier"]), spaced(c["url"])
	text := c["name"].(string) + ws
	if len(extras) > 0 {
		text += "[" + strings.Join(extras, ws+","+ws) + ws + "]"
	}
	text += ws
	if url != "" {
		text += "@" + ws + url
		if c["marker"] != nil {
			text += " "
		}
	}
	text += spec + ws
	if c["marker"] != nil {
		text += ";" + ws + spaced(c["marker"])
	}
	r := requirement(t, text)
	want, err := pep440.ParseSpecifiers(strings.Trim(spec, "()"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != c["name"] || !slices.Equal(r.Extras, extras) || r.URL != url || r.Specifiers.String() != want.String() {
		t.Errorf("%q is read as %+v", text, r)
	}
	if c["marker"] != nil {
		prints(t, spaced(c["marker"]), r.Marker.String())
	} else if r.Marker != nil {
		t.Errorf("%q has a marker", text)
	}
	if again := requirement(t, r.String()); again.String() != r.String() {
		t.Errorf("%s reads back as %s", r, again)
	}
}

// TestVectors holds the package to pypa/packaging's own cases: each test of
// theirs is run, or left out for a stated reason.
func TestVectors(t *testing.T) {
	conformance.Suite{Owner: "pep508", LeftOut: leftOut, Check: func(t *testing.T, name string, raw json.RawMessage) {
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
