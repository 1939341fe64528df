package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"snug/internal/finding"
	"snug/internal/pep440"
	"snug/internal/vet"
)

// How much of the findings is shown without --all.
const (
	shownHard    = 4   // of a package, those that stop a build or ask for a person
	shownWarns   = 1   // of a package, where it has no harder ones
	shownReasons = 4   // of a package
	shownNames   = 6   // of what was not checked for one reason
	shownText    = 110 // letters of a line that somebody else wrote
)

// block is the findings of one component, which one change mends.
type block struct {
	name, version, owner string
	runtimes             []string
	findings             []finding.Finding
}

// text shows findings to a person: a block for each package, in the order of the
// runtimes, and the tallies.
func text(all bool) form {
	return func(w io.Writer, g gathered) error {
		t := &findingsText{w: w, all: all}
		for _, part := range parts(g) {
			if part.title != "" {
				t.line("%s", part.title)
				t.line("")
			}
			for _, b := range part.blocks {
				t.block(b)
			}
		}
		t.notChecked(g)
		if t.held > 0 {
			t.line("%s held back: --all shows them", counted(t.held, "finding", "findings"))
			t.line("")
		}
		if t.err == nil {
			t.err = tallies(w, g.tallies)
		}
		return t.err
	}
}

// part is the blocks of one set of runtimes.
type part struct {
	title  string
	blocks []block
}

// parts sorts the findings into blocks, those of the innermost runtime first.
func parts(g gathered) []part {
	var out []part
	var order []string
	for _, t := range g.tallies {
		order = append(order, t.Name)
	}
	rank := func(b block) int {
		for i, name := range order {
			if slices.Contains(b.runtimes, name) {
				return i
			}
		}
		return len(order)
	}
	all := blocks(g.findings)
	slices.SortStableFunc(all, func(a, b block) int { return cmp.Compare(rank(a), rank(b)) })
	last := -1
	for i, b := range all {
		if r := rank(b); r != last {
			last = r
			out = append(out, part{title: title(all[:i], all[i:], order, r)})
		}
		out[len(out)-1].blocks = append(out[len(out)-1].blocks, b)
	}
	return out
}

// title is "In prod", and for what only outer runtimes have "In test, not in prod".
// What is told of inner ones too, since policy says something else of it there or it
// stands in another file, has the name alone.
func title(before, from []block, order []string, rank int) string {
	if len(from[0].runtimes) == 0 || len(order) < 2 || rank == len(order) {
		return ""
	}
	out := "In " + order[rank]
	told := slices.ContainsFunc(from, func(b block) bool {
		return slices.Contains(b.runtimes, order[rank]) && slices.ContainsFunc(before, func(c block) bool { return b.title() == c.title() })
	})
	if rank == 0 || told {
		return out
	}
	return out + ", not in " + strings.Join(order[:rank], " or ")
}

// blocks are the findings by component and by the runtimes for which policy says the
// same of it, in their order. What could not be checked is no block.
func blocks(all []finding.Finding) []block {
	var out []block
	at := map[string]int{}
	for _, f := range all {
		if f.Class == finding.Unknown {
			continue
		}
		key := strings.Join([]string{string(f.Component), f.Package, f.Version, f.Owner, strings.Join(f.Runtimes, "\x00")}, "\x00")
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, block{name: f.Package, version: f.Version, owner: f.Owner})
		}
		b := &out[i]
		b.findings = append(b.findings, f)
		for _, rt := range f.Runtimes {
			if !slices.Contains(b.runtimes, rt) {
				b.runtimes = append(b.runtimes, rt)
			}
		}
	}
	return out
}

// findingsText writes until a write fails.
type findingsText struct {
	w    io.Writer
	all  bool
	held int
	err  error
}

func (t *findingsText) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

// words is somebody else's text, on one line, without what moves the cursor.
func (t *findingsText) words(s string) string {
	s = oneLine(s)
	if runes := []rune(s); !t.all && len(runes) > shownText {
		s = string(runes[:shownText-1]) + "…"
	}
	return s
}

// oneLine joins the words of a text; what a terminal would obey is left out.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func (t *findingsText) block(b block) {
	shown := b.findings
	if !t.all {
		shown = worthShowing(b.findings)
	}
	held := len(b.findings) - len(shown)
	t.held += held
	if len(shown) == 0 {
		return
	}
	t.line("%s: %s", t.words(b.title()), b.sum())
	if via := b.findings[0].Via; len(via) > 1 {
		t.line("  through %s", t.words(strings.Join(via, " → ")))
	}
	width := 0
	for _, f := range shown {
		width = max(width, len(oneLine(idOf(f))))
	}
	for _, f := range shown {
		t.finding(f, width)
	}
	if held > 0 {
		t.line("  and %d more", held)
	}
	t.reasons(shown)
	for _, r := range b.remedies() {
		t.line("  → %s", oneLine(r)) // whole: it is there to be done
	}
	t.line("")
}

