package advisory

import (
	"encoding/json"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"snug/internal/finding"
	"snug/internal/osv"
)

// maxVector is longer than any CVSS vector.
const maxVector = 512

// severityOf is the gravest that the record says of itself: by its CVSS vectors,
// else by the word of its source. nil where it says none that can be read.
func severityOf(r *osv.Record) *finding.Severity {
	var worst *finding.Severity
	add := func(all []osv.Severity) {
		for _, s := range all {
			worst = graver(worst, scored(s.Score))
		}
	}
	add(r.Severity)
	for i := range r.Affected {
		add(r.Affected[i].Severity)
	}
	if worst != nil {
		return worst
	}
	worst = byWord(r.DatabaseSpecific)
	for i := range r.Affected {
		worst = graver(worst, byWord(r.Affected[i].DatabaseSpecific))
		worst = graver(worst, byWord(r.Affected[i].EcosystemSpecific))
	}
	return worst
}

// graver is the one with the higher score, or the graver word.
func graver(a, b *finding.Severity) *finding.Severity {
	switch {
	case a == nil:
		return b
	case b == nil || weight(b) <= weight(a):
		return a
	}
	return b
}

// weight is the score, or for a word the least score that it stands for.
func weight(s *finding.Severity) float64 {
	if s.Vector != "" {
		return s.Score
	}
	switch s.Level {
	case finding.Critical:
		return 9
	case finding.High:
		return 7
	case finding.Medium:
		return 4
	case finding.Low:
		return 0.1
	}
	return 0
}

// scored is the severity of a CVSS vector of version 2, 3 or 4; nil for what is
// none.
func scored(vector string) *finding.Severity {
	if len(vector) > maxVector {
		return nil
	}
	score, ok := score(vector)
	if !ok {
		return nil
	}
	return &finding.Severity{Level: levelOf(score), Score: score, Vector: vector}
}

func score(vector string) (float64, bool) {
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.Score(), true
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	}
	v, err := gocvss20.ParseVector(vector)
	if err != nil {
		return 0, false
	}
	return v.BaseScore(), true
}

// levelOf is CVSS's word for a score ("Qualitative severity rating scale").
func levelOf(score float64) finding.Level {
	switch {
	case score >= 9:
		return finding.Critical
	case score >= 7:
		return finding.High
	case score >= 4:
		return finding.Medium
	case score > 0:
		return finding.Low
	}
	return finding.None
}

// byWord reads the severity that databases without vectors give as a word.
func byWord(specific json.RawMessage) *finding.Severity {
	var said struct {
		Severity any `json:"severity"`
	}
	if len(specific) == 0 || json.Unmarshal(specific, &said) != nil {
		return nil // it is free to hold anything
	}
	word, _ := said.Severity.(string)
	switch strings.ToLower(word) {
	case "critical":
		return &finding.Severity{Level: finding.Critical}
	case "high", "important":
		return &finding.Severity{Level: finding.High}
	case "moderate", "medium":
		return &finding.Severity{Level: finding.Medium}
	case "low", "minor":
		return &finding.Severity{Level: finding.Low}
	}
	return nil
}
