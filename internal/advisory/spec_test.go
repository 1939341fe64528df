package advisory

import (
	"archive/zip"
	"encoding/json"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file evaluates records from the text of the OSV schema ("Evaluation") and of
// PEP 440, and shares no code with the product: its own reader of the zip, its own
// versions, its own walk. TestAgainstTheSpecification holds the product to it.

type specRecord struct {
	ID        string
	Withdrawn *string
	Affected  []struct {
		Package struct{ Ecosystem, Name string }
		Ranges  []struct {
			Type   string
			Events []map[string]string
		}
		Versions []string
	}
}

func specRecords(t *testing.T, path string) []specRecord {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out []specRecord
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var s specRecord
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out = append(out, s)
	}
	return out
}

// specVersion is PEP 440's appendix B in groups.
var specVersion = regexp.MustCompile(`(?i)^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:-(\d+)|([-_.]?(?:post|rev|r))[-_.]?(\d*))?(?:([-_.]?dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$`)

// specKey is the sort key of "Summary of permitted suffixes and relative ordering":
// lists of numbers, compared in their order.
type specKey struct {
	epoch   *big.Int
	release []*big.Int
	// pre, post and dev are a rank and a number each.
	suffix [6]*big.Int
	local  []string
}

func number10(s string) *big.Int {
	n := new(big.Int)
	if s != "" {
		n.SetString(s, 10)
	}
	return n
}

// specSeen keeps what was read: the same versions stand in many records.
var specSeen = map[string]*specKey{}

func specParse(text string) (specKey, bool) {
	k, seen := specSeen[text]
	if !seen {
		if read, ok := specRead(text); ok {
			k = &read
		}
		specSeen[text] = k
	}
	if k == nil {
		return specKey{}, false
	}
	return *k, true
}

func specRead(text string) (specKey, bool) {
	m := specVersion.FindStringSubmatch(text)
	if m == nil {
		return specKey{}, false
	}
	k := specKey{epoch: number10(m[1])}
	for _, s := range strings.Split(m[2], ".") {
		k.release = append(k.release, number10(s))
	}
	for len(k.release) > 1 && k.release[len(k.release)-1].Sign() == 0 {
		k.release = k.release[:len(k.release)-1]
	}
	isPre, isPost, isDev := m[3] != "", m[5] != "" || m[6] != "", m[8] != ""
	rank := int64(9) // no pre-release is after all of them
	switch strings.ToLower(m[3]) {
	case "a", "alpha":
		rank = 1
	case "b", "beta":
		rank = 2
	case "c", "rc", "pre", "preview":
		rank = 3
	}
	if !isPre && !isPost && isDev {
		rank = 0 // 1.0.dev1 is before 1.0a1
	}
	post, dev := int64(0), int64(1)
	if isPost {
		post = 1
	}
	if isDev {
		dev = 0
	}
	k.suffix = [6]*big.Int{big.NewInt(rank), number10(m[4]), big.NewInt(post), number10(m[5] + m[7]), big.NewInt(dev), number10(m[9])}
	if m[10] != "" {
		k.local = strings.FieldsFunc(strings.ToLower(m[10]), func(c rune) bool { return strings.ContainsRune("-_.", c) })
	}
	return k, true
}

func (k specKey) public() specKey { k.local = nil; return k }

func (k specKey) compare(o specKey) int {
	if c := k.epoch.Cmp(o.epoch); c != 0 {
		return c
	}
	if c := slices.CompareFunc(k.release, o.release, (*big.Int).Cmp); c != 0 {
		return c
	}
	if c := slices.CompareFunc(k.suffix[:], o.suffix[:], (*big.Int).Cmp); c != 0 {
		return c
	}
	return slices.CompareFunc(k.local, o.local, func(a, b string) int {
		x, y := strings.Trim(a, "0123456789") == "", strings.Trim(b, "0123456789") == ""
		switch {
		case x && y:
			return number10(a).Cmp(number10(b))
		case x != y && x:
			return 1
		case x != y:
			return -1
		}
		return strings.Compare(a, b)
	})
}

// affectedBySpec is the schema's IsVulnerable for one package and version.
func (r *specRecord) affectedBySpec(name, version string) bool {
	if r.Withdrawn != nil {
		return false
	}
	v, ok := specParse(version)
	for _, a := range r.Affected {
		if a.Package.Ecosystem != "PyPI" || specName(a.Package.Name) != name {
			continue
		}
		for _, listed := range a.Versions {
			if listed == version {
				return true
			}
			// PEP 440 "Version matching": a label of the candidate does not count.
			if w, ok2 := specParse(listed); ok && ok2 && (w.compare(v) == 0 || w.compare(v.public()) == 0) {
				return true
			}
		}
		for _, g := range a.Ranges {
			if ok && g.Type == "ECOSYSTEM" && inRange(g.Events, v) {
				return true
			}
		}
	}
	return false
}

