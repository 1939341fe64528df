package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	escape "html"
	"io"
	"strconv"
	"strings"

	"snug/internal/finding"
	"snug/internal/vet"
)

// findingsHead is the page down to its heading.
//
//go:embed findings.html
var findingsHead string

// html shows all findings as one page without scripts that needs nothing else
// and can be printed. It is written here and not by html/template: that looks
// methods up by name, so the linker would keep every method of the program (5 MB,
// and a slower start of every command).
func html(w io.Writer, g gathered) error {
	var m markup
	m.put(findingsHead)
	m.tallies(g.tallies)
	for _, p := range parts(g) {
		if p.title != "" {
			m.put("<h2>%s</h2>\n", p.title)
		}
		for _, b := range p.blocks {
			m.block(b)
		}
	}
	m.notChecked(notChecked(g))
	if len(g.findings) == 0 && len(g.unchecked) == 0 {
		m.put("<p>Nothing was found.</p>\n")
	}
	m.put("</body>\n</html>\n")
	_, err := w.Write(m.Bytes())
	return err
}

// markup is HTML. What comes from outside gets into it by put and
// verbatim only.
type markup struct{ bytes.Buffer }

// put adds markup that is written in this file, with words in place of its %s:
// between tags or in a quoted attribute, on one line and escaped.
func (m *markup) put(form string, words ...string) {
	safe := make([]any, len(words))
	for i, word := range words {
		safe[i] = escape.EscapeString(oneLine(word))
	}
	if len(safe) == 0 {
		m.WriteString(form)
		return
	}
	fmt.Fprintf(m, form, safe...)
}

// verbatim adds words with their spaces, escaped.
func (m *markup) verbatim(words string) { m.WriteString(escape.EscapeString(words)) }

func (m *markup) tallies(rows []vet.Row) {
	if len(rows) == 0 {
		return
	}
	m.put("<table>\n<tr><th></th><th>packages</th><th>components</th><th>critical</th><th>high</th><th>not rated</th><th>medium</th><th>low</th><th>malware</th><th>licences</th><th>signs</th><th>unknown</th><th>verdict</th></tr>\n")
	for _, row := range rows {
		m.put("<tr><th>%s</th>", row.Name)
		for _, n := range columns(row) {
			m.put("<td>%s</td>", strconv.Itoa(n))
		}
		m.put(`<td class="v %s">%s</td>`+"</tr>\n", string(row.Verdict), string(row.Verdict))
	}
	m.put("</table>\n")
}

func (m *markup) block(b block) {
	m.put(`<h3>%s <span class="v %s">%s</span></h3>`+"\n", b.title(), string(b.verdict()), b.sum())
	if via := b.findings[0].Via; len(via) > 1 {
		m.put(`<p class="via">through %s</p>`+"\n", strings.Join(via, " → "))
	}
	for _, r := range b.remedies() {
		m.remedy(r)
		m.put("\n")
	}
	m.put("<table>\n")
	for _, f := range b.findings {
		m.finding(f)
	}
	m.put("</table>\n")
}

func (m *markup) remedy(command string) { m.put("<p>→ <code>%s</code></p>", command) }

func (m *markup) finding(f finding.Finding) {
	page := ""
	if f.Class == finding.Vulnerability || f.Class == finding.Malware {
		page = advisoryPage(f.ID)
	}
	if page != "" {
		m.put(`<tr><td><a href="%s" rel="noreferrer">%s</a></td>`, page, idOf(f))
	} else {
		m.put("<tr><td>%s</td>", idOf(f))
	}
	m.put("<td>%s</td><td>%s", strings.Join(signals(f), ", "), f.Summary)
	lines := append([]string(nil), f.Evidence...)
	for _, reason := range f.Reasons {
		lines = append(lines, said(f.Verdict)+": "+reason)
	}
	if f.Waiver != nil {
		lines = append(lines, waived(*f.Waiver))
	}
	for _, line := range lines {
		m.put(`<p class="why">%s</p>`, line)
	}
	m.put("</td></tr>\n")
}

func (m *markup) notChecked(all []vet.Unchecked) {
	if len(all) == 0 {
		return
	}
	m.put("<h2>Not checked</h2>\n<table>\n")
	for _, u := range all {
		m.put("<tr><td>%s</td><td>%s", strings.Join(u.What, ", "), u.Why)
		if u.Remedy != "" {
			m.remedy(u.Remedy)
		}
		m.put("</td></tr>\n")
	}
	m.put("</table>\n")
}
