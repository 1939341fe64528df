//go:build live

package cli

import (
	"context"
	"os"
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
	d, err := advisory.Load(t.Context(), advisoryZip(t), time.Now())
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
	var got []string
	for name, holes := range pipAudit(t, dir, list, s.URL()+"/v1/query") {
		for _, ids := range holes {
			got = append(got, name+" "+ids[len(ids)-1])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("pip-audit found %d, snug %d\n%v\n%v", len(got), len(want), got, want)
	}
}
