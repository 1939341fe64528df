//go:build live

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A project whose dependency comes only as its sources is built without a word of
// configuration, and what was signed about it holds.
func TestLiveSdistOnly(t *testing.T) {
	dir := t.TempDir()
	writeManifest(t, dir, "[project]\nname = \"crontab\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"oncalendar==1.1\"]\n")
	liveSnug(t, dir, "build", "--prove")
	for _, name := range []string{"prod", "test", "dev"} {
		if out := liveSnug(t, dir, "run", name, "--", "python", "-c", "import oncalendar; print(oncalendar.__name__)"); !strings.Contains(out, "oncalendar") {
			t.Errorf("%s: %s", name, out)
		}
	}
	liveSnug(t, dir, "provenance", "verify", "--offline")
}

// The shop, with every package built from source: on a prebuilt Python, and on one
// that is built from source too where SNUG_PYTHON_SOURCES names CPython's sources.
func TestLiveShopFromSource(t *testing.T) {
	t.Run("prebuilt", func(t *testing.T) { shopFromSource(t, `python = "3.13"`) })
	t.Run("source", func(t *testing.T) {
		if os.Getenv("SNUG_PYTHON_SOURCES") == "" {
			t.Skip("SNUG_PYTHON_SOURCES names no folder or address with CPython's sources: building it takes minutes")
		}
		shopFromSource(t, `python = { version = "3.13", build = "source" }`+"\npython-sources = '"+os.Getenv("SNUG_PYTHON_SOURCES")+"'")
	})
}

func shopFromSource(t *testing.T, python string) {
	dir := example(t, "shop")
	manifest, err := os.ReadFile(filepath.Join(dir, "pyproject.toml"))
	if err != nil {
		t.Fatal(err)
	}
	writeManifest(t, dir, strings.Replace(string(manifest), "[tool.snug]\n", "[tool.snug]\n"+python+"\nbuild = { from-source = [\":all:\"] }\n", 1))
	liveSnug(t, dir, "build", "--prove")
	liveSnug(t, dir, "run", "test", "--", "pytest", "-q")
	liveSnug(t, dir, "verify", "prod")
	liveSnug(t, dir, "provenance", "verify", "--offline")
	locked, err := os.ReadFile(filepath.Join(dir, "pylock.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if before, _, _ := strings.Cut(string(locked), "[tool.snug]"); strings.Contains(before, "wheels") {
		t.Errorf("a wheel is locked:\n%s", before)
	}
}

func writeManifest(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
