package sbom

import (
	"fmt"
	"strings"

	"snug/internal/finding"
)

// vulnerabilities are the findings that advisories made.
func (b *bill) vulnerabilities() ([]cdxVulnerability, error) {
	var out []cdxVulnerability
	for _, f := range b.Findings {
		if !Statable(f) {
			continue
		}
		e, err := b.about(f)
		if err != nil {
			return nil, err
		}
		out = append(out, vulnerability(f, e.ref))
	}
	return out, nil
}

func vulnerability(f finding.Finding, ref string) cdxVulnerability {
	status := "affected"
	if f.Status == finding.NotAffected || f.Status == finding.Fixed {
		status = "unaffected"
	}
	v := cdxVulnerability{
		Ref: f.ID + "@" + ref, ID: f.ID, Source: sourceOf(f.ID), Ratings: ratings(f.Severity), Description: f.Summary,
		Recommendation: recommendation(f), Analysis: analysis(f),
		Affects: []cdxAffected{{Ref: ref}},
	}
	if f.Version != "" {
		v.Affects[0].Versions = []cdxVersion{{f.Version, status}}
	}
	for _, alias := range f.Aliases {
		v.References = append(v.References, cdxAlias{alias, sourceOf(alias)})
	}
	if x := f.Exploitation; x != nil {
		if x.KEV {
			v.Properties = properties("snug:kev", "added "+x.KEVAdded)
		}
		if x.EPSS > 0 {
			v.Properties = append(v.Properties, properties("snug:epss", fmt.Sprintf("%.5f", x.EPSS))...)
		}
	}
	return v
}

// sourceOf is where a record of that name can be read: OSV serves those of every
// database that snug reads.
func sourceOf(id string) cdxSource {
	return cdxSource{Name: "OSV", URL: address("https://osv.dev/vulnerability/" + id)}
}

func ratings(s *finding.Severity) []cdxRating {
	if s == nil {
		return nil
	}
	r := cdxRating{Score: s.Score, Severity: string(s.Level), Vector: s.Vector}
	switch {
	case strings.HasPrefix(s.Vector, "CVSS:4"):
		r.Method = "CVSSv4"
	case strings.HasPrefix(s.Vector, "CVSS:3.1"):
		r.Method = "CVSSv31"
	case strings.HasPrefix(s.Vector, "CVSS:3.0"):
		r.Method = "CVSSv3"
	case strings.HasPrefix(s.Vector, "AV:"):
		r.Method = "CVSSv2"
	}
	return []cdxRating{r}
}

func recommendation(f finding.Finding) string {
	switch {
	case f.Class == finding.Malware:
		return "remove it, and everything that it could reach"
	case len(f.Fixed) > 0:
		return "update to " + f.Fixed[0]
	}
	return ""
}

// analysis says the status in CycloneDX's words.
func analysis(f finding.Finding) cdxAnalysis {
	a := cdxAnalysis{Detail: strings.Join(f.Evidence, "; ")}
	switch f.Status {
	case finding.Fixed:
		a.State = "resolved"
	case finding.NotAffected:
		a.State, a.Justification = "not_affected", justifications[f.Justification]
	case finding.UnderInvestigation:
		a.State = "in_triage"
	default:
		a.State = "exploitable"
		if len(f.Fixed) > 0 {
			a.Response = []string{"update"}
		}
		if w := f.Waiver; w != nil {
			a.Response = append(a.Response, "will_not_fix")
			a.Detail = strings.TrimPrefix(a.Detail+"; "+Waived(w), "; ")
		}
	}
	return a
}

// Waived says in words that somebody lives with a finding for a while.
func Waived(w *finding.Waiver) string {
	return fmt.Sprintf("accepted until %s by %s: %s", w.Until, w.By, w.Reason)
}

// justifications of OpenVEX in CycloneDX's words. That no adversary can control
// the code has none.
var justifications = map[string]string{
	"component_not_present":               "code_not_present",
	"vulnerable_code_not_present":         "code_not_present",
	"vulnerable_code_not_in_execute_path": "code_not_reachable",
	"inline_mitigations_already_exist":    "protected_by_mitigating_control",
}
