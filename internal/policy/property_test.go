package policy_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"snug/internal/finding"
	"snug/internal/policy"
)

// file writes a random policy that has some of everything.
func file(r *rand.Rand) string {
	verdict := func() string { return string(finding.Verdicts()[r.IntN(4)]) }
	maybe := func(b *strings.Builder, key string) {
		if r.IntN(3) == 0 {
			fmt.Fprintf(b, "%q = %q\n", key, verdict())
		}
	}
	body := func(prefix string) string {
		var b strings.Builder
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "context = %q\n", policy.Contexts()[r.IntN(3)])
		}
		maybe(&b, "unknown")
		fmt.Fprintf(&b, "[%svulnerabilities]\n", prefix)
		for _, key := range []string{"critical", "high", "exploited", "without-fix"} {
			maybe(&b, key)
		}
		fmt.Fprintf(&b, "[%slicenses]\n", prefix)
		for _, key := range []string{"network", "MIT", "GPL-2.0-only", "GPL-2.0+", "contradiction"} {
			maybe(&b, key)
		}
		fmt.Fprintf(&b, "[%slicenses.packages]\n", prefix)
		maybe(&b, "p<2")
		fmt.Fprintf(&b, "[%ssigns]\n", prefix)
		maybe(&b, "yanked")
		fmt.Fprintf(&b, "[%spackages]\n", prefix)
		maybe(&b, "others")
		if r.IntN(2) == 0 {
			fmt.Fprintf(&b, "%s = [{ package = \"p<%d\", reason = \"r\" }, { package = \"q\", reason = \"r\" }]\n", verdict(), r.IntN(4))
		}
		return b.String()
	}
	return body("") + "[runtimes.dev]\n" + body("runtimes.dev.")
}

var probes = []finding.Finding{
	vulnerable(finding.Critical, "2"), vulnerable(finding.Critical), vulnerable(finding.High, "2"), exploited(vulnerable(finding.Low, "2")),
	licensed("MIT"), licensed("GPL-2.0-or-later"), licensed("MIT AND AGPL-3.0-only"), licensed("GPL-2.0-only OR AGPL-3.0-only"), licensed(""),
	{Class: finding.License, ID: policy.LicenseContradiction, Package: "p", Version: "3"},
	sign("yanked"), sign("smoke"), {Class: finding.Unknown},
	{Class: finding.Breach, Package: "p", Version: "1"}, {Class: finding.Breach, Package: "q", Version: "1"}, {Class: finding.Breach, Package: "r"},
}

type judged struct {
	verdict finding.Verdict
	reasons []string
}

func judge(p *policy.Policy) (all []judged) {
	for _, f := range probes {
		v, reasons := p.Judge(f)
		all = append(all, judged{v, reasons})
	}
	return all
}

// However files are put over one another, the order is all that counts; nothing put
// over a policy, or under it, changes nothing; the same is judged the same each time.
func TestMergingIsAssociative(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 4))
	for range 300 {
		a, b, c := parse(t, "a.toml", file(r)), parse(t, "b.toml", file(r)), parse(t, "c.toml", file(r))
		left, right := a.Over(b).Over(c), a.Over(b.Over(c))
		for _, runtime := range []string{"", "dev", "prod"} {
			if got, want := judge(left.For(runtime)), judge(right.For(runtime)); !reflect.DeepEqual(got, want) {
				t.Fatalf("for %q: %v, and %v", runtime, got, want)
			}
			if !reflect.DeepEqual(left.For(runtime).Rules(), right.For(runtime).Rules()) {
				t.Fatalf("for %q: the rules differ", runtime)
			}
			if got, want := judge(a.Over(policy.Default()).For(runtime)), judge(a.For(runtime)); !reflect.DeepEqual(got, want) {
				t.Fatalf("over the built-in policy: %v, not %v", got, want)
			}
			if got, want := judge(policy.Default().Over(a).For(runtime)), judge(a.For(runtime)); !reflect.DeepEqual(got, want) {
				t.Fatalf("under nothing: %v, not %v", got, want)
			}
		}
	}
}

// The last file that says something is the one that is obeyed.
func TestTheLastFileSpeaks(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 5))
	for range 200 {
		over, base := parse(t, "over.toml", file(r)), parse(t, "base.toml", file(r))
		merged := over.Over(base)
		for i, f := range probes {
			want, reasons := over.Judge(f)
			said := len(reasons) == 1 && strings.Contains(reasons[0], "over.toml") && !strings.Contains(reasons[0], "others") && f.Class != finding.License
			if got, _ := merged.Judge(f); said && f.Class != finding.Vulnerability && got != want {
				t.Fatalf("%d %v: %s, and over.toml says %s: %q", i, f, got, want, reasons)
			}
		}
	}
}

// Whatever stands in a policy and in a finding, judging does not panic, and gives a
// verdict with a reason.
func FuzzParse(f *testing.F) {
	f.Add(rules, "MIT OR (GPL-2.0-only AND ISC)", "1.0")
	f.Add("extends = 'x'\n[licenses]\nGPL-3.0-only = 'allow'", "", "")
	f.Add("[packages]\nallow = ['a']\nothers = 'deny'", "MIT", "banana")
	f.Fuzz(func(t *testing.T, text, expression, version string) {
		p, err := policy.Parse("policy.toml", "/rules", []byte(text))
		if err != nil {
			return
		}
		for _, runtime := range append(p.Runtimes(), "prod") {
			of := p.For(runtime)
			of.Rules()
			for _, probe := range append(probes, finding.Finding{Class: finding.License, License: expression}) {
				probe.Version = version
				v, reasons := of.Judge(probe)
				if v == "" || len(reasons) == 0 || reasons[0] == "" {
					t.Fatalf("%v: %q %q", probe, v, reasons)
				}
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	p := policy.Default()
	for b.Loop() {
		for _, f := range probes {
			p.Judge(f)
		}
	}
}