func (b block) title() string {
	out := strings.TrimSpace(b.name + " " + b.version)
	if b.owner != "" {
		out += " inside " + b.owner
	}
	return out
}

// sum is how many findings there are, and the hardest verdict.
func (b block) sum() string {
	return counted(len(b.findings), "finding", "findings") + ", " + said(b.verdict())
}

func (b block) verdict() finding.Verdict {
	worst := finding.Allow
	for _, f := range b.findings {
		worst = finding.Worst(worst, f.Verdict)
	}
	return worst
}

func waived(w finding.Waiver) string {
	return "waived until " + w.Until + " by " + w.By + ": " + w.Reason
}

// said is a verdict as a word about what was found.
func said(v finding.Verdict) string {
	switch v {
	case finding.Deny:
		return "denied"
	case finding.Review:
		return "to be reviewed"
	case finding.Warn:
		return "warned of"
	}
	return "allowed"
}

// worthShowing are those that a person must act on, else the first that is warned
// of, and none that is allowed.
func worthShowing(all []finding.Finding) []finding.Finding {
	var hard, warns []finding.Finding
	for _, f := range all {
		switch f.Verdict {
		case finding.Deny, finding.Review:
			hard = append(hard, f)
		case finding.Warn:
			warns = append(warns, f)
		}
	}
	if len(hard) > 0 {
		return hard[:min(len(hard), shownHard)]
	}
	return warns[:min(len(warns), shownWarns)]
}

// finding writes what it is, how bad, what mends it, and under that what it says.
func (t *findingsText) finding(f finding.Finding, width int) {
	t.line("  %-*s  %s", width, oneLine(idOf(f)), oneLine(strings.Join(signals(f), ", ")))
	if f.Summary != "" {
		t.line("      %s", t.words(f.Summary))
	}
	if f.Waiver != nil {
		t.line("      %s", t.words(waived(*f.Waiver)))
	}
	if f.Class != finding.Vulnerability || t.all {
		t.each("      ", f.Evidence)
	}
}

// reasons are why policy says what it says of these findings, each once.
func (t *findingsText) reasons(shown []finding.Finding) {
	var before []string
	for _, f := range shown {
		if f.Verdict == finding.Allow && f.Waiver != nil {
			continue // the waiver is told beside it
		}
		for _, r := range f.Reasons {
			if line := said(f.Verdict) + " by " + oneLine(r); !slices.Contains(before, line) {
				before = append(before, line)
			}
		}
	}
	for i, line := range before {
		if i == shownReasons && !t.all {
			t.line("  and for %s more", counted(len(before)-i, "reason", "reasons"))
			return
		}
		t.line("  %s", line) // whole: its end says where the rule stands
	}
}

// each writes a line for each text; of many the first few, unless all is shown.
func (t *findingsText) each(before string, texts []string) {
	for i, text := range texts {
		if i == 2 && !t.all {
			t.line("%sand %d more", before, len(texts)-i)
			return
		}
		t.line("%s%s", before, t.words(text))
	}
}

// idOf is the finding's id with the name that most people know it by.
func idOf(f finding.Finding) string {
	if strings.HasPrefix(f.ID, "CVE-") {
		return f.ID
	}
	for _, alias := range f.Aliases {
		if strings.HasPrefix(alias, "CVE-") {
			return f.ID + " " + alias
		}
	}
	return f.ID
}

// signals are how bad it is and what mends it.
func signals(f finding.Finding) []string {
	var out []string
	switch f.Class {
	case finding.Vulnerability:
		out = append(out, severity(f))
	case finding.Malware:
		out = append(out, "malware")
	case finding.License:
		return []string{"licence"}
	case finding.SupplyChain:
		return []string{"sign of a bad release"}
	case finding.Breach:
		return []string{"listed by policy"}
	case finding.Unknown:
		return nil
	}
	if x := f.Exploitation; x != nil {
		out = append(out, exploitation(*x)...)
	}
	if f.Status == finding.NotAffected || f.Status == finding.Fixed {
		return append(out, strings.ReplaceAll(string(f.Status), "_", " "))
	}
	if len(f.Fixed) == 0 {
		return append(out, "no fix stated")
	}
	return append(out, "fixed in "+f.Fixed[0])
}

