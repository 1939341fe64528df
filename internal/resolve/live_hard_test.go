//go:build live

package resolve

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snug/internal/index"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// countingReads counts the metadata that is asked for.
type countingReads struct {
	Source
	reads atomic.Int64
}

func (c *countingReads) Metadata(ctx context.Context, l *index.Listing, f index.File) ([]byte, error) {
	c.reads.Add(1)
	return c.Source.Metadata(ctx, l, f)
}

// TestLiveHardGraphs resolves graphs on which resolvers take long or end in
// versions of ten years ago, for three targets. What is decisive must be modern
// (least), and the metadata that was read bounded. A list without an answer says
// what is to blame.
func TestLiveHardGraphs(t *testing.T) {
	client := liveIndex(t)
	for _, c := range []struct {
		name, asks string
		targets    []string
		least      string
		reads      int64
		refused    string
		python     string
	}{
		{"boto3 and an old urllib3", "boto3 & urllib3<2", three, "boto3>=1.43, urllib3>=1.26.20", 150, "", ""},
		{"all of boto's family", "boto3 & botocore & s3transfer & aiobotocore & s3fs & awscli & urllib3<2", three, "boto3>=1.43.100, aiobotocore>=3.10, s3fs>=2026.9", 1500, "", ""},
		{"numba, numpy first", "numpy & numba", three, "numba>=0.68, numpy>=2.5, llvmlite>=0.50", 60, "", ""},
		{"numba and an old pandas", "numpy & scikit-learn & pandas<2.3 & numba & llvmlite & sparse & dask[complete] & xarray", three, "numba>=0.68, sparse>=0.19, scikit-learn>=1.9", 500, "", ""},
		{"beam and dill", "apache-beam & dill", three, "apache-beam>=2.77, dill>=0.4.1", 400, "", ""},
		{"starlette and fastapi", "starlette & fastapi", three, "fastapi>=0.162, starlette>=1.10", 100, "", ""},
		{"bounded starlette and fastapi", "starlette<=0.36.0 & fastapi<=0.115.2", three, "fastapi>=0.109.1, starlette>=0.35.1", 150, "", ""},
		{"tensorflow and keras", "tensorflow & keras", three, "tensorflow>=2.21, keras>=3.15", 300, "", ""},
		{"jupyterlab", "jupyterlab", three, "jupyterlab>=4.6.5", 400, "", ""},
		{"dbt and adapters", "dbt-core & dbt-postgres & dbt-snowflake & dbt-bigquery & dbt-redshift & dbt-databricks", three, "dbt-core>=1.12, dbt-snowflake>=1.12, pandas>=3", 1500, "", ""},
		{"opentelemetry contrib", strings.Join(otel, " & "), three, "opentelemetry-sdk>=1.43, opentelemetry-instrumentation>=0.64b0", 1500, "", ""},
		{"langchain and plugins", strings.Join(langchain, " & "), three, "langchain>=1.4.7, langchain-core>=1.7, numpy>=2.5", 2500, "", ""},
		{"machine learning in one place", "streamlit & gradio & transformers[torch] & accelerate & datasets & spacy & ray[default] & mlflow", three, "streamlit>=1.66, transformers>=5.22, torch>=2.11", 2500, "", ""},
		{"a service of a hundred", strings.Join(service, " & "), three, "django>=6, sentry-sdk>=2.60, pandas>=3", 2500, "", ""},
		{"a list of pins", strings.Join(pins, " & "), three, "aiohttp>=3.14.5, zeroconf>=0.151.5", 300, "", "3.14.6"},
		{"airflow with all extras", "apache-airflow[all]", three[:1], "", 25_000, "only an sdist", ""},
		{"beam of an old dill", "apache-beam & dill<0.3.2", three[:1], "", 400, "dill 0.2a1 … 0.3.1.1 (18 versions) cannot be used: it has only an sdist", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			source := &countingReads{Source: client}
			in := input(t, asks(t, c.asks), source, c.targets...)
			in.AsOf = liveDay
			python, err := pep440.Parse(cmp.Or(c.python, "3.13.1"))
			if err != nil {
				t.Fatal(err)
			}
			for i := range in.Targets {
				in.Targets[i].Python = python
			}
			start := time.Now()
			l, err := Resolve(ctx, in)
			t.Logf("%d metadata files, %.1f s", source.reads.Load(), time.Since(start).Seconds())
			if source.reads.Load() > c.reads {
				t.Errorf("more than %d were read", c.reads)
			}
			var conflict *Conflict
			if c.refused != "" {
				if !errors.As(err, &conflict) || !strings.Contains(whole(conflict), c.refused) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			modern(t, l, c.least)
			for _, p := range l.Packages {
				if len(p.Notes) > 0 {
					t.Logf("%s %s: %s", p.Name, p.Version, strings.Join(p.Notes, "; "))
				}
			}
		})
	}
}

