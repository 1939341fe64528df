//go:build live

package cli

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/finding"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// advisoryZip is the advisory database of October 2024, which is not part of the
// project.
func advisoryZip(t *testing.T) string {
	t.Helper()
	path := filepath.Join(repository(), "..", "shared", "advisories", "pypa-2024-10-10.zip")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the advisory database of October 2024 is not here: " + path)
	}
	return path
}

// osvRecord is as much of a record as the stand-in needs.
type osvRecord struct {
	ID        string
	Aliases   []string
	Withdrawn string
	Affected  []struct {
		Package struct{ Name string }
		Ranges  []struct {
			Type   string
			Events []map[string]string
		}
		Versions []string
	}
	raw json.RawMessage
}

// osvByName are the records that are not withdrawn, by normalised name.
func osvByName(t *testing.T) map[string][]osvRecord {
	t.Helper()
	z, err := zip.OpenReader(advisoryZip(t))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string][]osvRecord{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		var record osvRecord
		if err := errors.Join(err, json.Unmarshal(data, &record)); err != nil {
			t.Fatal(err)
		}
		if record.raw = data; record.Withdrawn != "" {
			continue
		}
		for _, a := range record.Affected {
			name := pep508.NormalizeName(a.Package.Name)
			out[name] = append(out[name], record)
		}
	}
	return out
}

// lists tells whether a record lists the version, in any spelling.
func (r osvRecord) lists(name string, v pep440.Version) bool {
	for _, a := range r.Affected {
		if pep508.NormalizeName(a.Package.Name) != name {
			continue
		}
		for _, text := range a.Versions {
			if w, err := pep440.Parse(text); err == nil && w.Compare(v) == 0 {
				return true
			}
		}
	}
	return false
}

