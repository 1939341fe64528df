package manifest

import (
	"strings"
	"testing"

	"snug/internal/cooldown"
)

func TestToBuild(t *testing.T) {
	p, err := loadText(t, standard+"[tool.snug]\nmin-age = '7d'\nindex-url = 'https://index.example/simple/'\nconstraints = ['setuptools<60']\nexclude = ['wheel']\nresolution = 'lowest'\nbuild.never = ['numpy']\n")
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.ToBuild("build", "oncalendar 1.0", []string{"setuptools >=61", "wheel; os_name == 'nt'"})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Runtimes) != 1 || b.Runtimes[0].Name != "build" || b.Local != nil || len(b.Constraints)+len(b.Excludes) > 0 || b.Strategy != (Strategy{}) {
		t.Errorf("got %+v", b)
	}
	expect(t, "requirements", texts(b.Runtimes[0].Requirements), []string{"setuptools>=61", `wheel; os_name == "nt"`})
	if b.IndexURL != p.IndexURL || b.MinAge.Default != days(7) || b.MinAge.Default == cooldown.Age(0) || !b.Build.Barred("numpy") {
		t.Errorf("where packages come from is lost: %+v", b)
	}
	if _, err := p.ToBuild("build", "oncalendar 1.0", []string{"a b"}); err == nil || !strings.Contains(err.Error(), "what oncalendar 1.0 is built with: ") {
		t.Errorf("got %v", err)
	}
}
