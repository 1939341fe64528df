package inventory_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"

	"snug/internal/inventory"
	"snug/internal/licensetext"
)

func TestLicenses(t *testing.T) {
	bsd, err := os.ReadFile(filepath.Join(runtime.GOROOT(), "LICENSE")) // Go's own: every machine with this test has it
	if err != nil {
		t.Skipf("Go's own licence file: %v", err)
	}
	tree := shop()
	tree[site+"shop_kit-1.0.dist-info/licenses/LICENSE"] = &fstest.MapFile{Data: bsd}
	tree[site+"shop_kit-1.0.dist-info/licenses/AUTHORS"] = &fstest.MapFile{Data: []byte("Jo\n")}
	tree[site+"shop/_vendor/COPYING"] = &fstest.MapFile{Data: bsd}
	facts, err := inventory.Read(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []licensetext.Kind
	for _, l := range facts.Licenses {
		kinds = append(kinds, l.Kind)
	}
	if !slices.Equal(kinds, []licensetext.Kind{licensetext.Bundled, licensetext.Authors, licensetext.Own}) {
		t.Fatalf("%+v", facts.Licenses)
	}
	if own := facts.Licenses[2]; !slices.Equal(own.IDs, []string{"BSD-3-Clause"}) || own.SHA256 != facts.Licenses[0].SHA256 {
		t.Errorf("%+v", own)
	}
}