// whole is a conflict with all of its facts.
func whole(c *Conflict) string {
	var out []string
	for _, f := range c.Facts {
		out = append(out, f.String())
	}
	return strings.Join(out, "\n")
}

// modern holds every version of a lock to lower bounds.
func modern(t *testing.T, l *lock.Lock, least string) {
	t.Helper()
	for text := range strings.SplitSeq(least, ", ") {
		q, err := pep508.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, p := range l.Packages {
			if p.Name == q.Key() {
				found = true
				if !admits(q, p.Version) {
					t.Errorf("%s %s, not %s", p.Name, p.Version, q)
				}
			}
		}
		if !found {
			t.Errorf("%s is not locked", q.Name)
		}
	}
}

// otel is a list of the OpenTelemetry contrib packages.
var otel = []string{
	"opentelemetry-distro", "opentelemetry-exporter-otlp", "opentelemetry-instrumentation-requests", "opentelemetry-instrumentation-django",
	"opentelemetry-instrumentation-flask", "opentelemetry-instrumentation-fastapi", "opentelemetry-instrumentation-celery",
	"opentelemetry-instrumentation-redis", "opentelemetry-instrumentation-psycopg2", "opentelemetry-instrumentation-sqlalchemy",
	"opentelemetry-instrumentation-aiohttp-client", "opentelemetry-instrumentation-asyncpg", "opentelemetry-instrumentation-boto3sqs",
	"opentelemetry-instrumentation-botocore", "opentelemetry-instrumentation-grpc", "opentelemetry-instrumentation-httpx",
	"opentelemetry-instrumentation-jinja2", "opentelemetry-instrumentation-kafka-python", "opentelemetry-instrumentation-logging",
	"opentelemetry-instrumentation-pika", "opentelemetry-instrumentation-pymongo", "opentelemetry-instrumentation-pymysql",
	"opentelemetry-instrumentation-sqlite3", "opentelemetry-instrumentation-starlette", "opentelemetry-instrumentation-system-metrics",
	"opentelemetry-instrumentation-tornado", "opentelemetry-instrumentation-urllib3", "opentelemetry-instrumentation-wsgi",
	"opentelemetry-instrumentation-asgi", "opentelemetry-instrumentation-dbapi", "opentelemetry-instrumentation-elasticsearch",
}

// langchain is a framework with many of its plugins.
var langchain = []string{
	"langchain", "langchain-openai", "langchain-anthropic", "langchain-community", "langchain-aws", "langchain-google-genai",
	"langchain-google-vertexai", "langchain-mistralai", "langchain-huggingface", "langchain-chroma", "langchain-pinecone", "langchain-postgres",
	"langchain-text-splitters", "langchain-experimental", "langgraph", "langsmith",
}

