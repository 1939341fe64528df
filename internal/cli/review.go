package cli

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/approvals"
	"snug/internal/engine"
	"snug/internal/licensetext"
)

func (a *app) review() *cobra.Command {
	var req engine.ReviewRequest
	format := "text"
	cmd := &cobra.Command{
		Use:   "review [OLD] [NEW]",
		Short: "what changed since the lock that was approved, on one page",
		Long: `Review compares two locks package by package: versions, files, licences and licence
texts, what is found in them, machine code and code that runs by itself. Without NEW
it is the project's lock; without OLD it is what ` + approvals.FileName + ` remembers, so that
only what nobody has approved yet is shown. snug approve takes it off the page.`,
		Example: "  snug review\n  snug review --format html > review.html\n  snug review old/pylock.toml pylock.toml --format markdown",
		Args:    cobra.MaximumNArgs(2),

		RunE: func(cmd *cobra.Command, args []string) error {
			forms := map[string]func(io.Writer, *engine.Review) error{"text": reviewText, "markdown": reviewMarkdown, "html": reviewHTML}
			show := forms[format]
			if show == nil {
				return usage("text, markdown or html", "--format %q is none", format)
			}
			if len(args) > 0 {
				req.Old = a.path(args[0])
			}
			if len(args) > 1 {
				req.New = a.path(args[1])
			}
			e, p, err := a.inProject()
			if err != nil {
				return err
			}
			req.Advisories = a.path(req.Advisories)
			found, err := e.Review(cmd.Context(), p, req)
			if err != nil {
				return err
			}
			if a.json {
				a.result(found)
				return nil
			}
			a.finish()
			return show(a.Stdout, found)
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "`FORMAT` of the page: text, markdown, html")
	cmd.Flags().StringVar(&req.Advisories, "advisories", "", "`PATH` of a zip, a folder or a record of OSV's, in place of the data that is kept")
	return cmd
}

func (a *app) approve() *cobra.Command {
	var ask engine.Approving
	cmd := &cobra.Command{
		Use:   "approve [PACKAGE…] --reason TEXT",
		Short: "approve what snug review shows",
		Long: `Approve writes into ` + approvals.FileName + `, beside the lock, that what snug review shows was
looked at: all of it, or the named packages. It holds for those files and licence
texts, by their digests: what changes is shown again, and nothing else.`,
		Example: "  snug approve --reason 'release 4.2' --by Ada\n  snug approve certifi --reason 'MPL-2.0, data only' --by Legal",

		ValidArgsFunction: a.lockedNames(1 << 10),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask.Packages, ask.By = args, cmp.Or(ask.By, a.person())
			if err := needed("--reason", ask.Reason, "--by", ask.By); err != nil {
				return err
			}
			e, p, err := a.inProject()
			if err != nil {
				return err
			}
			done, err := e.Approve(cmd.Context(), p, ask)
			if err != nil {
				return err
			}
			if a.json {
				a.result(done)
				return nil
			}
			a.sayApproved(done)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&ask.Reason, "reason", "", "`TEXT` for whoever reads it later")
	f.StringVar(&ask.By, "by", "", "`NAME` of who decides (default: the user of this machine)")
	f.StringVar(&ask.Until, "until", "", "the last `DAY` on which it holds (default: for good)")
	return cmd
}

func (a *app) sayApproved(done *engine.Approved) {
	for _, x := range done.Approvals {
		a.say("approved %s %s%s", x.Package, x.Version, strings.TrimSuffix(", "+x.License, ", "))
	}
	for _, name := range done.Removed {
		a.say("%s is locked no more: its approvals are gone", name)
	}
	for _, note := range done.Notes {
		a.say("note: %s", oneLine(note))
	}
	if len(done.Approvals)+len(done.Removed) == 0 {
		a.say("nothing waits for an approval")
	}
}

// paragraph is one thing that a review says of a package: a head, and lines below it;
// a diff keeps its lines as they are.
type paragraph struct {
	Head  string
	Lines []string
	Diff  []string
}

// paragraphs are what a review says of a package, the same in each format.
func paragraphs(c engine.Reviewed) []paragraph {
	var out []paragraph
	add := func(head string, lines ...string) {
		if len(lines) > 0 {
			out = append(out, paragraph{Head: head, Lines: lines})
		}
	}
	if len(c.Via) > 1 {
		add("through", strings.Join(c.Via, " → "))
	}
	if c.Kind != engine.Removed {
		where := strings.Join(c.In, ", ")
		if len(c.On) > 0 {
			where += " (" + strings.Join(c.On, ", ") + ")"
		}
		add("in", where)
	}
	add("licence", licenceLines(c)...)
	for _, f := range c.Findings {
		add("found", strings.TrimSuffix(idOf(f)+": "+f.Summary, ": ")+" ("+string(f.Verdict)+")")
	}
	for _, f := range c.Signs {
		add("new", append([]string{f.Summary}, f.Evidence...)...)
	}
	add("brings", c.Holds...)
	for _, t := range c.Texts {
		out = append(out, textParagraph(t))
	}
	add("files", filesLine(c)...)
	add("not looked at", c.Unseen...)
	for i := range out {
		out[i].Head = oneLine(out[i].Head)
		for j := range out[i].Lines {
			out[i].Lines[j] = oneLine(out[i].Lines[j])
		}
	}
	return out
}

func licenceLines(c engine.Reviewed) []string {
	l := c.License
	name := func(s string) string { return cmp.Or(s, "none that is known") }
	switch {
	case c.Kind == engine.Removed || l.Before == "" && l.After == "" && l.Verdict == "":
		return nil
	case c.Before != "" && l.Before != l.After:
		return append([]string{name(l.Before) + " -> " + name(l.After) + decided(l)}, l.Reasons...)
	case c.Before == "" || !l.Known:
		return append([]string{name(l.After) + decided(l)}, l.Reasons...)
	}
	return []string{name(l.After) + ", as it was approved"}
}

func decided(l engine.LicenseChange) string {
	text := ": " + string(l.Verdict)
	if l.Chosen != "" {
		text = ", taken as " + l.Chosen + text
	}
	return text
}

func filesLine(c engine.Reviewed) []string {
	if c.Kind == engine.Refiled {
		return []string{"the version is the same, and files are not: " + counted(len(c.Artifacts), "file", "files") + " now, " + counted(len(c.Gone), "file", "files") + " of before gone"}
	}
	return nil
}

func textParagraph(t engine.TextChange) paragraph {
	p := paragraph{Head: "licence text " + t.Path + " " + t.State}
	ids := func(of []string) string { return cmp.Or(strings.Join(of, ", "), "no licence that is known") }
	switch {
	case t.State == engine.Removed:
		p.Lines = []string{"held " + ids(t.Was)}
	case t.Was != nil:
		p.Lines = []string{"held " + ids(t.Was) + ", holds " + ids(t.IDs)}
	case len(t.IDs) == 0 && t.Kind == licensetext.Authors:
		p.Lines = []string{"says who holds the copyright"}
	case len(t.IDs) == 0 && len(t.Points) > 0:
		p.Lines = []string{"sends the reader to " + strings.Join(t.Points, ", ")}
	default:
		p.Lines = []string{"holds " + ids(t.IDs)}
	}
	for _, line := range t.Diff {
		p.Diff = append(p.Diff, harmless(strings.ReplaceAll(line, "\t", "    ")))
	}
	if t.More > 0 {
		p.Diff = append(p.Diff, "… "+counted(t.More, "line", "lines")+" more")
	}
	return p
}

// reviewTitle is "certifi 2025.1 -> 2026.1".
func reviewTitle(c engine.Reviewed) string {
	switch c.Kind {
	case engine.Added:
		return "+ " + c.Package + " " + c.After
	case engine.Removed:
		return "- " + c.Package + " " + c.Before
	case engine.Refiled:
		return "! " + c.Package + " " + c.After
	}
	return "~ " + c.Package + " " + c.Before + " -> " + c.After
}

// reviewSum is "3 packages changed: 1 added, 2 moved".
func reviewSum(r *engine.Review) string {
	if len(r.Changes) == 0 {
		return "nothing changed"
	}
	var parts []string
	for _, kind := range []string{engine.Added, engine.Removed, engine.Moved, engine.Refiled} {
		n := 0
		for _, c := range r.Changes {
			if c.Kind == kind {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, counted(n, kind, kind))
		}
	}
	return counted(len(r.Changes), "package", "packages") + " changed: " + strings.Join(slices.Compact(parts), ", ")
}
