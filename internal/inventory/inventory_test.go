package inventory_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"snug/internal/fault"
	"snug/internal/inventory"
	"snug/internal/store"
)

const site = "lib/python3.14/site-packages/"

// shop is a wheel's tree with one of everything.
func shop() fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"bin/shop": "#!python\n",
		site + "shop_kit-1.0.dist-info/METADATA": "Metadata-Version: 2.4\nName: Shop_Kit\nVersion: 1.0\nSummary: sells\n" +
			"License-Expression: MIT\nLicense-File: LICENSE\nClassifier: License :: OSI Approved\nClassifier: Topic :: Office\n" +
			"Author-email: \"Jo, Ltd\" <jo@shop.example>\nProject-URL: Source, https://shop.example/src\nRequires-Dist: till>=2\n\nlong",
		site + "shop_kit-1.0.dist-info/entry_points.txt": "[console_scripts]\nshop-admin = shop.admin:main\n[pytest11]\nshop = shop.plugin\n",
		site + "shop/__init__.py":                        "",
		site + "__pycache__/_till.cpython-314.pyc":       "",
		site + "shop/deep/x.py":                          "",
		site + "_till.abi3.so":                           "\x7fELF" + strings.Repeat("x", 100),
		site + "shop/tool":                               "MZ" + strings.Repeat("x", 100),
		site + "shop_data/notes.txt":                     "no module",
		site + "shop.pth":                                "# a comment\nshop/plugins\nimport shop; shop.start()\r\n\timport not_code\n",
		site + "sitecustomize.py":                        "",
	} {
		files[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return files
}

func TestRead(t *testing.T) {
	facts, err := inventory.Read(context.Background(), shop())
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got, want any) {
		t.Helper()
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if string(g) != string(w) {
			t.Errorf("%s:\n%s\nwant\n%s", what, g, w)
		}
	}
	check("name", facts.Package.Name+" "+facts.Package.Version+" "+facts.Package.PURL, "shop-kit 1.0 pkg:pypi/shop-kit@1.0")
	check("metadata", facts.Metadata, inventory.Metadata{
		Summary: "sells", LicenseExpression: "MIT", LicenseFiles: []string{"LICENSE"}, Classifiers: []string{"License :: OSI Approved"},
		Supplier: "Jo, Ltd", SupplierEmail: "jo@shop.example", Author: "Jo, Ltd",
		URLs: []inventory.URL{{Label: "Source", URL: "https://shop.example/src"}}, Requires: []string{"till>=2"},
	})
	check("scripts", facts.Scripts, []string{"shop", "shop-admin"})
	check("entry points", facts.EntryPoints, []inventory.EntryPoint{{Group: "pytest11", Name: "shop", Value: "shop.plugin"}})
	check("top levels", facts.TopLevel, []string{"_till", "shop", "sitecustomize"})
	check("hooks", facts.Hooks, []string{site + "sitecustomize.py"})
	check("pth", facts.Pth[0].Code, []string{"import shop; shop.start()"})
	check("pth paths", facts.Pth[0].Paths, []string{"shop/plugins", "\timport not_code"})
	check("natives", []string{facts.Natives[0].Path, facts.Natives[0].Format, facts.Natives[1].Path, facts.Natives[1].Format},
		[]string{site + "_till.abi3.so", "elf", site + "shop/tool", "pe"})
}

// Python parts a .pth file at more than line feeds, and imports more than .py files.
func TestCodeThatHides(t *testing.T) {
	files := shop()
	files[site+"shop.pth"] = &fstest.MapFile{Data: []byte("shop/a\x0cimport one\nshop/b\u2028import two\x1eimport three\n")}
	files[site+"usercustomize/__init__.cpython-314-x86_64-linux-gnu.so"] = &fstest.MapFile{Data: []byte("\x7fELF")}
	files[site+"usercustomize/other.py"] = &fstest.MapFile{}
	facts, err := inventory.Read(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(facts.Pth[0].Code, "|"); got != "import one|import two|import three" {
		t.Errorf("code %q", got)
	}
	if got := strings.Join(facts.Hooks, "|"); got != site+"sitecustomize.py|"+site+"usercustomize/__init__.cpython-314-x86_64-linux-gnu.so" {
		t.Errorf("hooks %q", got)
	}
}

func TestReadRefuses(t *testing.T) {
	none, two := fstest.MapFS{"a.py": {}}, shop()
	two[site+"other-1.dist-info/METADATA"] = &fstest.MapFile{Data: []byte("Metadata-Version: 2.1\nName: other\nVersion: 1\n")}
	broken := shop()
	broken[site+"shop_kit-1.0.dist-info/METADATA"] = &fstest.MapFile{Data: []byte("Name: shop\n")}
	for name, files := range map[string]fs.FS{"none": none, "two": two, "broken": broken} {
		if _, err := inventory.Read(context.Background(), files); fault.CodeOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the store keeps is what was read, and is not read again.
func TestOf(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := st.AddTree(ctx, "whl-shop-kit-1", func(dir string) (store.Plan, error) {
		if err := os.CopyFS(dir, shop()); err != nil {
			return nil, err
		}
		return store.Scan(dir, "shop-kit")
	})
	if err != nil {
		t.Fatal(err)
	}
	first, err := inventory.Of(ctx, st, tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(tree.Dir, "lib")); err != nil {
		t.Fatal(err)
	}
	again, err := inventory.Of(ctx, st, tree)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(first)
	b, _ := json.Marshal(again)
	if string(a) != string(b) || first[0].Natives[0].SHA256 == "" {
		t.Errorf("%s\nand then\n%s", a, b)
	}
}
