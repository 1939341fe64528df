package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"snug/internal/advisory"
	"snug/internal/osvapi"
)

func (a *app) advisories() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "advisories",
		Short: "what is known of vulnerabilities: fetch it, read it, say how old it is",
		Long: `Advisories keeps what is known of vulnerabilities on this machine, compiled, so that
checking needs no network. Where it comes from is [tool.snug.advisories], or
--advisory-feed; left out it is OSV's export for Python packages (docs/advisories.md).`,
		Example: "  snug advisories update\n  snug advisories status\n  snug advisories import all.zip",
		Args:    known,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(a.advisoriesUpdate(), a.advisoriesStatus(), a.advisoriesImport(), a.advisoriesServe())
	return cmd
}

func (a *app) advisoriesUpdate() *cobra.Command {
	var whole bool
	cmd := &cobra.Command{
		Use:   "update",
		Short: "fetch what has changed since the last time",
		Long: `Update fetches every feed that is set: of an export of OSV the records that changed,
all of it the first time. What was there stays in use until the new data is
complete, and where a feed cannot be read.`,
		Example: "  snug advisories update\n  snug advisories update --advisory-feed pypi=https://mirror.example/PyPI",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, p, err := a.open()
			if err != nil {
				return err
			}
			info, err := e.UpdateAdvisories(c.Context(), p, whole)
			if err != nil {
				return err
			}
			return a.advisoryInfo(info, nil)
		},
	}
	cmd.Flags().BoolVar(&whole, "whole", false, "fetch everything again, and forget records that the feeds no longer have")
	return cmd
}

func (a *app) advisoriesStatus() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "say what advisory data there is, and how old",
		Example: "  snug advisories status\n  snug advisories status --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, p, err := a.open()
			if err != nil {
				return err
			}
			info, missing, err := e.AdvisoryStatus(p)
			if err != nil {
				return err
			}
			return a.advisoryInfo(info, missing)
		},
	}
}

func (a *app) advisoriesImport() *cobra.Command {
	var as string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "read advisories from a zip, a folder, a git checkout or a file",
		Long: `Import reads OSV records in place of what there was of their feed: a zip (such as
all.zip of OSV's export), a folder of them (such as a checkout of PyPA's advisory
database), one record, or records one a line; as JSON or YAML. With --as epss or
--as kev, what those feeds publish.`,
		Example: "  snug advisories import all.zip\n  snug advisories import advisory-database/vulns\n  snug advisories import known_exploited_vulnerabilities.json --as kev",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			kind, err := advisory.ParseKind(as)
			if err != nil {
				return err
			}
			e, _, err := a.open()
			if err != nil {
				return err
			}
			info, err := e.ImportAdvisories(c.Context(), kind, a.path(args[0]))
			if err != nil {
				return err
			}
			return a.advisoryInfo(info, nil)
		},
	}
	cmd.Flags().StringVar(&as, "as", string(advisory.Packages), "what it is about: `KIND` of feed (pypi, cpython, native, cargo, epss, kev)")
	return cmd
}

func (a *app) advisoriesServe() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "answer OSV's API from the local data, for pip-audit and others",
		Long: `Serve answers POST /v1/query, POST /v1/querybatch and GET /v1/vulns/ID as OSV's own
service does, from the data of this machine as it was when serve began, until it is
interrupted. Overlays of a project do not count in it.`,
		Example: "  snug advisories serve\n  pip-audit -s osv --osv-url http://127.0.0.1:8099/v1/query",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, _, err := a.open()
			if err != nil {
				return err
			}
			d, err := e.Advisories(nil)
			if err != nil {
				return err
			}
			defer d.Close()
			s, err := osvapi.Listen(listen, d)
			if err != nil {
				return err
			}
			if a.json {
				a.result(serving{s.URL() + "/v1/query"})
			} else {
				fmt.Fprintln(a.Stdout, s.URL()+"/v1/query")
			}
			return s.Run(c.Context())
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8099", "`HOST:PORT` to listen on; port 0 takes one that is free")
	return cmd
}

// serving is where the data is served.
type serving struct {
	URL string `json:"url"`
}

// advisoryStatus is the data of `advisories status` and of those that change it.
type advisoryStatus struct {
	advisory.Info
	Missing []advisory.Kind `json:"missing,omitempty"` // feeds that are set and have not been read
}

// advisoryInfo prints what there is: a row for each feed.
func (a *app) advisoryInfo(info advisory.Info, missing []advisory.Feed) error {
	if a.json {
		out := advisoryStatus{Info: info}
		for _, f := range missing {
			out.Missing = append(out.Missing, f.Kind)
		}
		a.result(out)
		return nil
	}
	rows := [][]string{{"FEED", "RECORDS", "NEWEST", "FETCHED", "SOURCE"}}
	for _, f := range info.Feeds {
		rows = append(rows, []string{string(f.Kind), fmt.Sprint(f.Records), a.age(f.Newest), a.age(f.Fetched), f.Source})
	}
	for _, f := range missing {
		rows = append(rows, []string{string(f.Kind), "none", "", "never: snug advisories update", f.Shown()})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, f := range info.Feeds {
		a.odd(f)
	}
	for _, o := range info.Overlays {
		if o.Expired {
			a.say("%s expired on %s and does not count: %s (%s)", o.File, o.Expires, o.ID, o.Owner)
		}
	}
	return nil
}

// odd says what a person should know of a feed.
func (a *app) odd(f advisory.FeedInfo) {
	for _, c := range []struct {
		count int
		what  string
	}{
		{f.Malware, "are about malicious releases"},
		{f.Withdrawn, "are withdrawn"},
		{f.Elsewhere, "are about other ecosystems and were passed over"},
		{f.Unread, "have a bound that is no version: what they list counts"},
		{f.Future, "are dated in the future: check this machine's clock"},
	} {
		if c.count > 0 {
			a.say("%s: %d of %d records %s", f.Kind, c.count, f.Records, c.what)
		}
	}
}

// age is a moment as the day and how long ago it was.
func (a *app) age(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	day := t.UTC().Format(time.DateOnly)
	switch days := int(a.Now().Sub(t) / (24 * time.Hour)); {
	case a.Now().Before(t):
		return day
	case days == 0:
		return day + " (today)"
	case days == 1:
		return day + " (1 day)"
	default:
		return fmt.Sprintf("%s (%d days)", day, days)
	}
}
