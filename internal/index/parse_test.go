package index

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestJSONVariants(t *testing.T) {
	at, _ := url.Parse("https://index.example/simple/a/")
	for name, c := range map[string]struct{ text, want string }{
		"unknown keys are skipped": {`{"x":[1,{"y":"\"\\"},null,-1.5e3],"files":[{"filename":"a-1.zip","url":"../a-1.zip","hashes":{},"z":[[]]}]}`, ""},
		"escapes":                  {`{"files":[{"filename":"a-1.zip","url":"\u002e./a-1.zip","requires-python":"\u003e=3"}]}`, ""},
		"later api":                {`{"meta":{"api-version":"2.0"},"files":[]}`, "version"},
		"cut":                      {`{"files":[{"filename":"a-1.zip","ur`, "ends too early"},
		"tail":                     {`{} x`, "more text"},
		"deep":                     {`{"x":` + strings.Repeat("[", 99), "too deeply"},
		"local file":               {`{"files":[{"filename":"a-1.zip","url":"file:///etc/passwd"}]}`, "scheme"},
		"path as a name":           {`{"files":[{"filename":"../a-1.zip","url":"a-1.zip"}]}`, "proper name"},
		"bad size":                 {`{"files":[{"filename":"a-1.zip","url":"a-1.zip","size":-4}]}`, "whole number"},
	} {
		p, err := parseJSON([]byte(c.text), at)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want == "" && p.files[0].URL != "https://index.example/simple/a-1.zip":
			t.Errorf("%s: %+v", name, p.files[0])
		}
	}
}

