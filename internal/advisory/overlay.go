package advisory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"snug/internal/fault"
	"snug/internal/osv"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// Limits of a project's overlays.
const (
	maxOverlays = 2_000
	maxOverlay  = 1 << 20 // bytes of one
)

// OverlayDir is where a project keeps them.
const OverlayDir = "advisories"

// Overlay corrects what advisories say: a person's word, with the day until which
// it holds.
type Overlay struct {
	File    string `json:"file"` // as the user knows it: advisories/x.yaml
	ID      string `json:"id"`   // the record, or another id of its hole
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`           // last day, YYYY-MM-DD
	Expired bool   `json:"expired,omitempty"` // it does not count any more

	rules    []exemption
	affected []osv.Affected
	own      hole
	summary  string
}

// exemption says where a hole does not count.
type exemption struct {
	name     string            // normalised; "": every package
	marker   *pep508.Marker    // nil: everywhere
	artifact string            // "wheel": the hole is in wheels only, "sdist": in what was built from sources only
	versions pep440.Specifiers // nil: all
}

// overlayFile is an overlay as it is written.
type overlayFile struct {
	ID          string         `json:"id"`
	Aliases     []string       `json:"aliases"`
	Summary     string         `json:"summary"`
	Severity    []osv.Severity `json:"severity"`
	Affected    []osv.Affected `json:"affected"`
	Owner       string         `json:"owner"`
	Reason      string         `json:"reason"`
	Expires     string         `json:"expires"`
	NotAffected []struct {
		Package   string `json:"package"`
		Marker    string `json:"marker"`
		AppliesTo string `json:"applies-to"`
		Versions  string `json:"versions"`
	} `json:"not-affected"`
}

// ReadOverlays reads the overlays below root, sorted by name; no folder is none.
// One that is malformed is an error that names it.
func ReadOverlays(root string, now time.Time) ([]Overlay, error) {
	all, err := os.ReadDir(filepath.Join(root, OverlayDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Input, "a file of that name is not read as overlays: give it another", "%s: %w", OverlayDir, err)
	}
	var out []Overlay
	for _, e := range all {
		if yaml, _ := recordFile(e.Name()); !yaml || !e.Type().IsRegular() {
			continue
		}
		if len(out) == maxOverlays {
			return nil, fault.New(fault.Input, "remove those that have expired", "%s: more than %d overlays", OverlayDir, maxOverlays)
		}
		o, err := readOverlay(filepath.Join(root, OverlayDir, e.Name()), OverlayDir+"/"+e.Name(), now)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func readOverlay(path, name string, now time.Time) (Overlay, error) {
	bad := func(err error) (Overlay, error) {
		return Overlay{}, fault.New(fault.Input, "an overlay has id, owner, reason, expires, and not-affected or affected: docs/advisories.md", "%s: %w", name, err)
	}
	st, err := os.Stat(path)
	if err != nil {
		return bad(err)
	}
	if st.Size() > maxOverlay {
		return bad(fmt.Errorf("%d bytes; %d are the most", st.Size(), maxOverlay))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return bad(err)
	}
	text, err := jsonOf(data)
	if err != nil {
		return bad(err)
	}
	var in overlayFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return bad(errors.New(strings.TrimPrefix(err.Error(), "json: ")))
	}
	o, err := in.overlay(now)
	if err != nil {
		return bad(err)
	}
	o.File = name
	return o, nil
}

func (in *overlayFile) overlay(now time.Time) (Overlay, error) {
	o := Overlay{ID: in.ID, Owner: in.Owner, Reason: in.Reason, Expires: in.Expires, affected: in.Affected, summary: in.Summary}
	if len(o.Expires) > len(time.DateOnly) {
		o.Expires = o.Expires[:len(time.DateOnly)] // YAML reads a bare date as a moment
	}
	until, err := time.Parse(time.DateOnly, o.Expires)
	switch {
	case !osv.IsID(in.ID):
		return o, errors.New("id is missing, or none")
	case in.Owner == "" || in.Reason == "":
		return o, errors.New("owner or reason is missing")
	case err != nil:
		return o, errors.New("expires is missing, or no date such as 2027-01-31")
	case len(in.NotAffected) == 0 && len(in.Affected) == 0:
		return o, errors.New("neither not-affected nor affected is there: it changes nothing")
	}
	o.Expired = !now.Before(until.AddDate(0, 0, 1))
	o.own.ids = append([]string{in.ID}, in.Aliases...)
	slices.Sort(o.own.ids)
	for _, s := range in.Severity {
		o.own.severity = graver(o.own.severity, scored(s.Score))
	}
	for _, n := range in.NotAffected {
		e := exemption{name: pep508.NormalizeName(n.Package), artifact: n.AppliesTo}
		if n.Marker != "" {
			if e.marker, err = pep508.ParseMarker(n.Marker); err != nil {
				return o, err
			}
		}
		if n.Versions != "" {
			if e.versions, err = pep440.ParseSpecifiers(n.Versions); err != nil {
				return o, err
			}
		}
		if e.artifact != "" && e.artifact != "wheel" && e.artifact != "sdist" {
			return o, fmt.Errorf("applies-to: %q is neither wheel nor sdist", e.artifact)
		}
		o.rules = append(o.rules, e)
	}
	return o, nil
}

// With returns the DB as the overlays correct it. Those that have expired stand in
// Info and do not count.
func (d *DB) With(overlays []Overlay) *DB {
	out := *d
	out.info.Overlays = overlays
	out.overlays = slices.DeleteFunc(slices.Clone(overlays), func(o Overlay) bool { return o.Expired })
	return &out
}

// correct applies the overlays to what the records say of a name.
func (d *DB) correct(key Key, version string, where Where, about []affected) ([]affected, []string, error) {
	var notes []string
	for _, o := range d.overlays {
		mine, err := d.means(o.ID, about)
		if err != nil {
			return nil, nil, err
		}
		if i := slices.Index(mine, true); i >= 0 && o.exempts(key, version, where) {
			about = without(about, mine)
			notes = append(notes, o.ID+": not affected, says "+o.said())
			continue
		}
		if changed := o.replace(key, about, mine); changed != nil {
			about = changed
			notes = append(notes, o.ID+": what is affected is told by "+o.said())
		}
	}
	return about, notes, nil
}

func (o *Overlay) said() string {
	return fmt.Sprintf("%s (%s, until %s): %s", o.File, o.Owner, o.Expires, o.Reason)
}

// means tells which of the records mean the hole that is known by the id.
func (d *DB) means(id string, about []affected) ([]bool, error) {
	out := make([]bool, len(about))
	for i := range about {
		h, err := d.hole(about[i].hole, []*affected{&about[i]})
		if err != nil {
			return nil, err
		}
		out[i] = about[i].id == id || slices.Contains(h.ids, id)
	}
	return out, nil
}

func without(about []affected, mine []bool) []affected {
	var out []affected
	for i, a := range about {
		if !mine[i] {
			out = append(out, a)
		}
	}
	return out
}

// exempts tells whether a component in that place does not have the hole. What is not
// known of the place exempts nothing.
func (o *Overlay) exempts(key Key, version string, where Where) bool {
	return slices.ContainsFunc(o.rules, func(e exemption) bool {
		if e.name != "" && e.name != key.Name || e.versions != nil && !e.versions.ContainsText(version) {
			return false
		}
		if e.artifact != "" && (where.Artifact == "" || where.Artifact == e.artifact) {
			return false
		}
		if e.marker == nil {
			return true
		}
		if where.Marker == nil {
			return false
		}
		holds, err := where.Marker(e.marker.String())
		return holds && err == nil // a marker that cannot be decided exempts nothing
	})
}

// replace puts what the overlay says is affected in place of what the records say;
// where no record means the hole, it is a record of its own. nil: it does not speak
// of the name.
func (o *Overlay) replace(key Key, about []affected, mine []bool) []affected {
	out := without(about, mine)
	at := slices.Index(mine, true)
	spoken := false
	for _, a := range o.affected {
		if !slices.Contains(Kind(key.Class).keysOf(&a), key) {
			continue
		}
		spoken = true
		one := affected{Affected: a, id: o.ID, summary: o.summary, own: &o.own}
		if at >= 0 {
			one.hole, one.own = about[at].hole, about[at].own
			one.summary = about[at].summary
		}
		out = append(out, one)
	}
	if !spoken {
		return nil
	}
	return out
}
