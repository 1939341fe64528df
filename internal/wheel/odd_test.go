package wheel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What real wheels hold and installers differ on.

// TestScripts: what a script is run by is decided by its first line; what is no
// Python script is installed as it is, executable.
func TestScripts(t *testing.T) {
	const native = "\x7fELF\x00#!python\n"
	scripts := map[string]string{
		"plain": "#!python\nprint(1)\n", "gui": "#!pythonw\nprint(1)\n", "flags": "#!python -s\r\nprint(1)\n", "bare": "#!python",
		"doc": "#!python\n\"\"\"says\"\"\"\nprint(__doc__)\n", "shell": "#!/bin/sh\nexit 0\n", "native": native, "deep/er/tool": "#!/usr/bin/env python\n", "empty": "",
	}
	files := shop()
	for name, text := range scripts {
		files["shop_kit-1.0.data/scripts/"+name] = text
	}
	dir, installed, _, err := unpack(t, files)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]string{}
	for _, f := range installed {
		modes[f.Path] = f.Mode
	}
	for name, text := range scripts {
		data, err := os.ReadFile(filepath.Join(dir, "bin", name))
		if err != nil || modes["bin/"+name] != "0755" {
			t.Errorf("%s has mode %s, %v", name, modes["bin/"+name], err)
		}
		_, body, _ := strings.Cut(text, "\n")
		switch head := string(data); {
		case !strings.HasPrefix(text, "#!python"):
			if head != text {
				t.Errorf("%s was changed to %q", name, head)
			}
		case !strings.HasPrefix(head, "#!/bin/sh\n") || !strings.Contains(head, `exec "$d/python3"`) || !strings.HasSuffix(head, "'''\n"+body):
			t.Errorf("%s is %q", name, head)
		}
	}
}

// TestSchemes: what a wheel puts beside its modules goes where the standard says,
// whatever its root is, and two spellings of one place are not both taken.
func TestSchemes(t *testing.T) {
	files := shop()
	files["shop_kit-1.0.dist-info/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp314-cp314-linux_x86_64\n"
	files["shop_kit-1.0.data/purelib/pure.py"] = "pure"
	files["shop_kit-1.0.data/platlib/deep/plat.so"] = "plat"
	files["shop_kit-1.0.data/data/etc/shop.conf"] = "conf"
	files["shop_kit-1.0.data/data/share/jupyter/kernels/k.json"] = "{}"
	dir, _, _, err := unpack(t, files)
	if err != nil {
		t.Fatal(err)
	}
	const site = "lib/python3.14/site-packages/"
	for name, want := range map[string]string{site + "pure.py": "pure", site + "deep/plat.so": "plat", "etc/shop.conf": "conf", "share/jupyter/kernels/k.json": "{}"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	files["shop_kit-1.0.data/data/"+site+"pure.py"] = "another"
	if _, _, _, err := unpack(t, files); err == nil || !strings.Contains(err.Error(), "two of its files install to "+site+"pure.py") {
		t.Errorf("two files of one place: %v", err)
	}
}

// TestDistInfoSpelling: the folder may be spelled as its project spells itself,
// with the version written otherwise; it must be one, and the project's.
func TestDistInfoSpelling(t *testing.T) {
	for spelled, want := range map[string]string{
		"Shop.Kit-1.0.0": "", "shop-kit-1": "does not belong to", "SHOP_KIT-1.0": "", "shop_kit-01.0": "", "shopkit-1.0": "does not belong to",
	} {
		files := map[string]string{"shop_kit/__init__.py": ""}
		for name, text := range shop() {
			if base, ok := strings.CutPrefix(name, "shop_kit-1.0.dist-info/"); ok {
				files[spelled+".dist-info/"+base] = text
			}
		}
		files[spelled+".data/scripts/tool"] = "#!python\n"
		dir, _, _, err := unpack(t, files)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spelled, err, want)
		}
		if err == nil {
			if _, err := os.Stat(filepath.Join(dir, "bin/tool")); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRecordThatIsWrong: lines that lack fields, have too many, or lack a hash.
func TestRecordThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ record, note string }{
		"a dll that is not there":    {"shop_kit/vcomp140.dll,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n", "RECORD lists shop_kit/vcomp140.dll, which the wheel lacks"},
		"six fields":                 {"shop_kit/__init__.py,,,,,\n", "RECORD has no sha256 of shop_kit/__init__.py"},
		"one field":                  {"shop_kit/__init__.py\n", "RECORD has no sha256 of shop_kit/__init__.py"},
		"a folder":                   {"shop_kit/,,\nshop_kit/__init__.py,,\n", "RECORD has no sha256 of shop_kit/__init__.py"},
		"without itself, and quoted": {"\"shop_kit/__init__.py\",,\n", "RECORD has no sha256 of shop_kit/__init__.py"},
		"nothing":                    {"", "shop_kit/__init__.py is not in RECORD"},
	} {
		files := shop()
		files["shop_kit-1.0.dist-info/RECORD"] = c.record
		files["shop_kit-1.0.dist-info/RECORD.p7s"] = "x"
		dir, installed, info, err := unpack(t, files)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(strings.Join(info.Notes, "\n"), c.note) {
			t.Errorf("%s: noted %q", name, info.Notes)
		}
		checkRecord(t, dir, installed) // what is written is right, and holds no signature
	}
}