// PEP 740: an address beside the file, as the page means it, or nothing.
func TestProvenanceIsRead(t *testing.T) {
	at, _ := url.Parse("https://index.example/simple/a/")
	for value, want := range map[string]string{
		`"https://index.example/i/a-1.zip/provenance"`: "https://index.example/i/a-1.zip/provenance",
		`"../../i/a-1.zip/provenance"`:                 "https://index.example/i/a-1.zip/provenance",
		`"https://u:p@index.example/i/a%201.zip"`:      "https://index.example/i/a%201.zip",
		`null`:                              "",
		`true`:                              "",
		`{"url":"https://index.example/i"}`: "",
		`"file:///etc/passwd"`:              "",
		`"http://[::1"`:                     "",
	} {
		p, err := parseJSON([]byte(`{"files":[{"filename":"a-1.zip","url":"a-1.zip","provenance":`+value+`}]}`), at)
		if err != nil || p.files[0].Provenance != want {
			t.Errorf("%s: %+v, %v", value, p, err)
		}
	}
	p, err := parseHTML([]byte(`<a href="a-1.zip" data-provenance="/i/a-1.zip">a</a>`), at)
	if err != nil || p.files[0].Provenance != "https://index.example/i/a-1.zip" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestReadConfig(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "uv.toml"), "index-url = 'https://index.example/uv/'\n[[index]]\nname = 'torch'\nurl = 'https://index.example/torch/'\nexplicit = true\n")
	pip := filepath.Join(home, "pip.conf")
	write(t, pip, "# mine\n[global]\nindex-url = https://index.example/pip/\nfind-links = /wheels https://u:s3cret@index.example/w/\n[install]\nextra-index-url =\n    https://index.example/a/\n    https://index.example/b/\n")

	cfg := readConfig(t, map[string]string{"PIP_CONFIG_FILE": pip}, home, dir)
	if cfg.IndexURL != "https://index.example/pip/" || len(cfg.Extra) != 3 || !cfg.Extra[2].Explicit || cfg.Extra[2].Name != "torch" {
		t.Errorf("%+v", cfg)
	}
	if len(cfg.Notes) != 2 || !strings.Contains(cfg.Notes[0], "find-links /wheels is ignored") || strings.Contains(cfg.Notes[1], "s3cret") {
		t.Errorf("notes %q", cfg.Notes)
	}
	cfg = readConfig(t, map[string]string{"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "UV_INDEX": "in=https://index.example/in/?a=b"}, home, dir)
	if cfg.IndexURL != "https://index.example/uv/" || !cfg.NoIndex || cfg.Extra[0] != (Extra{Name: "in", URL: "https://index.example/in/?a=b"}) {
		t.Errorf("%+v", cfg)
	}
	cfg = readConfig(t, map[string]string{"PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}, home, dir)
	if cfg.IndexURL != DefaultURL() || cfg.Extra != nil {
		t.Errorf("%+v", cfg)
	}
	write(t, pip, "index-url = x\n")
	if _, err := ReadConfig(func(k string) string { return map[string]string{"PIP_CONFIG_FILE": pip}[k] }, home, dir); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
}

// Of pip's files the later one here speaks over the earlier, and a variable over
// all of them.
func TestReadConfigOfPipsPlaces(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the places are those of Linux")
	}
	base := t.TempDir()
	vars := map[string]string{"XDG_CONFIG_DIRS": filepath.Join(base, "machine"), "UV_NO_CONFIG": "1"}
	// What this machine's own /etc says must decide nothing here.
	if files := pipFiles(func(k string) string { return vars[k] }, base); files[0] != filepath.Join(base, "machine/pip/pip.conf") || files[1] != "/etc/pip.conf" {
		t.Errorf("the machine's files: %v", files)
	}
	index := func(name string) string { return "https://index.example/" + name + "/" }
	for _, step := range []struct{ variable, value, file string }{
		{file: "home/.pip/pip.conf"},
		{file: "home/.config/pip/pip.conf"},
		{variable: "XDG_CONFIG_HOME", value: filepath.Join(base, "xdg"), file: "xdg/pip/pip.conf"},
		{variable: "VIRTUAL_ENV", value: filepath.Join(base, "venv"), file: "venv/pip.conf"},
		{variable: "PIP_CONFIG_FILE", value: filepath.Join(base, "chosen.conf"), file: "chosen.conf"},
		{variable: "PIP_INDEX_URL", value: index("variable")},
	} {
		if step.variable != "" {
			vars[step.variable] = step.value
		}
		want := step.value
		if step.file != "" {
			want = index(step.file)
			path := filepath.Join(base, step.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, path, "[global]\nindex-url = "+want+"\ncert = "+step.file+"\n")
		}
		cfg := readConfig(t, vars, filepath.Join(base, "home"), "")
		if cfg.IndexURL != want || step.file != "" && cfg.CertFile != step.file {
			t.Errorf("%s%s: %+v", step.variable, step.file, cfg)
		}
	}
}

func TestLoginsOfTheEnvironment(t *testing.T) {
	vars := map[string]string{"UV_INDEX_IN_HOUSE_USERNAME": "u", "UV_INDEX_IN_HOUSE_PASSWORD": "p w", "SNUG_INDEX_GPU_PASSWORD": "token", "SNUG_INDEX_OWN_USERNAME": "x"}
	cfg := Config{IndexURL: "https://index.example/in/", Extra: []Extra{
		{Name: "in-house", URL: "https://index.example/in/", Explicit: true}, {Name: "gpu", URL: "https://index.example/gpu/"},
		{Name: "own", URL: "https://me:mine@index.example/own/"}, {Name: "open", URL: "https://index.example/open/"}}}
	got := cfg.WithLogins(func(k string) string { return vars[k] })
	want := []string{"https://u:p%20w@index.example/in/", "https://u:p%20w@index.example/in/", "https://:token@index.example/gpu/", "https://me:mine@index.example/own/", "https://index.example/open/"}
	if urls := append([]string{got.IndexURL}, extraURLs(got.Extra)...); !slices.Equal(urls, want) {
		t.Errorf("got %q\nwant %q", urls, want)
	}
	if cfg.Extra[0].URL != "https://index.example/in/" {
		t.Error("the configuration itself was changed")
	}
}

func TestReadConfigOfUvProject(t *testing.T) {
	home, top := t.TempDir(), t.TempDir()
	dir := filepath.Join(top, "member")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"PIP_CONFIG_FILE": "/dev/null", "XDG_CONFIG_HOME": home}
	const said = "[[tool.uv.index]]\nname = 'in'\nurl = 'https://index.example/in/'\n[[tool.uv.index]]\nname = 'main'\nurl = 'https://index.example/main/'\ndefault = true\n"
	write(t, filepath.Join(top, "pyproject.toml"), said)

	cfg := readConfig(t, vars, home, dir)
	if cfg.IndexURL != "https://index.example/main/" || len(cfg.Extra) != 2 || cfg.PackageIndex != nil || cfg.Notes != nil {
		t.Errorf("from above: %+v", cfg)
	}
	write(t, filepath.Join(dir, "pyproject.toml"), said)
	cfg = readConfig(t, vars, home, dir)
	if cfg.IndexURL != "https://index.example/main/" || len(cfg.Extra) != 2 {
		t.Errorf("from here: %+v", cfg)
	}
	write(t, filepath.Join(dir, "uv.toml"), "index-url = 'https://index.example/own/'\n")
	if cfg = readConfig(t, vars, home, dir); cfg.IndexURL != "https://index.example/own/" {
		t.Errorf("uv.toml beside [tool.uv]: %+v", cfg)
	}
	vars["UV_CONFIG_FILE"] = filepath.Join(top, "none")
	if cfg = readConfig(t, vars, home, dir); cfg.IndexURL != DefaultURL() || cfg.Extra != nil {
		t.Errorf("UV_CONFIG_FILE: %+v", cfg)
	}
}

func readConfig(t *testing.T, vars map[string]string, home, dir string) Config {
	t.Helper()
	cfg, err := ReadConfig(func(k string) string { return vars[k] }, home, dir)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
