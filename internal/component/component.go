// Package component names one thing that a runtime holds and that advisories and
// bills of materials speak of: a Python package, the interpreter, a native library
// inside either. It finds nothing by itself (inventory does) and judges nothing.
//
// The hard idea: a component is told by what it is and by who carries it. The zlib
// inside the interpreter and the zlib inside a wheel are two components with one
// name, and are fixed by two different changes.
package component

// Class says which advisories can speak of a component. Its text is stable: it
// stands in settings, JSON output and compiled advisory data.
type Class string

// The classes.
const (
	Package     Class = "pypi"    // a Python distribution, also one that another vendors
	Interpreter Class = "cpython" // CPython itself
	Library     Class = "native"  // a native library: OpenSSL, SQLite, zlib, …
	Crate       Class = "cargo"   // a Rust crate that is compiled in: the crate "openssl" is another thing than the library
)

// Classes are all of them, in the order in which they are told.
func Classes() []Class { return []Class{Package, Interpreter, Library, Crate} }

// Component is one such thing.
type Component struct {
	Class   Class  `json:"class"`
	Name    string `json:"name"`    // normalised (PEP 503) for a package; "cpython"; a library's usual lower-case name: "openssl", "sqlite"
	Version string `json:"version"` // "" where it could not be told
	PURL    string `json:"purl,omitempty"`
	CPE     string `json:"cpe,omitempty"`
	SHA256  string `json:"sha256,omitempty"` // hex, of the artifact that it came as: wheel, interpreter archive, library file

	// Owner is the package that carries it ("pillow" for a libtiff in its wheel),
	// "cpython" for what is inside the interpreter, "" for what is there by itself.
	Owner string   `json:"owner,omitempty"`
	Paths []string `json:"paths,omitempty"` // where it lies, with slashes, sorted, bounded
	// How says by what it was found: "METADATA", "PEP 770 SBOM", "library name",
	// "SONAME", "version string", "vendored METADATA", "vendor.txt", …
	How []string `json:"how,omitempty"`
}