func severity(f finding.Finding) string {
	s := f.Severity
	switch {
	case s == nil || s.Level == finding.NotRated || s.Level == "":
		return "not rated"
	case s.Score > 0:
		return fmt.Sprintf("%s %.1f", s.Level, s.Score)
	}
	return string(s.Level)
}

func exploitation(x finding.Exploitation) []string {
	var out []string
	if x.KEV {
		text := "exploited"
		if x.KEVAdded != "" {
			text += ", by CISA since " + x.KEVAdded
		}
		if x.Ransomware {
			text += ", by ransomware too"
		}
		out = append(out, text)
	}
	if x.EPSS > 0 {
		out = append(out, fmt.Sprintf("EPSS %.1f %%", 100*x.EPSS))
	}
	return out
}

// remedies are what to do, each once. Of the holes of one package the newest of
// their nearest fixes closes all that have one, and it alone is told.
func (b block) remedies() []string {
	var out []string
	newest := -1
	for i, f := range b.findings {
		if f.Remedy == "" || f.Verdict == finding.Allow {
			continue
		}
		if f.Class == finding.Vulnerability && len(f.Fixed) > 0 {
			if newest < 0 || older(b.findings[newest].Fixed[0], f.Fixed[0]) {
				newest = i
			}
			continue
		}
		if !slices.Contains(out, f.Remedy) {
			out = append(out, f.Remedy)
		}
	}
	if newest < 0 {
		return out
	}
	return slices.Insert(out, 0, b.findings[newest].Remedy)
}

// older compares versions; one that is none is the older.
func older(a, b string) bool {
	v, err := pep440.Parse(a)
	if err != nil {
		return true
	}
	w, err := pep440.Parse(b)
	return err == nil && v.Compare(w) < 0
}

// notChecked is what nobody could look at, once for each reason: what the
// findings of the class unknown say, and what no finding speaks of.
func notChecked(g gathered) []vet.Unchecked {
	all := slices.Clone(g.unchecked)
	for _, f := range g.findings {
		if f.Class != finding.Unknown {
			continue
		}
		what := block{name: f.Package, version: f.Version, owner: f.Owner}.title()
		why := cmp.Or(f.Summary, strings.Join(f.Evidence, "; "), f.ID)
		i := slices.IndexFunc(all, func(u vet.Unchecked) bool { return u.Why == why && u.Remedy == f.Remedy })
		if i < 0 {
			i, all = len(all), append(all, vet.Unchecked{Why: why, Remedy: f.Remedy})
		}
		if what != "" { // else it is about the data, and so about everything
			all[i].What = append(slices.Clone(all[i].What), what)
		}
	}
	return all
}

func (t *findingsText) notChecked(g gathered) {
	for _, u := range notChecked(g) {
		what := oneLine(strings.Join(u.What, ", "))
		if len(u.What) > shownNames && !t.all {
			what = oneLine(strings.Join(u.What[:shownNames], ", ")) + fmt.Sprintf(" and %d more", len(u.What)-shownNames)
		}
		if what == "" {
			t.line("not checked in full: %s", oneLine(u.Why))
		} else {
			t.line("not checked: %s", what)
			t.line("      %s", oneLine(u.Why))
		}
		if u.Remedy != "" {
			t.line("  → %s", oneLine(u.Remedy))
		}
		t.line("")
	}
}

// tallies is the table at the end.
func tallies(out io.Writer, all []vet.Row) error {
	if len(all) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tPACKAGES\tCOMPONENTS\tCRITICAL\tHIGH\tNOT RATED\tMEDIUM\tLOW\tMALWARE\tLICENCES\tSIGNS\tUNKNOWN\tVERDICT")
	for _, t := range all {
		fmt.Fprint(w, oneLine(t.Name))
		for _, n := range columns(t) {
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintf(w, "\t%s\n", outcome(t))
	}
	return w.Flush()
}

// outcome is the verdict on a runtime, "incomplete" where nothing is denied and
// something is not known.
func outcome(t vet.Row) string {
	if t.Unknown > 0 && t.Verdict != finding.Deny {
		return "incomplete"
	}
	return string(t.Verdict)
}

// columns are the counts of the table, without the verdict.
func columns(t vet.Row) []int {
	n := t.Levels
	return []int{t.Packages, t.Components, n[finding.Critical], n[finding.High], n[finding.NotRated], n[finding.Medium], n[finding.Low] + n[finding.None],
		t.Malware, t.Licenses, t.Signs, t.Unknown}
}

// counted is "1 finding", "2 findings".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
