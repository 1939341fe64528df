package wheel

import (
	"strings"
	"testing"

	"snug/internal/dist"
	"snug/internal/elf/elftest"
)

// elfOf is a library with that RUNPATH that needs these versions of one other.
func elfOf(runpath string, versions ...string) string {
	return elftest.Library{Needed: []string{"libc.so.6"}, RunPath: runpath, Versions: map[string][]string{"libc.so.6": versions}}.String()
}

// TestNativeNeeds: what a library needs is held to what the wheel's name promises.
func TestNativeNeeds(t *testing.T) {
	const name = "shop_kit-1.0-cp314-cp314-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
	for _, c := range []struct{ wheel, text, note string }{
		{name, elfOf("$ORIGIN/../shop_kit.libs", "GLIBC_2.17"), ""},
		{name, elfOf("", "GLIBC_2.34"), "shop_kit/_c.so needs glibc 2.34, and the wheel's name promises 2.17"},
		{strings.Replace(name, "_2_17", "_2_34", 1), elfOf("", "GLIBC_2.34"), "promises 2.17"},
		{"shop_kit-1.0-cp314-cp314-linux_x86_64.whl", elfOf("", "GLIBC_2.34"), ""},
		{name, elfOf("/home/builder/lib", "GLIBC_2.2.5"), "shop_kit/_c.so looks for libraries in /home/builder/lib, outside of the runtime"},
		{name, elfOf("${ORIGIN}/../../../../../lib", "GLIBC_2.2.5"), "outside of the runtime"},
		{name, "\x7fELF\x02\x01" + strings.Repeat("\xff", 80), "shop_kit/_c.so: a damaged ELF file"},
		{name, "text", ""},
	} {
		wheel, err := dist.ParseWheelName(c.wheel)
		if err != nil {
			t.Fatal(err)
		}
		files := shop()
		files["shop_kit/_c.so"] = c.text
		_, info, err := Install(pack(t, files), wheel, Options{PythonMinor: "3.14"}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(info.Notes, "\n"); !strings.Contains(got, c.note) || (got == "") != (c.note == "") {
			t.Errorf("%s: noted %q, want %q", c.wheel, got, c.note)
		}
	}
}
