package dist

import (
	"reflect"
	"strings"
	"testing"
)

func TestEssential(t *testing.T) {
	m, err := ParseMetadata([]byte("Metadata-Version: 2.4\nName: a\nVersion: 1\nSummary: much\nRequires-Dist: b>=1;\n   python_version<'4'\n \nRequires-Dist: c\nProvides-Extra: x\nRequires-Python: >=3\nLicense-Expression: MIT\nLicense: long\n  text\nClassifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: Other\n\ntext\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := "Metadata-Version: 2.4\nName: a\nVersion: 1\nRequires-Python: >=3\nLicense-Expression: MIT\nClassifier: License :: OSI Approved :: MIT License\nProvides-Extra: x\nRequires-Dist: b>=1;\n   python_version<'4'\nRequires-Dist: c\n"
	if got := string(m.Essential()); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// FuzzEssential: what resolving reads is read again, and Essential of that is the same.
func FuzzEssential(f *testing.F) {
	f.Add("Metadata-Version: 2.1\nName: a\nVersion: 1\nRequires-Dist: b\n \n c\nRequires-Dist:\nProvides-Extra: x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMetadata([]byte(text))
		if err != nil {
			return
		}
		first := m.Essential()
		again, err := ParseMetadata(first)
		if err != nil {
			t.Fatalf("%q: %v", first, err)
		}
		if len(again.RequiresDist) != len(m.RequiresDist) || !reflect.DeepEqual(strings.Fields(strings.Join(again.RequiresDist, " ")), strings.Fields(strings.Join(m.RequiresDist, " "))) ||
			len(again.ProvidesExtra) != len(m.ProvidesExtra) || again.Name != m.Name || len(m.License) < maxLicense && !strings.Contains(m.License, "\n") && again.License != m.License || string(again.Essential()) != string(first) {
			t.Errorf("%q", first)
		}
	})
}
