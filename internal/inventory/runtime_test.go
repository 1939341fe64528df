package inventory_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"snug/internal/component"
	"snug/internal/digest"
	"snug/internal/generation"
	"snug/internal/inventory"
	"snug/internal/store"
	"snug/internal/wheel"
)

// python is an interpreter's tree.
func python() fstest.MapFS {
	return fstest.MapFS{
		"include/python3.14/patchlevel.h": {Data: []byte("#define PY_VERSION             \"3.14.6\"\n")},
		"lib/python3.14/os.py":            {},
		"python3.14":                      {Data: []byte("\x7fELF" + string(make([]byte, 100)))},
	}
}

// A runtime is told by the trees that it came of, and by its own files where a tree is lost.
func TestOfRuntime(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, sum := t.TempDir(), digest.Of([]byte("the wheel"))
	m := &generation.Manifest{Python: "3.14.6", Packages: []generation.Package{{Name: "shop-kit", Version: "1.0", SHA256: sum.String()}}}
	for owner, files := range map[string]fstest.MapFS{"shop-kit": shop(), "python": python()} {
		from := t.TempDir()
		if err := os.CopyFS(from, files); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, files); err != nil {
			t.Fatal(err)
		}
		plan, err := store.Scan(from, owner)
		if err != nil {
			t.Fatal(err)
		}
		m.Files = append(m.Files, plan...)
	}
	m.Seal()
	check := func(what string) {
		t.Helper()
		got, err := inventory.OfRuntime(ctx, dir, m, st)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var names []string
		for _, c := range got.Components() {
			names = append(names, string(c.Class)+" "+c.Name+" "+c.Version+" "+c.Owner)
		}
		if want := []string{"pypi shop-kit 1.0 ", "cpython cpython 3.14.6 "}; !slices.Equal(names, want) {
			t.Errorf("%s: %q, want %q", what, names, want)
		}
		if p := got.Packages[0]; p.Package.SHA256 != sum.String() || len(p.Natives) != 2 || len(p.Pth) != 1 {
			t.Errorf("%s: %+v", what, p)
		}
	}
	check("without a tree")
	tree, err := st.AddTree(ctx, wheel.TreeKey(sum, "3.14", ""), func(dir string) (store.Plan, error) {
		if err := os.CopyFS(dir, shop()); err != nil {
			return nil, err
		}
		return store.Scan(dir, "shop-kit")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "lib")); err != nil {
		t.Fatal(err)
	}
	check("with a tree")
	if err := os.RemoveAll(tree.Dir); err != nil {
		t.Fatal(err)
	}
	check("kept")
}

// An image's file system has what its site-packages folders and interpreters hold;
// damage is told, not passed over.
func TestInstalled(t *testing.T) {
	files := fstest.MapFS{}
	add := func(below string, from fstest.MapFS) {
		for name, f := range from {
			files[below+name] = f
		}
	}
	add("usr/local/", python())
	add("opt/venv/", shop())
	const record = "opt/venv/" + site + "shop_kit-1.0.dist-info/RECORD"
	files[record] = &fstest.MapFile{Data: []byte("shop/__init__.py,,\n../../../bin/shop,,\n_till.abi3.so,,\n../../../../../../../../etc/passwd,,\n")}
	files["opt/venv/"+site+"broken-2.dist-info/METADATA"] = &fstest.MapFile{Data: []byte("no metadata")}
	files["opt/venv/"+site+"shop/_vendor/till-3.dist-info/METADATA"] = &fstest.MapFile{Data: []byte("Metadata-Version: 2.1\nName: till\nVersion: 3\n")}
	all, err := inventory.Installed(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		got = append(got, string(f.Package.Class)+" "+f.Package.Name+" "+f.Package.Version)
	}
	if want := []string{" shop.pth ", "pypi broken 2", "pypi shop-kit 1.0", "cpython cpython 3.14.6"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	if all = all[1:]; len(all[0].Notes) == 0 {
		t.Error("a broken METADATA is not told")
	}
	shop := all[1]
	if !slices.Equal(shop.TopLevel, []string{"_till", "shop"}) || !slices.Contains(shop.Scripts, "shop") || len(shop.Natives) != 1 {
		t.Errorf("%+v", shop)
	}
	if all[2].Package.Class != component.Interpreter || len(all[2].Natives) != 1 {
		t.Errorf("%+v", all[2])
	}
}

// What site reads when Python starts and no distribution has is told by its name; what
// a distribution has is the distribution's.
func TestInstalledStrays(t *testing.T) {
	const lib = "lib/python3.12/site-packages/"
	all, err := inventory.Installed(context.Background(), fstest.MapFS{
		lib + "a-1.dist-info/METADATA": {Data: []byte("Metadata-Version: 2.1\nName: a\nVersion: 1\n")},
		lib + "a-1.dist-info/RECORD":   {Data: []byte("a.pth,,\na-1.dist-info/METADATA,,\n")},
		lib + "a.pth":                  {Data: []byte("import a\n")},
		lib + "by_hand.pth":            {Data: []byte("import os; os.abort()\n/srv\n")},
		lib + "a/data/by_hand.pth":     {Data: []byte("import os\n")},
		"srv/by_hand.pth":              {Data: []byte("import os\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[1].Package.Name != "a" && all[0].Package.Name != "by_hand.pth" {
		t.Fatalf("%d facts: %+v", len(all), all)
	}
	stray := all[0]
	if stray.Package.Class != "" || len(stray.Pth) != 1 || !slices.Equal(stray.Pth[0].Code, []string{"import os; os.abort()"}) || stray.Pth[0].Path != lib+"by_hand.pth" {
		t.Errorf("%+v", stray)
	}
}

// Distributions of installers before wheels are told too.
func TestInstalledEggs(t *testing.T) {
	md := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("Metadata-Version: 1.2\nName: " + name + "\nVersion: 1.0\n")}
	}
	all, err := inventory.Installed(context.Background(), fstest.MapFS{
		"old-1.0.egg-info":                               md("old"),
		"listed-1.0-py3.11.egg-info/PKG-INFO":            md("listed"),
		"listed-1.0-py3.11.egg-info/installed-files.txt": {Data: []byte("../listed/__init__.py\r\n../listed/_vendor/vendor.txt\nPKG-INFO\n../../../../etc/passwd\n")},
		"listed/__init__.py":                             {},
		"listed/_vendor/vendor.txt":                      {Data: []byte("six==1.16.0\n")},
		"named.egg-info/PKG-INFO":                        md("named"),
		"named.egg-info/top_level.txt":                   {Data: []byte("named\n..\n/etc\n")},
		"named/a.py":                                     {},
		"whole-1.0-py3.11.egg/EGG-INFO/PKG-INFO":         md("whole"),
		"whole-1.0-py3.11.egg/EGG-INFO/top_level.txt":    {Data: []byte("whole\n")},
		"whole-1.0-py3.11.egg/whole.py":                  {},
		"broken-2.0-py3.11.egg-info/PKG-INFO":            {Data: []byte("nothing")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		line := f.Package.Name + " " + f.Package.Version + " " + strings.Join(f.TopLevel, ",")
		for _, c := range f.Components {
			line += " with " + c.Name + " " + c.Version
		}
		got = append(got, line)
	}
	want := []string{"broken 2.0 ", "listed 1.0 listed with six 1.16.0", "named 1.0 named", "old 1.0 ", "whole 1.0 whole"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
