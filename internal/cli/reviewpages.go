package cli

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"snug/internal/engine"
)

// reviewText shows a review on a terminal.
func reviewText(w io.Writer, r *engine.Review) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, against %s: %s\n", r.To, r.From, reviewSum(r))
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "\n%s\n", oneLine(reviewTitle(c)))
		for _, p := range paragraphs(c) {
			for i, line := range p.Lines {
				if i == 0 {
					line = p.Head + ": " + line
				} else {
					line = "  " + line
				}
				fmt.Fprintf(&b, "  %s\n", line)
			}
			for _, line := range p.Diff {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reviewMarkdown shows a review as a page for a pull request. Words of others are
// escaped; diffs stand in a fence that is longer than any in them.
func reviewMarkdown(w io.Writer, r *engine.Review) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Review of %s\n\nAgainst %s: %s.\n", markdown(r.To), markdown(r.From), reviewSum(r))
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "\n## %s\n\n", markdown(reviewTitle(c)))
		for _, p := range paragraphs(c) {
			fmt.Fprintf(&b, "- **%s**: %s\n", markdown(p.Head), markdown(p.Lines[0]))
			for _, line := range p.Lines[1:] {
				fmt.Fprintf(&b, "  - %s\n", markdown(line))
			}
			if len(p.Diff) > 0 {
				fence := fenceFor(p.Diff)
				fmt.Fprintf(&b, "\n  %sdiff\n", fence)
				for _, line := range p.Diff {
					fmt.Fprintf(&b, "  %s\n", line)
				}
				fmt.Fprintf(&b, "  %s\n\n", fence)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdown escapes what Markdown and the HTML in it would read.
func markdown(s string) string {
	var b strings.Builder
	for i, r := range oneLine(s) {
		if strings.ContainsRune("\\`*_[]<>|#~!&", r) || i == 0 && strings.ContainsRune("+-", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fenceFor is longer than every run of backquotes in the lines.
func fenceFor(lines []string) string {
	fence := "```"
	for strings.Contains(strings.Join(lines, "\n"), fence) {
		fence += "`"
	}
	return fence
}

//go:embed review.html
var reviewPage string

type (
	reviewFill struct {
		To, From, Sum string
		Changes       []reviewPart
	}
	reviewPart struct {
		Title      string
		Paragraphs []paragraph
	}
)

// reviewHTML shows a review as one page without scripts that needs nothing else.
func reviewHTML(w io.Writer, r *engine.Review) error {
	t, err := template.New("review").Funcs(template.FuncMap{"kind": lineKind}).Parse(reviewPage)
	if err != nil {
		return err
	}
	fill := reviewFill{To: r.To, From: r.From, Sum: reviewSum(r)}
	for _, c := range r.Changes {
		fill.Changes = append(fill.Changes, reviewPart{oneLine(reviewTitle(c)), paragraphs(c)})
	}
	return t.Execute(w, fill)
}

// lineKind is the class of a line of a diff.
func lineKind(line string) string {
	switch {
	case strings.HasPrefix(line, "+"):
		return "plus"
	case strings.HasPrefix(line, "-"):
		return "minus"
	}
	return "same"
}
