package inventory

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"snug/internal/component"
	"snug/internal/dist"
	"snug/internal/pep440"
	"snug/internal/pep508"
)

// maxVendored bounds a file that names what is vendored, or a module that is.
const maxVendored = 1 << 20

// vendored finds Python packages that this one carries.
func (r *reading) vendored() error {
	for _, f := range r.files {
		if f.Link != "" || r.isTest(f.Path) {
			continue
		}
		base := path.Base(f.Path)
		switch {
		case base == "METADATA" && path.Dir(f.Path) != r.info && strings.HasSuffix(path.Dir(f.Path), ".dist-info"):
			r.vendoredMetadata(f.Path)
		case base == "vendor.txt" || base == "vendored.txt":
			r.vendorList(f.Path)
		case strings.HasSuffix(base, ".whl"):
			r.bundledWheel(f.Path, f.SHA256)
		}
	}
	for _, f := range r.files { // last: what is known by better means is not looked for again
		if name, ok := vendoredModule(f.Path); ok && f.Link == "" && !r.knows(name) {
			r.vendoredModule(name, f.Path)
		}
	}
	return nil
}

// isTest tells what the interpreter's own tests are made of: packages that do not exist.
func (r *reading) isTest(name string) bool {
	rest, ok := strings.CutPrefix(name, path.Dir(r.site)+"/")
	return r.info == "" && ok && (strings.HasPrefix(rest, "test/") || strings.Contains(rest, "/tests/"))
}

// knows tells whether a package of that name was found inside already.
func (r *reading) knows(name string) bool {
	return slices.ContainsFunc(r.parts, func(p part) bool { return p.Class == component.Package && p.Name == name })
}

// carry adds a package that is inside this one.
func (r *reading) carry(name, version, how, from string) {
	c := pypi(name, version)
	if c.Name == "" || c.Name == r.facts.Package.Name && r.facts.Package.Class == component.Package {
		return
	}
	c.Paths, c.How = []string{from}, []string{how}
	r.add(part{Component: c})
}

func (r *reading) vendoredMetadata(name string) {
	raw, ok := r.read(name, dist.MaxMetadata)
	if !ok {
		return
	}
	md, err := dist.ParseMetadata(raw)
	if err != nil {
		r.note("%s: %v", name, err)
		return
	}
	r.carry(md.Name, md.Version, "vendored METADATA", path.Dir(name))
}

// vendorList reads lines as pip's "vendor.txt" has them: name==version, and what is said
// about it behind that.
func (r *reading) vendorList(name string) {
	raw, ok := r.read(name, maxVendored)
	if !ok {
		return
	}
	for line := range strings.Lines(string(raw)) {
		line, _, _ = strings.Cut(line, "#")
		line, _, _ = strings.Cut(line, ";")
		project, version, ok := strings.Cut(strings.TrimSpace(line), "==")
		project, _, _ = strings.Cut(strings.TrimSpace(project), "[")
		version, _, _ = strings.Cut(strings.TrimSpace(version), " ")
		if _, err := pep440.Parse(version); ok && err == nil && project != "" && !strings.ContainsAny(project, " \t") {
			r.carry(project, version, path.Base(name), name)
		}
	}
}

// bundledWheel names a wheel that lies inside, as those of ensurepip do.
func (r *reading) bundledWheel(name, sum string) {
	w, err := dist.ParseWheelName(path.Base(name))
	if err != nil {
		r.note("%s: %v", name, err)
		return
	}
	r.carry(w.Name, w.Version.String(), "bundled wheel", name)
	if n := len(r.parts); n > 0 && r.parts[n-1].Name == w.Name {
		r.parts[n-1].SHA256 = sum
	}
}

// vendorable are modules that others often carry a copy of, and the packages that they
// are. Only a module of exactly such a name, in a folder for that, counts.
func vendorable() map[string]string {
	return map[string]string{
		"appdirs": "appdirs", "attr": "attrs", "cachecontrol": "cachecontrol", "certifi": "certifi", "chardet": "chardet", "click": "click", "colorama": "colorama",
		"decorator": "decorator", "distlib": "distlib", "distro": "distro", "html5lib": "html5lib", "idna": "idna", "jinja2": "jinja2", "markupsafe": "markupsafe",
		"more_itertools": "more-itertools", "msgpack": "msgpack", "packaging": "packaging", "pkg_resources": "setuptools", "platformdirs": "platformdirs", "pygments": "pygments",
		"pyparsing": "pyparsing", "requests": "requests", "resolvelib": "resolvelib", "rich": "rich", "simplejson": "simplejson", "six": "six", "tenacity": "tenacity",
		"toml": "toml", "tomli": "tomli", "typing_extensions": "typing-extensions", "urllib3": "urllib3", "webencodings": "webencodings", "yaml": "pyyaml",
	}
}

// vendoredModule is the package that a file is the version of, by where it lies.
func vendoredModule(name string) (string, bool) {
	dir, base := path.Split(name)
	module, folder := "", strings.TrimSuffix(dir, "/")
	switch base {
	case "__init__.py", "_version.py", "version.py", "__version__.py":
		module, folder = path.Base(folder), path.Dir(folder)
	default:
		module = strings.TrimSuffix(base, ".py")
	}
	switch path.Base(folder) {
	case "_vendor", "_vendored", "vendored", "vendor", "_vendored_packages", "packages", "extern", "externals", "_externals", "third_party", "thirdparty":
		known, ok := vendorable()[module]
		return known, ok && strings.HasSuffix(base, ".py")
	}
	return "", false
}

// vendoredModule reads a version that a module states as a plain text.
func (r *reading) vendoredModule(name, file string) {
	raw, ok := r.read(file, maxVendored)
	if !ok {
		return
	}
	m := regexp.MustCompile(`(?m)^(?:__version__|version|VERSION)(?:\s*:\s*str)?\s*=\s*["']([0-9][0-9A-Za-z.+!-]*)["']`).FindSubmatch(raw)
	if m == nil {
		return
	}
	if _, err := pep440.Parse(string(m[1])); err == nil {
		r.carry(pep508.NormalizeName(name), string(m[1]), "__version__", file)
	}
}
