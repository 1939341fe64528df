package sdist

import (
	"os"
	"path/filepath"
	"testing"

	"snug/internal/fault"
)

// Links of a folder are kept where they stay inside. One that goes up through another
// link could end anywhere, wherever its text seems to lead.
func TestCopyHoldsLinks(t *testing.T) {
	from := t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, "d", "e"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../..", filepath.Join(from, "d", "e", "top")); err != nil {
		t.Skip(err)
	}
	if _, err := Copy(from, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"top/../../secret", "/etc", "../../..", "x/../y"} {
		link := filepath.Join(from, "d", "e", "link")
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if _, err := Copy(from, t.TempDir()); fault.CodeOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", target, err)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}
