package archive_test

import (
	"strings"
	"testing"

	"snug/internal/archive"
)

func TestNotOnWindows(t *testing.T) {
	for name, want := range map[string]string{
		"a/b.py": "", "auxiliary.py": "", "a/xaux.py": "", "com.py": "", "com10.py": "", "community/x": "", ".hidden": "", "a b/c": "", "é.py": "", "lpt/x": "", "com²²": "",
		"aux.py": "device", "a/AUX": "device", "Con/x.py": "device", "nul.tar.gz": "device", "com1.py": "device", "LPT9": "device", "com¹.txt": "device", "aux .py": "device", "a/conout$": "device",
		"a./b": "trailing", "b ": "trailing", "a/b..": "trailing",
		"a:b": "character", "what?.py": "character", "a|b": "character", `a\b`: "character", "<a>": "character", "star*": "character", `q"`: "character",
		strings.Repeat("a/", 119) + "bc": "", strings.Repeat("a/", 120) + "b": "too long", strings.Repeat("é", 240): "", strings.Repeat("🐍", 121): "too long",
		"": "empty", "a//b": "empty",
	} {
		if got := archive.NotOnWindows(name); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%.40q: %q, want %q", name, got, want)
		}
	}
}
