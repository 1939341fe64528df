package prove

import "testing"

func TestAbsentIsWhatNoPackageBrings(t *testing.T) {
	owners := map[string]string{"numpy": "numpy"}
	for _, c := range []struct{ reason, want string }{
		{"exit status 1: ModuleNotFoundError: No module named 'matplotlib'", "matplotlib"},
		{"ModuleNotFoundError: No module named 'matplotlib.axes'", "matplotlib"},
		{"ModuleNotFoundError: No module named 'numpy.gone'", ""},
		{"ImportError: cannot import name 'x'", ""},
		{"ImportError: aiohttp dependency is not installed: No module named 'aiohttp'. Please install black[d]", "aiohttp"},
	} {
		if got := absent(c.reason, owners); got != c.want {
			t.Errorf("absent(%q) = %q, want %q", c.reason, got, c.want)
		}
	}
	r := Report{Failed: []Failure{{Module: "a", Absent: "b"}}}
	if !r.OK() {
		t.Error("a module that asks for what nothing brings counts as broken")
	}
	r.Failed = append(r.Failed, Failure{Module: "c"})
	if r.OK() || len(r.Broken()) != 1 {
		t.Error("a broken module is not counted")
	}
}
