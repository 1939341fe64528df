package cli

import (
	_ "embed"
	"fmt"
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

// reviewHead is the page down to the end of its style, without its title.
//
//go:embed review.html
var reviewHead string

// reviewHTML shows a review as one page without scripts that needs nothing else.
func reviewHTML(w io.Writer, r *engine.Review) error {
	var m markup
	m.put(reviewHead)
	m.put("<title>snug: review of %s</title>\n</head>\n<body>\n<h1>Review of %s</h1>\n", r.To, r.To)
	m.put("<p>Against %s: %s.</p>\n", r.From, reviewSum(r))
	for _, c := range r.Changes {
		m.put("<h2>%s</h2>\n<dl>\n", reviewTitle(c))
		for _, p := range paragraphs(c) {
			m.paragraph(p)
		}
		m.put("</dl>\n")
	}
	m.put("</body>\n</html>\n")
	_, err := w.Write(m.Bytes())
	return err
}

func (m *markup) paragraph(p paragraph) {
	m.put("<dt>%s</dt><dd>", p.Head)
	for _, line := range p.Lines {
		m.put("<p>%s</p>", line)
	}
	if len(p.Diff) > 0 {
		m.put("<pre>")
		for _, line := range p.Diff {
			m.put(`<span class="%s">`, lineKind(line))
			m.verbatim(line)
			m.put("</span>\n")
		}
		m.put("</pre>")
	}
	m.put("</dd>\n")
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
