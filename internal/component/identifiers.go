package component

import "github.com/package-url/packageurl-go"

// PackageURL is the package URL of a release of the Python index.
func PackageURL(name, version string) string { return purl(packageurl.TypePyPi, name, version) }

// GenericURL is the package URL of what no index has: a CPython, a library, a compiler.
func GenericURL(name, version string) string { return purl(packageurl.TypeGeneric, name, version) }

// CrateURL is the package URL of a Rust crate.
func CrateURL(name, version string) string { return purl(packageurl.TypeCargo, name, version) }

func purl(kind, name, version string) string {
	return packageurl.NewPackageURL(kind, "", name, version, nil, "").ToString()
}

// CPE names a product of the National Vulnerability Database, "vendor:product", in a
// version; "" where either is not known.
func CPE(product, version string) string {
	if product == "" || version == "" {
		return ""
	}
	return "cpe:2.3:a:" + product + ":" + version + ":*:*:*:*:*:*:*"
}
