package license

import "testing"

func TestDeclare(t *testing.T) {
	const osi = "License :: OSI Approved :: "
	for _, c := range []struct {
		name      string
		fields    Fields
		want      string
		source    Source
		ambiguous bool
	}{
		{"expression first", Fields{Expression: "mit", License: "GPL", Classifiers: []string{osi + "BSD License"}}, "MIT", FromExpression, false},
		{"an expression that is none", Fields{Expression: "Apache 2.0"}, "Apache-2.0", FromExpression, true},
		{"nonsense for an expression", Fields{Expression: "do what you like", Classifiers: []string{osi + "MIT License"}}, "MIT", FromClassifiers, false},
		{"classifier", Fields{Classifiers: []string{"Programming Language :: Python", osi + "Apache Software License"}}, "Apache-2.0", FromClassifiers, false},
		{"classifier before field", Fields{License: "MIT", Classifiers: []string{osi + "MIT License"}}, "MIT", FromClassifiers, false},
		{"BSD, without which", Fields{License: "BSD", Classifiers: []string{osi + "BSD License"}}, BSD, FromClassifiers, true},
		{"which BSD is in the field", Fields{License: "BSD 3-Clause", Classifiers: []string{osi + "BSD License"}}, "BSD-3-Clause", FromLicense, false},
		{"which GPL is in the field", Fields{License: "GPLv2", Classifiers: []string{osi + "GNU General Public License (GPL)"}}, "GPL-2.0-only", FromLicense, false},
		{"two classifiers", Fields{Classifiers: []string{osi + "MIT License", osi + "Apache Software License"}}, "MIT AND Apache-2.0", FromClassifiers, true},
		{"the same twice", Fields{Classifiers: []string{osi + "MIT License", osi + "MIT License"}}, "MIT", FromClassifiers, false},
		{"two classifiers, the field says OR", Fields{License: "Apache-2.0 OR BSD-3-Clause", Classifiers: []string{osi + "BSD License", osi + "Apache Software License"}}, "Apache-2.0 OR BSD-3-Clause", FromLicense, false},
		{"two classifiers, the field says dual", Fields{License: "Dual License", Classifiers: []string{osi + "BSD License", osi + "Apache Software License"}}, "LicenseRef-BSD AND Apache-2.0", FromClassifiers, true},
		{"they contradict", Fields{License: "MIT", Classifiers: []string{osi + "GNU General Public License v3 (GPLv3)"}}, "GPL-3.0-only AND MIT", FromClassifiers, true},
		{"a vague field contradicts", Fields{License: "GPL", Classifiers: []string{osi + "MIT License"}}, "MIT AND GPL-1.0-or-later", FromClassifiers, true},
		{"a vague field that it may mean", Fields{License: "GPL", Classifiers: []string{osi + "GNU General Public License v3 (GPLv3)"}}, "GPL-3.0-only", FromClassifiers, false},
		{"approved, nothing more", Fields{License: "ISC", Classifiers: []string{"License :: OSI Approved"}}, "ISC", FromLicense, false},
		{"proprietary", Fields{Classifiers: []string{"License :: Other/Proprietary License"}}, "LicenseRef-Proprietary", FromClassifiers, false},
		{"field", Fields{License: "MIT License"}, "MIT", FromLicense, false},
		{"slash", Fields{License: "MIT/Apache-2.0"}, "MIT AND Apache-2.0", FromLicense, true},
		{"or", Fields{License: "MIT or Apache 2.0"}, "MIT OR Apache-2.0", FromLicense, false},
		{"dual, and", Fields{License: "Dual licensed under MIT and Apache"}, "MIT AND Apache-2.0", FromLicense, true},
		{"a field that says nothing", Fields{License: "UNKNOWN"}, "", FromNothing, false},
		{"a field that nobody knows", Fields{License: "as you please"}, "", FromNothing, false},
		{"nothing", Fields{}, "", FromNothing, false},
	} {
		d := Declare(c.fields)
		if d.Expression.String() != c.want || d.Source != c.source || d.Ambiguous != c.ambiguous || d.Ambiguous && len(d.Notes) == 0 {
			t.Errorf("%s: %q from %q, ambiguous %v, %q", c.name, d.Expression, d.Source, d.Ambiguous, d.Notes)
		}
	}
	if d := Declare(Fields{License: "Copyright me\n\nAll rights reserved.\n\nOr not."}); d.Text == "" || d.Expression.String() != "" {
		t.Errorf("a text: %+v", d)
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"MIT License": "MIT", "The MIT License (MIT)": "MIT", "Expat license": "MIT", "MIT (see LICENSE)": "MIT",
		"Apache 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "ASL 2": "Apache-2.0",
		"BSD 3-Clause": "BSD-3-Clause", "3-Clause BSD License": "BSD-3-Clause", "BSD (3-clause)": "BSD-3-Clause", "New BSD License": "BSD-3-Clause", "Simplified BSD": "BSD-2-Clause",
		"GPLv3+": "GPL-3.0-or-later", "GNU GPL v3": "GPL-3.0-only", "GNU General Public License v3 (GPLv3)": "GPL-3.0-only", "LGPLv2.1+": "LGPL-2.1-or-later", "GNU LGPLv3": "LGPL-3.0-only",
		"MPL 2.0": "MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "PSF": "PSF-2.0", "ISC license": "ISC", "BSD": BSD, "Public Domain": "LicenseRef-Public-Domain",
		"NVIDIA Proprietary Software": "LicenseRef-NVIDIA-Proprietary", "MIT, BSD and Apache 2.0": "MIT AND LicenseRef-BSD AND Apache-2.0",
	} {
		if got := named(text).expression.String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Every name of the tables is in the form that it is looked for, and stands for an expression.
func TestTablesOfNames(t *testing.T) {
	for name, id := range aliases {
		if e, err := ParseExpression(id); err != nil || e.String() != id || plain(name) != name {
			t.Errorf("%q: %q, %v; it is looked for as %q", name, id, err, plain(name))
		}
	}
	for name, id := range classifierNames {
		if e, err := ParseExpression(id); err != nil || e.String() != id {
			t.Errorf("%q: %q, %v", name, id, err)
		}
	}
	for id := range vague {
		if _, err := ParseExpression(id); err != nil {
			t.Error(err)
		}
	}
}

func FuzzDeclare(f *testing.F) {
	for _, s := range []string{"MIT", "MIT/Apache-2.0", "Dual License", "GPL (v2 or later), BSD", "a\n\nb", "((", "or or and"} {
		f.Add(s, s, "License :: OSI Approved :: "+s)
	}
	f.Fuzz(func(t *testing.T, expression, field, classifier string) {
		d := Declare(Fields{Expression: expression, License: field, Classifiers: []string{classifier, "License :: OSI Approved :: MIT License"}})
		if text := d.Expression.String(); text != "" {
			if e, err := ParseExpression(text); err != nil || e.String() != text {
				t.Errorf("declared %q: %v", text, err)
			}
		}
	})
}
