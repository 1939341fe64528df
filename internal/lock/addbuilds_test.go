package lock

import (
	"testing"
	"time"
)

// TestAddBuildsByWhatTheySay: builds are one if a lock would say the same of them, be
// the moments in them read from here or from there.
func TestAddBuildsByWhatTheySay(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	build := func(of string, uploaded time.Time, version string) Build {
		return Build{Requires: []string{"tool"}, Sdists: []BuildOf{{Name: of, Version: "1"}}, Packages: []Package{
			{Name: "tool", Version: version, Wheels: []File{{Name: "tool-" + version + "-py3-none-any.whl", UploadTime: uploaded}}}}}
	}
	l := &Lock{}
	l.AddBuilds(build("a", at, "1"), build("b", at.In(time.FixedZone("", 0)), "1"), build("c", at, "2"))
	if len(l.Tool.Builds) != 2 || len(l.Tool.Builds[0].Sdists) != 2 {
		t.Errorf("%+v", l.Tool.Builds)
	}
}
