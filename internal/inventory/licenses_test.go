package inventory_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"snug/internal/inventory"
	"snug/internal/licensetext"
)

func TestLicenses(t *testing.T) {
	text, err := os.ReadFile("../../LICENSE") // this project's own
	if err != nil {
		t.Fatal(err)
	}
	tree := shop()
	tree[site+"shop_kit-1.0.dist-info/licenses/LICENSE"] = &fstest.MapFile{Data: text}
	tree[site+"shop_kit-1.0.dist-info/licenses/AUTHORS"] = &fstest.MapFile{Data: []byte("Jo\n")}
	tree[site+"shop/_vendor/COPYING"] = &fstest.MapFile{Data: text}
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
	if own := facts.Licenses[2]; !slices.Equal(own.IDs, []string{"Apache-2.0"}) || own.SHA256 != facts.Licenses[0].SHA256 {
		t.Errorf("%+v", own)
	}
}
