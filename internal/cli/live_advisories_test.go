//go:build live

package cli

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snug/internal/advisory"
	"snug/internal/component"
	"snug/internal/osvapi"
)

// pip-audit, asked to use what `snug advisories serve` serves, finds what snug finds.
func TestLivePipAudit(t *testing.T) {
	const data = "../../../shared/advisories/pypa-2024-10-10.zip"
	if _, err := os.Stat(data); err != nil {
		t.Skip("the advisory database of October 2024 is not here: " + data)
	}
	d, err := advisory.Load(t.Context(), data, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := osvapi.Listen("127.0.0.1:0", d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	dir := t.TempDir()
	python := filepath.Join(dir, "venv", "bin", "python")
	for _, argv := range [][]string{{"python3", "-m", "venv", filepath.Join(dir, "venv")}, {python, "-m", "pip", "install", "-q", "pip-audit==2.10.1"}} {
		if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	pins := map[string]string{"django": "4.2.1", "requests": "2.30.0", "pillow": "9.5.0", "cryptography": "41.0.1", "jinja2": "3.1.2", "aiohttp": "3.8.4", "urllib3": "1.26.15", "werkzeug": "2.2.2", "certifi": "2022.12.7", "idna": "3.4"}
	var lines, want []string
	for name, version := range pins {
		lines = append(lines, name+"=="+version)
		for _, g := range d.Match(component.Component{Class: component.Package, Name: name, Version: version}).Groups {
			want = append(want, name+" "+g.ID)
		}
	}
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	audit := exec.CommandContext(t.Context(), python, "-m", "pip_audit", "-r", list, "--no-deps", "--disable-pip", "-s", "osv", "--osv-url", s.URL()+"/v1/query",
		"-f", "json", "--progress-spinner", "off", "--cache-dir", filepath.Join(dir, "cache"))
	out, err := audit.Output() // which fails where it finds something
	var said struct {
		Dependencies []struct {
			Name  string
			Vulns []struct{ ID string }
		}
	}
	if jsonErr := json.Unmarshal(out, &said); jsonErr != nil {
		t.Fatalf("%v %v\n%s", err, jsonErr, out)
	}
	var got []string
	for _, dep := range said.Dependencies {
		for _, v := range dep.Vulns {
			got = append(got, dep.Name+" "+v.ID)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("pip-audit found %d, snug %d\n%v\n%v", len(got), len(want), got, want)
	}
}
