//go:build live

package resolve

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/pep440"
)

// liveDay is what the live tests see of the index.
var liveDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func liveIndex(t *testing.T) *index.Client {
	t.Helper()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := index.ReadConfig(os.Getenv, home, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg.AsOf = liveDay
	f, err := fetch.New(fetch.Options{Env: os.Getenv, CacheDir: t.TempDir(), CertFile: cfg.CertFile, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return index.New(f, cfg, t.TempDir())
}

// TestLiveLists resolves lists that are hard, each in its own way, as of a fixed
// day and for three targets; Resolve itself checks every lock. want holds what
// another good resolver took that day for Linux; a list without an answer has
// the reason.
func TestLiveLists(t *testing.T) {
	client := liveIndex(t)
	python, err := pep440.Parse("3.13.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		asks    string
		targets []string
		want    string
		refused string
	}{
		{"django & celery[redis] & sentry-sdk & boto3 & urllib3<2", three, "urllib3 1.26.20", ""},
		{"numpy & pandas & scikit-learn & pyarrow", three, "", ""},
		{"jupyterlab", three, "", ""},
		{"starlette<=0.36.0 & fastapi<=0.115.2", three[:1], "fastapi 0.109.1, starlette 0.35.1", ""},
		{"apache-airflow[celery,postgres,redis] & snowflake-connector-python & pandas", three[:1], "kombu 5.6.2, redis 6.4.0", ""},
		{"opentelemetry-instrumentation-requests & opentelemetry-exporter-otlp", three, "", ""},
		{"attrs==21.1.0", three, "attrs 21.1.0", ""}, // yanked
		{"numba==0.56", three[:1], "", "numba 0.56.0 cannot be used: no wheel for linux-x86_64 and Python 3.13.1"},
		{"requests==2.25.1 & urllib3>=2", three, "", "requests 2.25.1 needs urllib3<1.27,>=1.21.1"},
	} {
		t.Run(c.asks, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			in := input(t, asks(t, c.asks), client, c.targets...)
			in.AsOf = liveDay
			for i := range in.Targets {
				in.Targets[i].Python = python
			}
			l, err := Resolve(ctx, in)
			if c.refused != "" {
				if fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ", " + versions(t, l, in, 0, "prod") + ","
			for want := range strings.SplitSeq(c.want, ", ") {
				if want != "" && !strings.Contains(got, ", "+want+",") {
					t.Errorf("%s is not in %s", want, got)
				}
			}
			for i := range in.Targets {
				t.Logf("%s: %s", in.Targets[i].Target, versions(t, l, in, i, "prod"))
			}
		})
	}
}
