package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ProvenanceType is the predicate type of SLSA's build provenance.
const ProvenanceType = "https://slsa.dev/provenance/v1"

// Build types of snug; docs/provenance.md says which parameters each has. The
// scheme is our own: no address that somebody else could come to own.
const (
	RuntimeBuild     = "snug:build/runtime/v1"
	WheelBuild       = "snug:build/wheel/v1"
	InterpreterBuild = "snug:build/interpreter/v1"
)

// LocalBuilder is the builder's name for what a machine of the user made: how far
// it can be trusted is as far as its key is.
const LocalBuilder = "snug:builder/local/v1"

// Provenance is the predicate of SLSA v1: from what, how, when and by whom the
// subjects were built.
type Provenance struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// BuildDefinition is all that decides what comes out.
type BuildDefinition struct {
	BuildType            string          `json:"buildType"`
	ExternalParameters   json.RawMessage `json:"externalParameters"`           // an object: what the user asked for
	InternalParameters   json.RawMessage `json:"internalParameters,omitempty"` // an object: what snug chose
	ResolvedDependencies []Resource      `json:"resolvedDependencies,omitempty"`
}

// RunDetails are of this one run.
type RunDetails struct {
	Builder    Builder    `json:"builder"`
	Metadata   *Metadata  `json:"metadata,omitempty"`
	Byproducts []Resource `json:"byproducts,omitempty"`
}

// Builder is what is trusted to have said the truth.
type Builder struct {
	ID           string            `json:"id"`
	Dependencies []Resource        `json:"builderDependencies,omitempty"`
	Version      map[string]string `json:"version,omitempty"`
}

// Metadata holds all that differs between two runs with the same inputs.
type Metadata struct {
	InvocationID string     `json:"invocationId,omitempty"`
	StartedOn    *time.Time `json:"startedOn,omitempty"`
	FinishedOn   *time.Time `json:"finishedOn,omitempty"`
}

// Build is what a builder knows when it is done.
type Build struct {
	Type       string     // RuntimeBuild, …
	External   any        // becomes an object
	Internal   any        // as well; nil: none
	Inputs     []Resource // each with its digest
	Byproducts []Resource // logs, what was made on the way
	Snug       string     // its version
	Invocation string     // tells this run from others; may be empty
	Started    time.Time
	Finished   time.Time
}

// Statement is the provenance of what was built, to be signed.
func (b Build) Statement(subjects ...Resource) (*Statement, error) {
	external, err := json.Marshal(b.External)
	if err != nil {
		return nil, fmt.Errorf("external parameters: %w", err)
	}
	p := Provenance{
		BuildDefinition: BuildDefinition{BuildType: b.Type, ExternalParameters: external, ResolvedDependencies: b.Inputs},
		RunDetails: RunDetails{
			Builder:    Builder{ID: LocalBuilder, Version: map[string]string{"snug": b.Snug}},
			Metadata:   &Metadata{InvocationID: b.Invocation, StartedOn: moment(b.Started), FinishedOn: moment(b.Finished)},
			Byproducts: b.Byproducts,
		},
	}
	if b.Internal != nil {
		if p.BuildDefinition.InternalParameters, err = json.Marshal(b.Internal); err != nil {
			return nil, fmt.Errorf("internal parameters: %w", err)
		}
	}
	if err := p.validate(); err != nil {
		return nil, malformed("provenance", err)
	}
	return New(ProvenanceType, &p, subjects...)
}

// moment is t as SLSA writes it: RFC 3339 in UTC.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// Provenance reads the predicate of a statement of that type. An error is a
// fault.Integrity.
func (s *Statement) Provenance() (*Provenance, error) {
	if s.PredicateType != ProvenanceType {
		return nil, malformed("statement", fmt.Errorf("it speaks of %.80q, not of provenance", s.PredicateType))
	}
	var p Provenance
	if err := Decode(s.Predicate, &p); err != nil {
		return nil, malformed("provenance", err)
	}
	if err := p.validate(); err != nil {
		return nil, malformed("provenance", err)
	}
	return &p, nil
}

// validate holds the predicate to SLSA's "Provenance", Build L1 and above.
func (p *Provenance) validate() error {
	d, r := p.BuildDefinition, p.RunDetails
	switch {
	case d.BuildType == "":
		return errors.New("buildDefinition.buildType is missing")
	case !isObject(d.ExternalParameters) || string(d.ExternalParameters) == "{}":
		return errors.New("buildDefinition.externalParameters is missing or empty")
	case len(d.InternalParameters) > 0 && !isObject(d.InternalParameters):
		return errors.New("buildDefinition.internalParameters is no object")
	case r.Builder.ID == "":
		return errors.New("runDetails.builder.id is missing")
	}
	for _, set := range []struct {
		name string
		list []Resource
	}{{"resolvedDependencies", d.ResolvedDependencies}, {"byproducts", r.Byproducts}, {"builderDependencies", r.Builder.Dependencies}} {
		if len(set.list) > maxResources {
			return fmt.Errorf("%d %s, %d is the limit", len(set.list), set.name, maxResources)
		}
		for i, res := range set.list {
			if err := res.validate(); err != nil {
				return fmt.Errorf("%s %d: %w", set.name, i+1, err)
			}
		}
	}
	return nil
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// Has tells whether something with that SHA-256, or of that Git commit, went into
// the build.
func (p *Provenance) Has(sum string) bool {
	return slices.ContainsFunc(p.BuildDefinition.ResolvedDependencies, func(r Resource) bool {
		return sum != "" && (r.Digest["sha256"] == sum || r.Digest["gitCommit"] == sum)
	})
}
