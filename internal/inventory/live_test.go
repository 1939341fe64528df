//go:build live

package inventory

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

	"snug/internal/archive"
	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/fetch"
	"snug/internal/index"
	"snug/internal/interp"
	"snug/internal/pytag"
	"snug/internal/wheel"
)

func liveClient(t *testing.T, cfg index.Config) *fetch.Client {
	t.Helper()
	client, err := fetch.New(fetch.Options{Env: os.Getenv, CacheDir: t.TempDir(), CertFile: cfg.CertFile, Now: time.Now, UserAgent: "snug-test"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// askLibraries is what a Python knows of the libraries that it runs with.
const askLibraries = `
import json, platform
out = {"cpython": platform.python_version()}
def add(name, version):
    try: out[name] = version()
    except Exception: pass
def ssl():
    import ssl; return ssl.OPENSSL_VERSION.split()[1]
def sqlite():
    import sqlite3; return sqlite3.sqlite_version
def zlib():
    import zlib; return zlib.ZLIB_RUNTIME_VERSION
def expat():
    import pyexpat; return pyexpat.EXPAT_VERSION.split("_")[1]
def mpdecimal():
    import _decimal; return _decimal.__libmpdec_version__
def ncurses():
    import curses; return "%d.%d" % curses.ncurses_version[:2]
def tcl():
    import tkinter; return tkinter.Tcl().call("info", "patchlevel")
def zstd():
    from compression import zstd; return zstd.zstd_version
for name, f in dict(openssl=ssl, sqlite=sqlite, zlib=zlib, expat=expat, mpdecimal=mpdecimal, ncurses=ncurses, tcl=tcl, zstd=zstd).items(): add(name, f)
print(json.dumps(out))`

// saidBy runs the Python and asks it.
func saidBy(t *testing.T, exe string) map[string]string {
	t.Helper()
	cmd := exec.Command(exe, "-I", "-c", askLibraries)
	cmd.Env, cmd.Dir = []string{"PATH=/usr/bin:/bin"}, t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", exe, err)
	}
	said := map[string]string{}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// holdInterpreter reads the interpreter below prefix and compares what is told with what
// it says itself. Libraries that it loads from elsewhere are not inside: whole asks for all.
func holdInterpreter(t *testing.T, prefix, exe string, whole bool) {
	t.Helper()
	all, err := walked(t.Context(), os.DirFS(prefix))
	if err != nil {
		t.Fatal(err)
	}
	lib, ok := all.stdlib()
	if !ok {
		t.Fatalf("%s: no interpreter", prefix)
	}
	facts, err := all.python(lib).interpreter(t.Context(), lib)
	if err != nil {
		t.Fatal(err)
	}
	said := saidBy(t, exe)
	found := map[string][]string{"cpython": {facts.Package.Version}}
	for _, c := range facts.Components {
		if !strings.HasSuffix(c.Paths[0], ".exe") { // old distutils has installers for Windows, with a zlib of their own
			found[c.Name] = append(found[c.Name], c.Version)
		}
	}
	sure := []string{"cpython", "openssl", "sqlite", "zlib", "expat"} // of others a version may be left out
	for name, version := range said {
		told := slices.DeleteFunc(slices.Clone(found[name]), func(v string) bool { return v == "" })
		wrong := len(told) > 0 && !slices.Equal(told, []string{version})
		if wrong || whole && len(found[name]) == 0 || whole && len(told) == 0 && slices.Contains(sure, name) {
			t.Errorf("%s: %s is told as %q, and it says %s itself", prefix, name, found[name], version)
		}
	}
	t.Logf("%s: found %v, it says %v; %q", facts.Package.Version, found, said, facts.Notes)
}

// Every prebuilt interpreter holds exactly the versions that it says it runs with.
func TestLivePrebuiltInterpreters(t *testing.T) {
	host, err := pytag.Host()
	if err != nil {
		t.Skip(err)
	}
	source := interp.NewModule(t.Context(), liveClient(t, index.Config{}), os.Getenv)
	list, err := source.List(t.Context(), host)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d interpreters, %v", len(list), err)
	}
	for _, i := range list {
		dir := t.TempDir()
		if err := source.Fetch(t.Context(), i, dir, nil); err != nil {
			t.Fatal(err)
		}
		holdInterpreter(t, dir, filepath.Join(dir, "bin", "python3"), true)
	}
}

// Of the Pythons of this machine that lie in a folder of their own, nothing is told that
// they do not say too.
func TestLiveFoundInterpreters(t *testing.T) {
	host, err := pytag.Host()
	if err != nil {
		t.Skip(err)
	}
	list, err := interp.NewFound(os.Getenv).List(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, i := range list {
		prefix := filepath.Dir(filepath.Dir(i.ID))
		if prefix == "/usr" || prefix == "/usr/local" || prefix == "/" {
			continue // a distribution's, among everything else
		}
		holdInterpreter(t, prefix, i.ID, false)
		held++
	}
	if held == 0 {
		t.Skip("no Python of this machine lies in a folder of its own")
	}
}

// liveWheels are real wheels and the versions in them, as their projects, their own
// bills of materials or they themselves, when they run, tell them.
var liveWheels = []struct{ file, inside string }{
	{"cryptography-42.0.5-cp39-abi3-manylinux_2_28_x86_64.whl", "openssl 3.2.1"},
	{"cryptography-45.0.4-cp311-abi3-manylinux_2_28_x86_64.whl", "openssl 3.5.0"},
	{"psycopg2_binary-2.9.10-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "cyrus-sasl 2.1.28, krb5 1.15.1, openldap, openssl 1.1.1w, pcre 8.32, postgresql"},
	{"lxml-6.0.2-cp313-cp313-manylinux_2_26_x86_64.manylinux_2_28_x86_64.whl", "libxml2 2.14.6, libxslt 1.1.43, zlib 1.3.1"},
	{"numpy-2.2.6-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "openblas 0.3.29"},
	{"pillow-12.0.0-cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
		"aom 3.12.1, brotli 1.1.0, bzip2 1.0.8, dav1d 1.5.1, freetype, harfbuzz 12.1.0, lcms2, libavif 1.3.0, libjpeg-turbo 3.1.2, libpng 1.6.50, libtiff 4.7.1, libwebp, openjpeg 2.5.4, xz 5.8.1, zstd 1.5.7"},
	{"pycurl-7.45.6-cp313-cp313-manylinux_2_28_x86_64.whl", "brotli 1.1.0, curl 8.12.1, krb5 1.21.3, libssh2 1.11.1, nghttp2 1.64.0, openssl 3.4.1"},
	{"apsw-3.49.1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "sqlite 3.49.1"},
	{"uvloop-0.21.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "libuv 1.48.0"},
	{"zstandard-0.23.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "zstd 1.5.6"},
	{"lz4-4.4.4-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "lz4 1.9.4"},
	{"pyproj-3.7.1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "curl 8.6.0, libtiff 4.6.0, nghttp2 1.60.0, openssl 3.2.1, proj 9.5.1, sqlite 3.46.1"},
	{"h5py-3.13.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "hdf5 1.14.6"},
	{"grpcio-1.71.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "boringssl, c-ares, zlib 1.3"},
	{"confluent_kafka-2.10.0-cp313-cp313-manylinux_2_28_x86_64.whl", "librdkafka, lz4 1.9.4, openssl 3.0.15, zlib 1.3.1, zstd 1.5.6"},
	{"pip-25.1.1-py3-none-any.whl", "certifi 2025.1.31, requests 2.32.3, urllib3 1.26.20"},
	{"setuptools-80.9.0-py3-none-any.whl", "wheel 0.45.1, zipp 3.19.2"},
}

func TestLiveWheels(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := index.ReadConfig(os.Getenv, home, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	client := index.New(liveClient(t, cfg), cfg, t.TempDir())
	for _, w := range liveWheels {
		facts := readWheel(t, client, w.file)
		told := map[string]string{}
		for _, c := range facts.Components {
			if c.Class == component.Library || c.Class == component.Package {
				told[c.Name] = strings.TrimSpace(told[c.Name] + " " + c.Version)
			}
		}
		for part := range strings.SplitSeq(w.inside, ", ") {
			name, version, _ := strings.Cut(part, " ")
			if got, ok := told[name]; !ok || got != version {
				t.Errorf("%s: %s is told as %q (%v), want %q", w.file, name, got, ok, version)
			}
		}
		if len(facts.Notes) > 0 {
			t.Errorf("%s: %q", w.file, facts.Notes)
		}
		t.Logf("%s: %v", w.file, told)
	}
}

// readWheel fetches and unpacks a wheel, and reads it.
func readWheel(t *testing.T, client *index.Client, file string) *Facts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	name, err := dist.ParseWheelName(file)
	if err != nil {
		t.Fatal(err)
	}
	listing, err := client.Listing(ctx, name.Name)
	if err != nil {
		t.Fatal(err)
	}
	address := ""
	if release := listing.Release(name.Version); release != nil {
		files, err := release.Files()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name == file {
				address = f.URL
			}
		}
	}
	if address == "" {
		t.Fatalf("%s is not in its listing", file)
	}
	r, err := client.Download(ctx, address, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	whole := filepath.Join(t.TempDir(), file)
	out, err := os.Create(whole)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	size, err := out.ReadFrom(r)
	if err != nil {
		t.Fatal(err)
	}
	z, err := archive.OpenZip(out, size, archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, _, err := wheel.Install(z, name, wheel.Options{PythonMinor: "3.13"}, dir); err != nil {
		t.Fatal(err)
	}
	facts, err := Read(ctx, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return facts
}