// inRange is "IncludedInRanges": the last event that is not after the version decides.
func inRange(events []map[string]string, v specKey) bool {
	type step struct {
		at    specKey
		zero  bool
		order int // at one version: fixed, introduced, last_affected
		kind  string
	}
	var steps []step
	for _, e := range events {
		for kind, text := range e {
			s := step{kind: kind, zero: text == "0", order: map[string]int{"fixed": 0, "introduced": 1, "last_affected": 2}[kind]}
			var ok bool
			if s.at, ok = specParse(text); !ok {
				return false // an unreadable bound: the range says nothing
			}
			steps = append(steps, s)
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		if a.zero != b.zero {
			if a.zero {
				return -1
			}
			return 1
		}
		if c := a.at.compare(b.at); c != 0 {
			return c
		}
		return a.order - b.order
	})
	vulnerable := false
	for _, s := range steps {
		at := v
		if len(s.at.local) == 0 && s.kind == "last_affected" {
			at = v.public() // PEP 440 "Inclusive ordered comparison"
		}
		switch {
		case s.kind == "introduced" && (s.zero || at.compare(s.at) >= 0):
			vulnerable = true
		case s.kind == "fixed" && at.compare(s.at) >= 0, s.kind == "last_affected" && at.compare(s.at) > 0:
			vulnerable = false
		}
	}
	return vulnerable
}

func specName(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return strings.ContainsRune("-_.", c) }), "-")
}

// pinsOf is one vulnerable pin for each package: the last version that is listed by
// its first record, else the start of its first range.
func pinsOf(all []specRecord) map[string]string {
	out := map[string]string{}
	for _, r := range all {
		for _, a := range r.Affected {
			name := specName(a.Package.Name)
			if out[name] != "" || r.Withdrawn != nil {
				continue
			}
			if n := len(a.Versions); n > 0 {
				out[name] = a.Versions[n-1]
				continue
			}
			for _, g := range a.Ranges {
				if g.Type == "ECOSYSTEM" && out[name] == "" {
					out[name] = g.Events[0]["introduced"]
				}
			}
		}
	}
	return out
}

// The product finds what the specification says, no more and no less, on a vulnerable
// pin for each package of the data, in its variants, and on every version that is
// listed or a bound.
func TestAgainstTheSpecification(t *testing.T) {
	path := pypaPath(t)
	all := specRecords(t, path)
	byName := map[string][]*specRecord{}
	for i := range all {
		for _, a := range all[i].Affected {
			if name := specName(a.Package.Name); !slices.Contains(byName[name], &all[i]) {
				byName[name] = append(byName[name], &all[i])
			}
		}
	}
	d, err := Load(t.Context(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	missed, extra := 0, 0
	compare := func(name, version string) (found int) {
		got := map[string]bool{}
		for _, g := range d.Match(pkg(name, version)).Groups {
			for _, r := range g.Records {
				got[r.ID] = true
			}
		}
		for _, r := range byName[name] {
			switch want := r.affectedBySpec(name, version); {
			case want && !got[r.ID]:
				missed++
				t.Errorf("%s %s: %s is missed", name, version, r.ID)
			case !want && got[r.ID]:
				extra++
				t.Errorf("%s %s: %s is not of it", name, version, r.ID)
			}
		}
		return len(got)
	}
	pins := pinsOf(all)
	for _, suffix := range []string{"", "+cpu", ".0", ".post1", "rc1"} {
		found := 0
		for name, version := range pins {
			found += compare(name, version+suffix)
		}
		t.Logf("%d pins with %q: %d findings", len(pins), suffix, found)
		if len(pins) < 659 || found < 1500 {
			t.Errorf("%d pins, %d findings: too few to prove anything", len(pins), found)
		}
	}
	checked := 0
	for name, records := range byName {
		versions := map[string]bool{}
		for _, r := range records {
			for _, a := range r.Affected {
				for i, v := range a.Versions {
					versions[v] = i%16 == 0 || versions[v] // a sixteenth of what is listed
				}
				for _, g := range a.Ranges {
					for _, e := range g.Events {
						for _, v := range e {
							versions[v], versions[v+"+cpu"], versions[v+".dev1"] = true, true, true
						}
					}
				}
			}
		}
		for v, use := range versions {
			if use && len(records) < 60 {
				checked++
				compare(name, v)
			}
		}
	}
	t.Logf("%d further versions; %d missed, %d extra", checked, missed, extra)
}
