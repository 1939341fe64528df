package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"snug/internal/attest"
	"snug/internal/engine"
	"snug/internal/fault"
)

func (a *app) provenance() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "provenance",
		Short:   "who built a runtime or a wheel, and of what: shown, or verified",
		Example: "  snug provenance show prod\n  snug provenance verify",
		Args:    known,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(a.provenanceShow(), a.provenanceVerify(), a.provenanceKey())
	return cmd
}

// provenanceRequest is what both commands ask with.
func (a *app) provenanceRequest(args, keys []string) engine.ProvenanceRequest {
	for i, k := range keys {
		keys[i] = a.path(k)
	}
	return engine.ProvenanceRequest{Root: a.rootDir(), Names: args, Path: a.path, Keys: keys}
}

func (a *app) keyFlag(cmd *cobra.Command, keys *[]string) {
	cmd.Flags().StringArrayVar(keys, "key", nil, "public key `FILE` (PEM) that is trusted besides the own one (repeatable)")
}

func (a *app) provenanceShow() *cobra.Command {
	var keys []string
	cmd := &cobra.Command{
		Use:   "show [RUNTIME[@GENERATION] | DIR | FILE]...",
		Short: "who built it, when, under which conditions and from which inputs",
		Long: `Show prints what was signed about a runtime of the project, a folder that holds a
delivered one, or a file that was built here. Without a name: every runtime that is
built. It compares nothing: that is snug provenance verify. --json gives the
statements.`,
		Example: "  snug provenance show prod\n  snug provenance show --json dist/out",

		ValidArgsFunction: a.provenanceNames(),
		RunE: func(_ *cobra.Command, args []string) error {
			e, _, err := a.open()
			if err != nil {
				return err
			}
			all, err := e.Provenance(a.provenanceRequest(args, keys))
			if err != nil {
				return err
			}
			for i, s := range all {
				if a.json {
					a.result(s)
					continue
				}
				if i > 0 {
					fmt.Fprintln(a.Stdout)
				}
				if err := a.printStatement(s); err != nil {
					return err
				}
			}
			return nil
		},
	}
	a.keyFlag(cmd, &keys)
	return cmd
}

// printStatement prints one statement for people.
func (a *app) printStatement(s engine.Shown) error {
	signed := "key " + short(s.Key)
	if !s.Trusted {
		signed += ", NOT TRUSTED: " + s.Why
	}
	rows := [][]string{{"about", printable(s.Name)}, {"signed by", signed}}
	if s.Statement.PredicateType != attest.ProvenanceType {
		rows = append(rows, []string{"says", printable(s.Statement.PredicateType)})
		return a.table(append(rows, resources("subject", s.Statement.Subject)...))
	}
	p, err := s.Statement.Provenance()
	if err != nil {
		return err
	}
	rows = append(rows, []string{"build", printable(p.BuildDefinition.BuildType)}, []string{"builder", builder(p)})
	if m := p.RunDetails.Metadata; m != nil && m.StartedOn != nil && m.FinishedOn != nil {
		rows = append(rows, []string{"built", m.StartedOn.UTC().Format(time.DateTime) + " UTC, in " + m.FinishedOn.Sub(*m.StartedOn).Round(time.Millisecond).String()})
	}
	rows = append(rows, parameters(p.BuildDefinition.ExternalParameters)...)
	rows = append(rows, parameters(p.BuildDefinition.InternalParameters)...)
	rows = append(rows, resources("subject", s.Statement.Subject)...)
	rows = append(rows, []string{"inputs", strconv.Itoa(len(p.BuildDefinition.ResolvedDependencies))})
	rows = append(rows, resources("", p.BuildDefinition.ResolvedDependencies)...)
	return a.table(append(rows, resources("byproduct", p.RunDetails.Byproducts)...))
}

func builder(p *attest.Provenance) string {
	text := printable(p.RunDetails.Builder.ID)
	if v := p.RunDetails.Builder.Version["snug"]; v != "" {
		text += ", snug " + printable(v)
	}
	return text
}

// parameters are the members of an object, by name.
func parameters(raw json.RawMessage) [][]string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil // there are none
	}
	var rows [][]string
	for name, value := range members {
		rows = append(rows, []string{printable(name), printable(plain(value))})
	}
	slices.SortFunc(rows, func(x, y []string) int { return strings.Compare(x[0], y[0]) })
	return rows
}

// plain is a JSON value as people write it: text without its quotes, a digest set
// as algorithm:digits.
func plain(value json.RawMessage) string {
	var text string
	var set map[string]string
	switch {
	case json.Unmarshal(value, &text) == nil:
		return text
	case json.Unmarshal(value, &set) == nil && len(set) == 1:
		for algorithm, sum := range set {
			return algorithm + ":" + sum
		}
	}
	return string(value)
}

