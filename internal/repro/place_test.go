package repro

import "testing"

// A list of parts that names the folder of the build gives the same wheel wherever
// that was; other files are left alone.
func TestPlaceInListsOfParts(t *testing.T) {
	built := func(place string, e Expect) *Report {
		files := pureFiles()
		files[info+"sboms/shop.cyclonedx.json"] = `{"bom-ref": "path+file://` + place + `#shop@1.0"}`
		report, _, err := Normalise(t.Context(), put(t, pureName, files, packing{}), e, nil, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	e := expectation(t)
	want := built("/build/shop", e)
	if same := built("/elsewhere/shop", e); same.SHA256 == want.SHA256 {
		t.Error("the place does not show at all")
	}
	e.Place, e.Called = "/elsewhere/shop", "/build/shop"
	if got := built("/elsewhere/shop", e); got.SHA256 != want.SHA256 {
		t.Error("another place gives another wheel")
	}
	files := pureFiles()
	files["shop_kit/where.py"] = "# /elsewhere/shop\n"
	plain, _, err := Normalise(t.Context(), put(t, pureName, files, packing{}), expectation(t), nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := Normalise(t.Context(), put(t, pureName, files, packing{}), e, nil, t.TempDir()); err != nil || got.SHA256 != plain.SHA256 {
		t.Errorf("a module was rewritten: %v", err)
	}
}
