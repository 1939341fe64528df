package lock

import (
	"reflect"
	"strings"
	"testing"

	"snug/internal/pep440"
	"snug/internal/pytag"
)

func TestBuild(t *testing.T) {
	wheel := []File{{Name: "setuptools-61-py3-none-any.whl", URL: "https://index.example/setuptools-61-py3-none-any.whl", Hashes: map[string]string{"sha256": sum}}}
	only := []File{{Name: "only-1-py3-none-any.whl", URL: "https://index.example/only-1-py3-none-any.whl", Hashes: map[string]string{"sha256": sum}}}
	made := &Lock{LockVersion: Version, Packages: []Package{
		{Name: "setuptools", Version: "61", Marker: "'build' in dependency_groups", Wheels: wheel},
		{Name: "only", Version: "1", Marker: "('build' in dependency_groups) and sys_platform == 'win32'", Wheels: only},
	}}
	of := BuildOf{"a", "1.0", sum}
	b := NewBuild(made, []string{"wheel", "setuptools>=61", "wheel"}, []BuildOf{{"z", "1", ""}, of, of})
	if want := []string{"setuptools>=61", "wheel"}; !reflect.DeepEqual(b.Requires, want) {
		t.Errorf("requires %q", b.Requires)
	}
	whole := full()
	whole.Tool.Builds = []Build{b}
	again, err := Parse(whole.Marshal(), FileName)
	if err != nil {
		t.Fatal(err)
	}
	found, ok := again.Build(of)
	if !ok || !reflect.DeepEqual(found, b) {
		t.Fatalf("got %+v, want %+v", found, b)
	}
	if _, ok := again.Build(BuildOf{"a", "1.0", strings.Repeat("0", 64)}); ok {
		t.Error("another file of that name has its build")
	}
	target, err := pytag.ParseTarget("linux-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	python, err := pep440.Parse("3.14.1")
	if err != nil {
		t.Fatal(err)
	}
	selected, err := found.Lock(again).Select(pytag.Environment(target, python), nil, nil, pytag.Supported(target, python), python)
	if err != nil || len(selected) != 1 || selected[0].Package.Name != "setuptools" || selected[0].File.Name != wheel[0].Name {
		t.Errorf("selected %+v, %v", selected, err)
	}
}