// service is what a large web service asks for.
var service = []string{
	"django", "djangorestframework", "celery", "kombu", "redis", "boto3", "botocore", "sentry-sdk", "sentry-arroyo", "sentry-kafka-schemas",
	"sentry-relay; sys_platform == 'linux'", "sentry-protos", "snuba-sdk", "symbolic; sys_platform == 'linux'", "sqlparse", "statsd", "structlog",
	"tiktoken", "toronado", "ua-parser", "unidiff", "urllib3[brotli]<2", "uuid-utils", "xmlsec", "zstandard>=0.18", "msgspec", "confluent-kafka",
	"croniter", "cssselect", "cssutils", "cryptography", "datadog>=0.49", "djangorestframework", "drf-spectacular", "email-reply-parser", "fido2",
	"google-api-core", "google-auth", "google-cloud-bigtable", "google-cloud-build", "google-cloud-core", "google-cloud-functions", "google-cloud-kms",
	"google-cloud-pubsub", "google-cloud-spanner", "google-cloud-storage", "googleapis-common-protos", "google-crc32c", "grpcio", "grpc-google-iam-v1",
	"isodate", "iso3166", "jsonschema", "lxml", "maxminddb", "milksnake", "mistune", "mmh3", "openai", "orjson", "packaging", "parsimonious", "petname",
	"phonenumberslite", "pillow", "progressbar2", "protobuf", "proto-plus", "psutil", "psycopg2-binary", "pyjwt", "pydantic", "python-dateutil",
	"python3-saml", "python-rapidjson", "pytz", "pyyaml", "querystring-parser", "rb", "requests", "requests-file", "requests-oauthlib",
	"rfc3339-validator", "rfc3986-validator", "sentry-ophio; sys_platform == 'linux'", "sentry-redis-tools", "sentry-usage-accountant", "simplejson",
	"slack-sdk", "tokenizers", "stripe", "p4python", "beautifulsoup4", "brotli", "cachetools", "click", "django-crispy-forms", "django-csp",
	"django-pg-zero-downtime-migrations", "django-recaptcha", "fastapi", "httpx", "pandas", "scipy", "jinja2", "markdown", "sqlalchemy", "alembic",
	"uvicorn", "gunicorn", "pytest", "pytest-django", "pytest-xdist", "mypy", "ruff", "black", "responses", "freezegun",
}

// pins are what a home automation hub asks for.
var pins = []string{
	"aiodns==4.0.4", "aiogithubapi==26.0.0", "aiohttp==3.14.5", "aiohttp_cors==0.8.1", "aiohttp-fast-zlib==0.3.0", "aiohttp-asyncmdnsresolver==0.2.0",
	"aiozoneinfo==0.2.3", "annotatedyaml==1.0.2", "astral==2.2", "async-interrupt==1.2.2", "attrs==26.1.0", "atomicwrites-homeassistant==1.4.1",
	"audioop-lts==0.2.2", "awesomeversion==25.8.0", "bcrypt==5.0.0", "certifi>=2021.5.30", "ciso8601==2.3.3", "cronsim==2.7", "fnv-hash-fast==2.0.3",
	"hass-nabucasa==2.7.0", "httpx==0.28.1", "ifaddr==0.2.0", "Jinja2==3.1.6", "lru-dict==1.4.1", "PyJWT==2.15.1", "cryptography==50.0.1",
	"Pillow==12.3.0", "propcache==0.5.4", "pyopenssl==26.4.0", "orjson==3.11.9", "packaging>=23.1", "psutil-home-assistant==0.0.1",
	"python-slugify==9.1.2", "PyYAML==6.0.3", "requests==2.34.2", "securetar==2026.4.1", "SQLAlchemy==2.0.54", "standard-aifc==3.13.0",
	"standard-telnetlib==3.13.0", "typing-extensions<5.0,>=4.16.0", "ulid-transform==2.2.9", "urllib3>=2.0", "probatio==0.13.0", "yarl==1.25.1",
	"webrtc-models==0.3.0", "zeroconf==0.151.5",
}
