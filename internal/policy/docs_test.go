package policy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"snug/internal/policy"
	"snug/internal/toml"
)

// docs/policy.md shows the built-in policy as it is, row by row.
func TestDefaultIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]map[string]policy.Rule{}
	var order []policy.Rule
	for _, context := range policy.Contexts() {
		by[context] = map[string]policy.Rule{}
		for _, r := range parse(t, "x", "context = "+toml.Quote(context)).Rules() {
			by[context][r.Table+" "+r.Key] = r
			if context == string(policy.Internal) && r.Key != "context" && r.Key != "max-advisory-age" {
				order = append(order, r)
			}
		}
	}
	var want strings.Builder
	for _, r := range order {
		values := map[string]bool{}
		var each []string
		for _, context := range policy.Contexts() {
			v := by[context][r.Table+" "+r.Key].Value
			values[v] = true
			each = append(each, context+": "+v)
		}
		verdict := r.Value
		if len(values) > 1 {
			verdict = strings.Join(each, ", ")
		}
		table := ""
		if r.Table != "" {
			table = "`" + r.Table + "` "
		}
		fmt.Fprintf(&want, "| %s| `%s` | %s | %s |\n", table, r.Key, verdict, r.Why)
	}
	_, rest, _ := strings.Cut(string(text), "|---|---|---|---|\n")
	got, _, _ := strings.Cut(rest, "\n\n")
	if got+"\n" != want.String() {
		t.Errorf("docs/policy.md has\n%s\n\nthe built-in policy is\n%s", got, want.String())
	}
	d := policy.Default()
	if said := fmt.Sprintf("The context is `%s`, advisory data counts for `%dd`.", d.Context(), int(d.MaxAdvisoryAge().Hours()/24)); !strings.Contains(string(text), said) {
		t.Errorf("docs/policy.md does not say: %s", said)
	}
}

// The example of docs/policy.md is read.
func TestDocumentedExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```toml\n")
	example, _, _ := strings.Cut(rest, "```")
	doc, err := toml.Parse("pyproject.toml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	tool, _, err := doc.Top().Table("tool")
	if err != nil {
		t.Fatal(err)
	}
	snug, _, err := tool.Table("snug")
	if err != nil {
		t.Fatal(err)
	}
	of, _, err := snug.Table("policy")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Decode(of, "/project")
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := p.Extends(); !ok || s.Path != "/policy.toml" || p.Context() != policy.Shipped || len(p.Runtimes()) != 1 {
		t.Errorf("%+v %v %s %q", s, ok, p.Context(), p.Runtimes())
	}
}