// osvAPI answers queries with the records that list the version: no range is
// evaluated, and no code of snug decides.
func osvAPI(t *testing.T, byName map[string][]osvRecord) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var q struct {
			Package struct{ Name string }
			Version string
		}
		if err := json.NewDecoder(req.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		v, err := pep440.Parse(q.Version)
		if err != nil {
			t.Error(err)
		}
		answer := map[string][]json.RawMessage{}
		name := pep508.NormalizeName(q.Package.Name)
		for _, r := range byName[name] {
			if r.lists(name, v) {
				answer["vulns"] = append(answer["vulns"], r.raw)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// vulnerablePins are, for each package, the version that most records list, of several
// the newest.
func vulnerablePins(byName map[string][]osvRecord) []string {
	var out []string
	for name, records := range byName {
		counts := map[string]int{}
		for _, r := range records {
			for _, a := range r.Affected {
				for _, text := range a.Versions {
					if pep508.NormalizeName(a.Package.Name) == name {
						counts[text]++
					}
				}
			}
		}
		best, newest := "", pep440.Version{}
		for text, n := range counts {
			v, err := pep440.Parse(text)
			if err == nil && (best == "" || n > counts[best] || n == counts[best] && v.Compare(newest) > 0) {
				best, newest = text, v
			}
		}
		if best != "" {
			out = append(out, name+"=="+best)
		}
	}
	slices.Sort(out)
	return out
}

// told are the names of one finding: its id and aliases.
type told map[string]bool

// The same findings as pip-audit's, on one vulnerable pin for each package of the
// data. What differs is counted by its reason: pip-audit tells a hole twice where
// two records of it share no alias, and a hole that no record lists, but a range has,
// was never sent to it.
func TestLiveAuditBesidePipAudit(t *testing.T) {
	byName := osvByName(t)
	pins := vulnerablePins(byName)
	dir := t.TempDir()
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, []byte(strings.Join(pins, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	theirs := pipAudit(t, dir, list, osvAPI(t, byName))
	ours := audited(t, dir, list)
	twice, byRange, same := 0, 0, 0
	for name, findings := range ours {
		matched := map[int]bool{}
		for _, f := range findings {
			n := 0
			for i, ids := range theirs[name] {
				if slices.ContainsFunc(ids, func(id string) bool { return f[id] }) {
					n++
					matched[i] = true
				}
			}
			switch {
			case n == 1:
				same++
			case n > 1:
				twice += n - 1
				same++
				t.Logf("%s: pip-audit tells %d times what is one hole by its aliases: %v", name, n, slices.Sorted(maps.Keys(f)))
			default:
				if slices.ContainsFunc(byName[name], func(r osvRecord) bool { return f[r.ID] && r.lists(name, pinOf(t, pins, name)) }) {
					t.Errorf("%s: pip-audit does not tell %v, which a record lists", name, f)
				}
				byRange++
				t.Logf("%s: no record lists the version, but a range of these has it: %v", name, slices.Sorted(maps.Keys(f)))
			}
		}
		for i, ids := range theirs[name] {
			if !matched[i] {
				t.Errorf("%s: only pip-audit tells %v", name, ids)
			}
		}
	}
	for name := range theirs {
		if ours[name] == nil {
			t.Errorf("only pip-audit tells of %s", name)
		}
	}
	t.Logf("%d pins: %d findings are the same; %d are told twice by pip-audit; %d are in a range and not listed", len(pins), same, twice, byRange)
	if same < 2000 {
		t.Errorf("%d findings are the same: too few to mean anything", same)
	}
}

func pinOf(t *testing.T, pins []string, name string) pep440.Version {
	t.Helper()
	for _, pin := range pins {
		if n, text, _ := strings.Cut(pin, "=="); n == name {
			v, err := pep440.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatal("no pin of " + name)
	return pep440.Version{}
}

// pipAudit is what pip-audit 2.10.1 tells, by package: of each hole the aliases, and
// its id at the end.
func pipAudit(t *testing.T, dir, list, api string) map[string][][]string {
	t.Helper()
	venv := filepath.Join(dir, "venv")
	for _, args := range [][]string{{"python3", "-m", "venv", venv}, {filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "-q", "pip-audit==2.10.1"}} {
		if out, err := bounded(t, args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	cmd := bounded(t, filepath.Join(venv, "bin", "pip-audit"), "-r", list, "--no-deps", "--disable-pip", "-s", "osv", "--osv-url", api, "-f", "json", "--progress-spinner", "off", "--cache-dir", filepath.Join(dir, "cache"))
	out, err := cmd.Output()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 1 {
		t.Fatalf("pip-audit: %v", err)
	}
	var report struct {
		Dependencies []struct {
			Name  string
			Vulns []struct {
				ID      string
				Aliases []string
			}
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	all := map[string][][]string{}
	for _, d := range report.Dependencies {
		name := pep508.NormalizeName(d.Name)
		for _, v := range d.Vulns {
			all[name] = append(all[name], append(v.Aliases, v.ID))
		}
	}
	return all
}

// audited is what snug tells, by package.
func audited(t *testing.T, dir, list string) map[string][]told {
	t.Helper()
	code, out := liveAudit(t, dir, "audit", list, "--advisories", advisoryZip(t), "--json")
	if code != 1 {
		t.Fatalf("exit code %d", code)
	}
	all := map[string][]told{}
	for line := range strings.Lines(out) {
		var f finding.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if f.Class != finding.Vulnerability {
			continue
		}
		names := told{f.ID: true}
		for _, alias := range f.Aliases {
			names[alias] = true
		}
		all[f.Package] = append(all[f.Package], names)
	}
	return all
}

// The SARIF of a real audit is valid by Microsoft's multitool, by the rules of
// code scanning too.
func TestLiveSARIFIsValid(t *testing.T) {
	data, dir := advisoryZip(t), t.TempDir()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skipf("SARIF is not held to Microsoft's multitool, which npm installs: %v", err)
	}
	install := bounded(t, "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "--cache", filepath.Join(dir, "cache"), "@microsoft/sarif-multitool@5.7.0")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm: %v\n%s", err, out)
	}
	tool := filepath.Join(dir, "node_modules", "@microsoft", "sarif-multitool-linux", "Sarif.Multitool")
	if err := os.Chmod(tool, 0o755); err != nil {
		t.Fatal(err)
	}
	_, out := liveAudit(t, filepath.Join(repository(), "examples", "legacy"), "audit", "pylock.toml", "--advisories", data, "--sarif")
	log := filepath.Join(dir, "snug.sarif")
	if err := os.WriteFile(log, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	check := bounded(t, tool, "validate", log, "--output", filepath.Join(dir, "found.sarif"), "--rule-kind", "Sarif;Ghas")
	check.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	said, err := check.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "Analysis completed successfully") || strings.Contains(string(said), ": error ") {
		t.Errorf("%v\n%s", err, said)
	}
}
