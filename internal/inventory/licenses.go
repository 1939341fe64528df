package inventory

import (
	"path"

	"snug/internal/licensetext"
)

// licenses classifies the licence files of the tree. Of an interpreter, own is the one of Python itself, which
// lies in the standard library or at the root.
func (r *reading) licenses() error {
	paths := make([]string, 0, len(r.files))
	for _, f := range r.files {
		if f.Link == "" && f.Kind == "" && f.Size <= licensetext.MaxSize {
			paths = append(paths, f.Path)
		} else if f.Size > licensetext.MaxSize && licensetext.KindOf(f.Path) != "" {
			r.note("%s: too long for a licence", f.Path)
		}
	}
	speaking := 0
	for _, name := range paths {
		if licensetext.KindOf(name) != "" {
			speaking++
		}
	}
	if speaking > licensetext.MaxFiles {
		r.note("%d files that speak of licences, of which %d were read", speaking, licensetext.MaxFiles)
	}
	var err error
	if r.facts.Licenses, err = licensetext.Scan(r.fsys, paths); err != nil {
		return err
	}
	if r.info != "" {
		return nil
	}
	for i, t := range r.facts.Licenses {
		dir, base := path.Split(t.Path)
		if own := base == "LICENSE.txt" || base == "LICENSE"; own && (dir == "" || dir == path.Dir(r.site)+"/") {
			r.facts.Licenses[i].Kind = licensetext.Own
		}
	}
	return nil
}
