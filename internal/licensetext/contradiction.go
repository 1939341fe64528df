package licensetext

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"snug/internal/license"
)

// sure is the coverage from which a text is taken for what it was recognised as.
const sure = 0.75

// Contradiction tells, in a sentence with both sides, that the distribution's own licence files cannot be
// those of what it declares. Files of what it bundles do not count, nor does what is not recognised; a
// file of its dist-info that holds a declared licence, or a relative of it (another BSD, the GPL beside an
// LGPL), agrees.
// Where none agrees, or one holds a harder class of licence only, the two contradict.
func Contradiction(d license.Declared, texts []Text) (string, bool) {
	declared := d.Expression.Licenses()
	if len(declared) == 0 {
		return "", false
	}
	agrees, against := false, ""
	for _, t := range texts {
		if t.Kind != Own && !inInfo(t) || t.Coverage < sure || len(t.IDs) == 0 {
			continue
		}
		if slices.ContainsFunc(t.IDs, func(id string) bool { return related(declared, id) }) {
			agrees = true
			continue
		}
		if t.Kind != Own {
			continue
		}
		if against == "" || harder(t.IDs, d.Expression) {
			against = fmt.Sprintf("%s declares %s, %s is %s", source(d), d.Expression, t.Path, strings.Join(t.IDs, ", "))
			if harder(t.IDs, d.Expression) {
				return against, true
			}
		}
	}
	return against, against != "" && !agrees
}

// inInfo tells whether a text of what is bundled lies in the distribution's own dist-info: opencv-python says
// there what OpenCV is under, and in LICENSE.txt what its scripts are under.
func inInfo(t Text) bool {
	pkg, _, ok := cutInfo(path.Dir(t.Path) + "/")
	return ok && pkg != "" && t.Kind == Bundled
}

func source(d license.Declared) string {
	if d.Source == license.FromClassifiers {
		return "the classifier"
	}
	return string(d.Source)
}

// harder tells whether what was found asks for more than every licence that is declared.
func harder(ids []string, declared license.Expression) bool {
	worst := license.Permissive
	for _, id := range ids {
		if c := license.ClassOf(id); c != license.Unknown && c.Rank() > worst.Rank() {
			worst = c
		}
	}
	return slices.IndexFunc(declared.Licenses(), func(e license.Expression) bool {
		return license.ClassWith(e.License, e.Exception).Rank() >= worst.Rank()
	}) < 0
}

// related tells whether a text of this licence belongs to one that is declared.
func related(declared []license.Expression, id string) bool {
	found, err := license.ParseExpression(id)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(declared, func(e license.Expression) bool {
		return kin(e.License) == kin(found.License) || license.ClassOf(e.License) == license.Unknown ||
			strings.HasPrefix(e.License, "LGPL-") && strings.HasPrefix(found.License, "GPL-")
	})
}

// kin is the name that a licence shares with its relatives: those that people do not tell apart.
func kin(id string) string {
	id = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(id, "+"), "-only"), "-or-later")
	switch {
	case id == license.BSD, strings.HasPrefix(id, "BSD-"), id == "0BSD":
		return "BSD"
	case strings.HasPrefix(id, "MIT"), id == "X11", id == "ISC", strings.HasPrefix(id, "HPND"), id == "NTP":
		return "MIT"
	case strings.HasPrefix(id, "Python-"), strings.HasPrefix(id, "PSF-"), strings.HasPrefix(id, "CNRI-"):
		return "Python"
	case strings.HasPrefix(id, "Artistic-1.0"):
		return "Artistic-1.0"
	case id == "Unlicense", id == "CC0-1.0", id == "LicenseRef-Public-Domain":
		return "public domain"
	}
	return id
}