func resources(word string, list []attest.Resource) [][]string {
	var rows [][]string
	for _, r := range list {
		origin, _ := r.Annotations["origin"].(string)
		rows = append(rows, []string{word, printable(cmp.Or(r.URI, r.Name)), digests(r), printable(origin)})
	}
	return rows
}

func digests(r attest.Resource) string {
	if sum := r.Digest["sha256"]; sum != "" {
		return "sha256:" + printable(sum)
	}
	var out []string
	for algorithm, sum := range r.Digest {
		out = append(out, printable(algorithm+":"+sum))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// maxPrinted bounds one word of what a stranger may have signed.
const maxPrinted = 200

// harmless is text that does nothing to a terminal.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, text)
}

// printable is the beginning of text, harmless.
func printable(text string) string {
	text = harmless(text)
	if runes := []rune(text); len(runes) > maxPrinted {
		return string(runes[:maxPrinted]) + "…"
	}
	return text
}

func short(key string) string { return printable(key[:min(16, len(key))]) }

func (a *app) provenanceVerify() *cobra.Command {
	var keys []string
	cmd := &cobra.Command{
		Use:   "verify [RUNTIME[@GENERATION] | DIR | FILE]...",
		Short: "hold what was signed to what is there, offline",
		Long: `Verify asks, for a runtime of the project, a folder that holds a delivered one, or
a file that was built here: did a trusted key sign it, are these the bytes that it
signed for, and did everything that the lock names, and nothing else, go into it?
Without a name: every runtime that is built. Trusted are the own key, the public
keys in the folder keys/trusted of the store's home, and --key. Exit code 1 where
anything is refused.`,
		Example: "  snug provenance verify\n  snug provenance verify prod --key ci.pub.pem\n  snug provenance verify dist/out dist/markupsafe-3.0.2-cp313-cp313-linux_x86_64.whl",

		ValidArgsFunction: a.provenanceNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, _, err := a.open()
			if err != nil {
				return err
			}
			verdicts, err := e.VerifyProvenance(cmd.Context(), a.provenanceRequest(args, keys))
			if err != nil {
				return err
			}
			if err := a.printVerdicts(verdicts); err != nil {
				return err
			}
			return refusedOf(verdicts)
		},
	}
	a.keyFlag(cmd, &keys)
	return cmd
}

// printVerdicts prints the table, then each problem with its remedy.
func (a *app) printVerdicts(verdicts []engine.Verdict) error {
	head := []string{"NAME", "KIND", "SHA256", "SIGNED BY", "INPUTS", ""}
	err := listing(a, head, verdicts, func(v engine.Verdict) []string {
		result := "verified"
		if !v.OK() {
			result = "REFUSED"
		}
		return []string{harmless(v.Name), cmp.Or(v.Kind, "-"), cmp.Or(v.SHA256[:min(12, len(v.SHA256))], "-"), cmp.Or(short(v.Key), "-"), strconv.Itoa(v.Inputs), result}
	})
	if err != nil || a.json {
		return err
	}
	for _, v := range verdicts {
		for _, p := range v.Problems {
			fmt.Fprintf(a.Stdout, "%s: %s\n", harmless(v.Name), harmless(p.What))
		}
		for _, note := range v.Notes {
			a.say("%s: %s", v.Name, note)
		}
	}
	return nil
}

// refusedOf is the error for what was refused, with the remedy of the first.
func refusedOf(verdicts []engine.Verdict) error {
	var bad []string
	hint := ""
	for _, v := range verdicts {
		if !v.OK() {
			bad = append(bad, v.Name)
			hint = cmp.Or(hint, v.Problems[0].Hint)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return fault.New(fault.Integrity, cmp.Or(hint, "the lines above say why"), "refused: %s", strings.Join(bad, ", "))
}

func (a *app) provenanceKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key",
		Short: "print the public key that others verify with, making the pair if there is none",
		Long: `Key prints the public half of the key that this machine signs with, as PEM: give it
to those who are to verify (--key, or the folder keys/trusted of their store's
home). Its id is the SHA-256 of the key.`,
		Example: "  snug provenance key > me.pub.pem",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			e, _, err := a.open()
			if err != nil {
				return err
			}
			key, err := e.SigningPublicKey()
			if err != nil {
				return err
			}
			if a.json {
				a.result(map[string]string{"id": key.ID, "file": key.From, "pem": string(key.PEM())})
				return nil
			}
			fmt.Fprintf(a.Stdout, "%s", key.PEM())
			a.say("id %s, of %s", key.ID, key.From)
			return nil
		},
	}
}
