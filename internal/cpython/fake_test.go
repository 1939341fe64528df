package cpython

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"

	"snug/internal/digest"
	"snug/internal/fetch"
	"snug/internal/sandbox"
	"snug/internal/store"
)

func TestMain(m *testing.M) {
	sandbox.Serve()
	os.Exit(m.Run())
}

// fakeVersion is that of the sources that fakeSources makes.
const fakeVersion = "3.13.99"

// fakeSources is a CPython as a build sees it: what is configured, made and installed
// is a program that answers as far as the build asks.
func fakeSources() map[string]string {
	return map[string]string{
		"LICENSE":                      "PSF\n",
		"Include/patchlevel.h":         "#define PY_VERSION              \"" + fakeVersion + "\"\n",
		"Include/Python.h":             "#include \"pyconfig.h\"\n",
		"Include/cpython/object.h":     "struct _object;\n",
		"Modules/Setup.stdlib.in":      "_ssl _ssl.c\n# Test modules\n_testcapi _testcapi.c\n",
		"Modules/expat/expat.h":        "#define XML_MAJOR_VERSION 2\n#define XML_MINOR_VERSION 8\n#define XML_MICRO_VERSION 1\n",
		"Misc/sbom.spdx.json":          `{"packages": [{"name": "libb2", "originator": "x", "versionInfo": "0.98.1"}]}`,
		"configure":                    fakeConfigure,
		"Makefile.in":                  fakeMakefile,
		"python.c":                     fakePython,
		"Lib/os.py":                    "sep = '/'\n",
		"Lib/idlelib/idle.py":          "",
		"Lib/ensurepip/__init__.py":    "",
		"Lib/__pycache__/os.x.pyc":     "bytecode",
		"Lib/site-packages/README.txt": "",
	}
}

const fakeConfigure = `#!/bin/sh
set -e
echo "configured with $*"
echo "#define HAVE_UNISTD_H 1" >pyconfig.h
states="MODULE__SSL_STATE=yes
MODULE_MATH_STATE=yes
MODULE__TKINTER_STATE=n/a
MODULE__TESTCAPI_STATE=disabled"
case "$*" in *--disable-test-modules*) ;; *)
	grep -q '^[*]shared[*]' Modules/Setup.stdlib.in || { echo "tests are linked in"; exit 1; }
	states=$(echo "$states" | sed 's/=disabled/=yes/') ;;
esac
{
	echo "$states"
	echo "CC=$CC"
	echo "FLAGS=$OPT $CFLAGS $CFLAGS_NODIST"
	echo "LINK=$LDFLAGS $LDFLAGS_NODIST $LINKFORSHARED"
	echo "SRC=$PWD"
	echo "MODULE__SSL_LDFLAGS=-L/usr/lib  -lssl -lcrypto"
	cat Makefile.in
} >Makefile
`

const fakeMakefile = `
.PHONY: all install
all:
	$(CC) $(FLAGS) python.c -o python $(LINK)

install:
	mkdir -p $(DESTDIR)/install/bin $(DESTDIR)/install/lib/python3.13/config-3.13 $(DESTDIR)/install/include/python3.13 $(DESTDIR)/install/share/man
	cp python $(DESTDIR)/install/bin/python3.13
	ln -s python3.13 $(DESTDIR)/install/bin/python3
	cp -R Lib/. $(DESTDIR)/install/lib/python3.13/
	cp -R Include/. pyconfig.h $(DESTDIR)/install/include/python3.13/
	cp Makefile $(DESTDIR)/install/lib/python3.13/config-3.13/
	echo man >$(DESTDIR)/install/share/man/python.1
	echo "build_time_vars = {'CFLAGS': '-O2 -ffile-prefix-map=$(SRC)=/src -I/usr/include/uuid -g0', 'abs_srcdir': '$(SRC)', 'INSTALL': '/usr/bin/install -c'}" >$(DESTDIR)/install/lib/python3.13/_sysconfigdata__linux_x.py
`

// fakePython answers check.py's question, argv being python -I check.py RESULT MODULE…
const fakePython = `
#include <stdio.h>
int main(int argc, char **argv) {
	FILE *f = argc > 3 ? fopen(argv[3], "w") : NULL;
	if (!f) return 1;
	fputs("{\"version\": \"` + fakeVersion + `\", \"failed\": {}}", f);
	return fclose(f);
}
`

// tarOf makes a tar file of the texts below the folder top.
func tarOf(t *testing.T, top string, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mode := int64(0o644)
		if strings.HasPrefix(files[name], "#!") {
			mode = 0o755
		}
		h := &tar.Header{Typeflag: tar.TypeReg, Name: top + "/" + name, Mode: mode, Size: int64(len(files[name])), ModTime: time.Date(2026, 8, 5, 12, 0, 0, 0, time.UTC)}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func xzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write puts data into a file of a new folder.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// machine is a root folder with all that a build looks for, of a Debian.
func machine(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	put := func(name, text string) {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range append([]string{"cc"}, tools...) {
		put("usr/bin/"+name, "")
	}
	for _, l := range libraries {
		for _, name := range l.archives {
			put("usr/lib/"+multiarch()+"/"+name, "!<arch> "+name)
		}
		put("usr/include/"+l.header, "")
	}
	put("usr/include/openssl/opensslv.h", "# define OPENSSL_VERSION_STR \"3.0.19\"\n")
	put("usr/include/lzma/version.h", "#define LZMA_VERSION_MAJOR 5\n#define LZMA_VERSION_MINOR 4\n#define LZMA_VERSION_PATCH 1\n")
	put("usr/share/doc/libssl-dev/copyright", "Apache License\n")
	put("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
	put("var/lib/dpkg/status", "Package: libssl-dev\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0)\nVersion: 3.0.19-1~deb12u2\n\nPackage: zlib1g-dev\nStatus: deinstall ok config-files\nVersion: 1\n")
	return root
}

// opened is a Source with a store and a machine of its own. Where this machine cannot
// build the fake sources, the test is skipped.
func opened(t *testing.T, change func(*Options)) *Source {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("CPython is built on Linux only")
	}
	for _, tool := range []string{"cc", "make", "strip", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("building needs %s: %v", tool, err)
		}
	}
	home := t.TempDir()
	if err := os.Chmod(home, 0o755); err != nil { // a build may have a user of its own
		t.Fatal(err)
	}
	kept, err := store.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	client, err := fetch.New(fetch.Options{Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{
		Client: client, Store: kept, Temp: filepath.Join(home, "tmp"), Root: machine(t), Jobs: 2,
		Sandbox: func(ctx context.Context) (*sandbox.Sandbox, error) {
			return sandbox.Open(ctx, sandbox.Options{Temp: t.TempDir()})
		},
	}
	if change != nil {
		change(&opt)
	}
	return NewSource(opt)
}

// sources writes the files as a tarball and returns it with where it lies.
func sources(t *testing.T, files map[string]string) (Tarball, []string) {
	t.Helper()
	data := gzipped(t, tarOf(t, "Python-"+fakeVersion, files))
	return Tarball{Version: fakeVersion, SHA256: digest.Of(data).String()}, []string{write(t, "Python.tgz", data)}
}
