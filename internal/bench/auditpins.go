//go:build linux

package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"snug/internal/pep440"
	"snug/internal/pep508"
)

// maxRecord bounds one record of the advisory data.
const maxRecord = 16 << 20

// advisories is OSV's bulk export as the peers are given it.
type advisories struct {
	records map[string]json.RawMessage // by ID
	listed  map[string]map[string]int  // normalised name -> version as listed -> records that list it
	ranges  map[string]map[string]int  // the same of versions at which a range begins
}

// readAdvisories reads the zip by the standard library, so that nothing of snug
// decides what its rivals are asked.
func readAdvisories(path string) (*advisories, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	out := &advisories{records: map[string]json.RawMessage{}, listed: map[string]map[string]int{}, ranges: map[string]map[string]int{}}
	for _, f := range z.File {
		if err := out.add(f); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return out, nil
}

func (a *advisories) add(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxRecord))
	if err != nil {
		return err
	}
	var record struct {
		ID        string `json:"id"`
		Withdrawn string `json:"withdrawn"`
		Affected  []struct {
			Package struct {
				Name string `json:"name"`
			} `json:"package"`
			Versions []string `json:"versions"`
			Ranges   []struct {
				Type   string              `json:"type"`
				Events []map[string]string `json:"events"`
			} `json:"ranges"`
		} `json:"affected"`
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return err
	}
	a.records[record.ID] = data
	if record.Withdrawn != "" {
		return nil
	}
	for _, affected := range record.Affected {
		name := pep508.NormalizeName(affected.Package.Name)
		if a.listed[name] == nil {
			a.listed[name], a.ranges[name] = map[string]int{}, map[string]int{}
		}
		for _, v := range affected.Versions {
			a.listed[name][v]++
		}
		for _, r := range affected.Ranges {
			for _, e := range r.Events {
				if v, ok := e["introduced"]; ok && r.Type == "ECOSYSTEM" {
					a.ranges[name][v]++
				}
			}
		}
	}
	return nil
}

// pins are one vulnerable version of each package: that which most records list, of
// several the newest; of a package of which no version is listed, where a range
// begins.
func (a *advisories) pins() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a.listed)) {
		pin := most(a.listed[name])
		if pin == "" {
			pin = most(a.ranges[name])
		}
		if pin != "" {
			out = append(out, name+"=="+pin)
		}
	}
	return out
}

// most is the version with the highest count, of several the newest.
func most(counts map[string]int) string {
	best := ""
	var newest pep440.Version
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		v, err := pep440.Parse(text)
		if err != nil {
			continue
		}
		if best == "" || counts[text] > counts[best] || counts[text] == counts[best] && v.Compare(newest) > 0 {
			best, newest = text, v
		}
	}
	return best
}

// list is a requirements file.
func list(pins []string) []byte { return []byte(strings.Join(pins, "\n") + "\n") }
