package wheel

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snug/internal/archive"
	"snug/internal/digest"
	"snug/internal/dist"
	"snug/internal/fault"
	"snug/internal/generation"
)

const shopName = "shop_kit-1.0-py3-none-any.whl"

// shop is a wheel with everything that the standard has a place for.
func shop() map[string]string {
	return map[string]string{
		"shop_kit/__init__.py":                    "def main():\n    return 0\n",
		"shop_kit-1.0.dist-info/METADATA":         "Metadata-Version: 2.1\nName: shop-kit\nVersion: 1.0.0\n",
		"shop_kit-1.0.dist-info/WHEEL":            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"shop_kit-1.0.dist-info/entry_points.txt": "[console_scripts]\nshop = shop_kit:main\n[gui_scripts]\nshop-gui = shop_kit:Gui.main [gui,x]\n[pytest11]\nshop = shop_kit\n",
		"shop_kit-1.0.dist-info/RECORD.jws":       "{}",
		"shop_kit-1.0.data/scripts/tool":          "#!python -s\nprint('tool')\n",
		"shop_kit-1.0.data/scripts/deep/native":   "\x7fELF",
		"shop_kit-1.0.data/data/share/man/x.1":    "man",
		"shop_kit-1.0.data/headers/kit.h":         "int x;",
		"shop_kit-1.0.data/platlib/kit.txt":       "platlib",
	}
}

// pack makes a wheel with a true RECORD, unless files brings one.
func pack(t *testing.T, files map[string]string) *archive.Zip {
	t.Helper()
	var entries []dist.RecordEntry
	var names []string
	own := ""
	for name, text := range files {
		names = append(names, name)
		entries = append(entries, dist.RecordEntry{Path: name, Sum: digest.Of([]byte(text)), Size: int64(len(text))})
		if strings.HasSuffix(name, ".dist-info/METADATA") {
			own = strings.TrimSuffix(name, "METADATA") + "RECORD"
		}
	}
	if _, given := files[own]; !given && own != "" {
		files[own] = string(dist.FormatRecord(append(entries, dist.RecordEntry{Path: own, Size: -1})))
		names = append(names, own)
	}
	slices.Sort(names)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := archive.OpenZip(bytes.NewReader(b.Bytes()), int64(b.Len()), archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func unpack(t *testing.T, files map[string]string) (string, []generation.File, *Info, error) {
	t.Helper()
	name, err := dist.ParseWheelName(shopName)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	got, info, err := Install(pack(t, files), name, Options{PythonMinor: "3.14"}, dir)
	return dir, got, info, err
}

func TestInstalledLayout(t *testing.T) {
	dir, files, info, err := unpack(t, shop())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Mode+" "+f.Path)
	}
	const site = "lib/python3.14/site-packages/"
	want := []string{
		"0755 bin/deep/native", "0755 bin/shop", "0755 bin/shop-gui", "0755 bin/tool",
		"0644 include/python3.14/shop-kit/kit.h",
		"0644 " + site + "kit.txt",
		"0644 " + site + "shop_kit-1.0.dist-info/INSTALLER",
		"0644 " + site + "shop_kit-1.0.dist-info/METADATA",
		"0644 " + site + "shop_kit-1.0.dist-info/RECORD",
		"0644 " + site + "shop_kit-1.0.dist-info/WHEEL",
		"0644 " + site + "shop_kit-1.0.dist-info/entry_points.txt",
		"0644 " + site + "shop_kit/__init__.py",
		"0644 share/man/x.1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(info.Notes) > 0 {
		t.Errorf("notes on a sound wheel: %q", info.Notes)
	}
	checkRecord(t, dir, files)
	text, err := os.ReadFile(filepath.Join(dir, "bin/shop-gui"))
	if err != nil || !strings.Contains(string(text), "from shop_kit import Gui\n") || !strings.Contains(string(text), "sys.exit(Gui.main())") {
		t.Errorf("bin/shop-gui is %q, %v", text, err)
	}
}

