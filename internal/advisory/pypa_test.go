package advisory

import (
	"context"
	"os"
	"testing"
	"time"

	"snug/internal/component"
)

// pypa is the advisory database of October 2024, which is not part of the project.
const pypa = "../../../shared/advisories/pypa-2024-10-10.zip"

// now is a moment after it was made.
var now = time.Date(2024, 10, 11, 0, 0, 0, 0, time.UTC)

func pypaPath(tb testing.TB) string {
	tb.Helper()
	if _, err := os.Stat(pypa); err != nil {
		tb.Skip("the advisory database of October 2024 is not here: " + pypa)
	}
	return pypa
}

func pkg(name, version string) component.Component {
	return component.Component{Class: component.Package, Name: name, Version: version}
}

func TestPyPADatabase(t *testing.T) {
	d, err := Load(context.Background(), pypaPath(t), now)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := d.Info().Feed(Packages)
	if f.Records != 2661 || f.Withdrawn != 10 || f.Packages != 664 || f.Unread != 2 || f.Elsewhere != 0 || f.Malware != 0 {
		t.Errorf("%+v", f)
	}
	m := d.Match(pkg("Django", "4.2.1"))
	if !m.Checked || len(m.Groups) < 10 {
		t.Errorf("%+v", m)
	}
	if m := d.Match(pkg("jw-util", "2.1")); len(m.Groups) != 1 {
		t.Errorf("a record whose name is not normalised: %+v", m)
	}
}
