package cli

import (
	"github.com/spf13/cobra"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/finding"
	"snug/internal/vet"
)

// showing is how a report is to be shown: by default as text, the part that a person
// acts on.
type showing struct{ all, sarif, html bool }

func (s *showing) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.all, "all", false, "every finding, with its evidence")
	cmd.Flags().BoolVar(&s.sarif, "sarif", false, "SARIF 2.1.0 on standard output")
	cmd.Flags().BoolVar(&s.html, "html", false, "one page of HTML on standard output")
}

func (s showing) form() form {
	switch {
	case s.sarif:
		return sarif
	case s.html:
		return html
	}
	return text(s.all)
}

// begin is called before the work whose report is shown.
func (a *app) begin(s showing) error {
	switch {
	case a.json && (s.sarif || s.html):
		return fault.New(fault.Usage, "choose one", "--json does not go with --sarif or --html")
	case s.sarif && s.html:
		return fault.New(fault.Usage, "choose one", "--sarif does not go with --html")
	case s.all && (s.sarif || s.html):
		return fault.New(fault.Usage, "leave --all out", "--sarif and --html have every finding")
	}
	a.gather()
	return nil
}

// show hands a report to the handler of events and ends the command with its code.
func (a *app) show(r *vet.Report, s showing) error {
	events := make([]event.Event, 0, len(r.Findings)+len(r.Unchecked)+len(r.Notes)+len(r.Runtimes))
	for i := range r.Findings {
		f := &r.Findings[i]
		events = append(events, event.Event{Stage: "vet", Kind: event.Finding, Subject: f.Package, Message: f.Summary, Finding: f})
	}
	for _, u := range r.Unchecked {
		events = append(events, event.Event{Stage: "vet", Kind: event.Note, Message: "not checked: " + u.Why, Data: u})
	}
	for _, note := range r.Notes {
		events = append(events, event.Event{Stage: "vet", Kind: event.Note, Message: note})
	}
	for _, row := range r.Runtimes {
		events = append(events, event.Event{Stage: "vet", Kind: event.Finding, Subject: row.Name, Message: "verdict " + string(finding.Worst(row.Verdict)), Data: row})
	}
	event.All(a.handler(), events)
	if err := a.tell(s.form()); err != nil {
		return err
	}
	a.say("%s", conclusion(r))
	if code := r.Exit(); code != vet.ExitClean {
		return exitCode(code)
	}
	return nil
}

// conclusion is the verdict in a line, as the exit code says it.
func conclusion(r *vet.Report) string {
	count := map[finding.Verdict]int{}
	unknown := 0
	for _, f := range r.Findings {
		if f.Class == finding.Unknown && f.Verdict != finding.Allow {
			unknown++
		}
		count[f.Verdict]++
	}
	switch {
	case r.Verdict == finding.Deny:
		return "denied by policy: " + counted(count[finding.Deny], "finding", "findings")
	case r.Incomplete:
		return "incomplete: " + counted(unknown, "thing", "things") + " could not be checked, " + counted(count[finding.Review], "waits", "wait") + " for a person"
	}
	return "clean by policy"
}