// checkRecord holds RECORD to the files, as pip would.
func checkRecord(t *testing.T, dir string, files []generation.File) {
	t.Helper()
	site := filepath.Join(dir, "lib/python3.14/site-packages")
	raw, err := os.ReadFile(filepath.Join(site, "shop_kit-1.0.dist-info/RECORD"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := dist.ParseRecord(raw)
	if err != nil || len(entries) != len(files) {
		t.Fatalf("RECORD has %d lines for %d files, %v", len(entries), len(files), err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(site, filepath.FromSlash(e.Path)))
		if err != nil || !e.Sum.IsZero() && digest.Of(data) != e.Sum {
			t.Errorf("RECORD's %s: %v", e.Path, err)
		}
	}
}

func TestTolerated(t *testing.T) {
	for name, change := range map[string]func(map[string]string){
		"lists a file that is not there": func(f map[string]string) { f["shop_kit-1.0.dist-info/RECORD"] = "gone.dll,,\n" },
		"six fields a line":              func(f map[string]string) { f["shop_kit-1.0.dist-info/RECORD"] = "shop_kit/__init__.py,,,,,\n" },
		"empty Tag": func(f map[string]string) {
			f["shop_kit-1.0.dist-info/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: \n"
		},
	} {
		files := shop()
		change(files)
		if _, _, _, err := unpack(t, files); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, change := range map[string]func(map[string]string){
		"wrong hash in RECORD": func(f map[string]string) {
			f["shop_kit-1.0.dist-info/RECORD"] = "shop_kit/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
		},
		"no METADATA": func(f map[string]string) {
			delete(f, "shop_kit-1.0.dist-info/METADATA")
			f["shop_kit-1.0.dist-info/RECORD"] = ""
		},
		"two dist-info": func(f map[string]string) {
			f["shop_kit-1.0.0.dist-info/METADATA"] = ""
			f["shop_kit-1.0.dist-info/RECORD"] = ""
		},
		"another name": func(f map[string]string) {
			f["shop_kit-1.0.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"
		},
		"another version": func(f map[string]string) {
			f["shop_kit-1.0.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: shop-kit\nVersion: 2.0\n"
		},
		"unknown scheme":     func(f map[string]string) { f["shop_kit-1.0.data/etc/passwd"] = "" },
		"two files, a place": func(f map[string]string) { f["shop_kit-1.0.data/purelib/shop_kit/__init__.py"] = "" },
		"script elsewhere": func(f map[string]string) {
			f["shop_kit-1.0.dist-info/entry_points.txt"] = "[console_scripts]\n../../evil = a:b\n"
		},
	} {
		files := shop()
		change(files)
		if _, _, _, err := unpack(t, files); fault.CodeOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The launcher is tried with a Python that says what it was started with.
func TestLauncherIsMovable(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a runtime")
	bin := filepath.Join(root, "bin")
	sealed := filepath.Join(root, filepath.FromSlash(SealedPath))
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	fake := "#!/bin/sh\necho \"$(basename \"$1\") $2 ${PYTHONDONTWRITEBYTECODE-no} ${PYTHONPYCACHEPREFIX-no}\"\n"
	ep := dist.EntryPoint{Group: "console_scripts", Name: "shop", Module: "shop_kit", Attr: "main"}
	for name, text := range map[string]string{"python3": fake, "shop": string(Launcher(ep))} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Symlink(filepath.Join(bin, "shop"), link); err != nil {
		t.Fatal(err)
	}
	run := func(want string) {
		t.Helper()
		cmd := exec.Command(link, "one two")
		cmd.Env = []string{"PATH=/usr/bin:/bin", "PYTHONPYCACHEPREFIX=/tmp/x"}
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("said %q, %v; want %q", got, err, want)
		}
	}
	run("elsewhere one two no /tmp/x") // dev: Python writes its bytecode as people set it
	if err := os.MkdirAll(filepath.Dir(sealed), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sealed, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run("elsewhere one two 1 no")
}
