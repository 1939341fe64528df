package wheel

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"snug/internal/dist"
	"snug/internal/fault"
)

// large is a wheel that is worth several processors, with a note for each file.
func large() map[string]string {
	files := shop()
	files["shop_kit-1.0.dist-info/RECORD"] = ""
	for i := range 40 {
		files[fmt.Sprintf("shop_kit/part%d/data.bin", i%7)+fmt.Sprint(i)] = strings.Repeat(fmt.Sprint(i), worthSharing/8*(i%3+1))
	}
	return files
}

// However many processors help, the tree and what is said of it are the same;
// each is given back.
func TestHelpersChangeNothing(t *testing.T) {
	name, err := dist.ParseWheelName(shopName)
	if err != nil {
		t.Fatal(err)
	}
	z := pack(t, large())
	alone, want, err := Install(z, name, Options{PythonMinor: "3.14"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		var asked, free atomic.Int64
		free.Store(3)
		spare := func() (func(), bool) {
			asked.Add(1)
			if free.Add(-1) < 0 {
				free.Add(1)
				return nil, false
			}
			return func() { free.Add(1) }, true
		}
		files, info, err := Install(z, name, Options{PythonMinor: "3.14", Spare: spare}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(files, alone) || !reflect.DeepEqual(info.Notes, want.Notes) {
			t.Error("another tree, or other notes")
		}
		if asked.Load() == 0 || free.Load() != 3 {
			t.Errorf("asked %d times, %d of 3 free afterwards", asked.Load(), free.Load())
		}
	}
}

// What one of them refuses, the wheel is refused for.
func TestHelpersFail(t *testing.T) {
	name, err := dist.ParseWheelName(shopName)
	if err != nil {
		t.Fatal(err)
	}
	files := large()
	files["shop_kit-1.0.dist-info/RECORD"] = "shop_kit/part3/data.bin10,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
	spare := func() (func(), bool) { return func() {}, true }
	if _, _, err := Install(pack(t, files), name, Options{PythonMinor: "3.14", Spare: spare}, t.TempDir()); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), "data.bin10") {
		t.Errorf("%v", err)
	}
}
