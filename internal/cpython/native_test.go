package cpython

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/elf/elftest"
	"snug/internal/fault"
)

// TestNativesIn: an interpreter that leans on the machine, or shows what is linked into it, is no interpreter of ours.
func TestNativesIn(t *testing.T) {
	for _, c := range []struct {
		file elftest.Library
		says string
	}{
		{elftest.Library{Needed: []string{"libm.so.6", "libc.so.6"}, Funcs: []elftest.Func{{Name: "Py_Main", Code: "\xc3"}}}, ""},
		{elftest.Library{Needed: []string{"libtk8.6.so"}}, "python3.13 needs libtk8.6.so"},
		{elftest.Library{RunPath: "/build/lib"}, "python3.13 looks for libraries in /build/lib"},
		{elftest.Library{Funcs: []elftest.Func{{Name: "EVP_sha256", Code: "\xc3"}}}, "python3.13 shows 1 symbols of OpenSSL, such as EVP_sha256, to extensions"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "python3.13"), c.file.Bytes(), 0o755); err != nil {
			t.Fatal(err)
		}
		natives, err := nativesIn(dir)
		switch {
		case c.says == "" && (err != nil || len(natives) != 1):
			t.Errorf("%+v, %v", natives, err)
		case c.says != "" && (fault.CodeOf(err) != fault.Failed || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}
