package cli

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"snug/internal/finding"
)

//go:embed findings.html
var findingsPage string

// page is what findings.html is filled with: words only, which the template
// escapes.
type (
	page struct {
		Tallies   []pageTally
		Parts     []pagePart
		Unchecked []pageUnchecked
		Nothing   bool
	}
	pageTally struct {
		Name    string
		Counts  []int
		Verdict finding.Verdict
	}
	pagePart struct {
		Title  string
		Blocks []pageBlock
	}
	pageBlock struct {
		Title, Sum, Via string
		Verdict         finding.Verdict
		Remedies        []string
		Findings        []pageFinding
	}
	pageFinding struct {
		ID, Page, Signals, Summary string
		Lines                      []string
	}
	pageUnchecked struct{ What, Why, Remedy string }
)

// html shows all findings as one page without scripts that needs nothing else
// and can be printed.
func html(w io.Writer, g gathered) error {
	t, err := template.New("findings").Parse(findingsPage)
	if err != nil {
		return err
	}
	out := page{Nothing: len(g.findings) == 0 && len(g.unchecked) == 0}
	for _, row := range g.tallies {
		out.Tallies = append(out.Tallies, pageTally{oneLine(row.Name), columns(row), row.Verdict})
	}
	for _, p := range parts(g) {
		shown := pagePart{Title: p.title}
		for _, b := range p.blocks {
			shown.Blocks = append(shown.Blocks, pageBlockOf(b))
		}
		out.Parts = append(out.Parts, shown)
	}
	for _, u := range notChecked(g) {
		out.Unchecked = append(out.Unchecked, pageUnchecked{oneLine(strings.Join(u.What, ", ")), oneLine(u.Why), oneLine(u.Remedy)})
	}
	return t.Execute(w, out)
}

func pageBlockOf(b block) pageBlock {
	out := pageBlock{Title: oneLine(b.title()), Sum: b.sum(), Verdict: b.verdict()}
	if via := b.findings[0].Via; len(via) > 1 {
		out.Via = oneLine(strings.Join(via, " → "))
	}
	for _, r := range b.remedies() {
		out.Remedies = append(out.Remedies, oneLine(r))
	}
	for _, f := range b.findings {
		shown := pageFinding{ID: oneLine(idOf(f)), Signals: oneLine(strings.Join(signals(f), ", ")), Summary: oneLine(f.Summary)}
		if f.Class == finding.Vulnerability || f.Class == finding.Malware {
			shown.Page = advisoryPage(f.ID)
		}
		for _, text := range f.Evidence {
			shown.Lines = append(shown.Lines, oneLine(text))
		}
		for _, text := range f.Reasons {
			shown.Lines = append(shown.Lines, oneLine(said(f.Verdict)+": "+text))
		}
		if f.Waiver != nil {
			shown.Lines = append(shown.Lines, oneLine(waived(*f.Waiver)))
		}
		out.Findings = append(out.Findings, shown)
	}
	return out
}
