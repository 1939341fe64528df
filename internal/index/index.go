// Package index is the client of Python package indexes: it lists what an
// index has of a project (the simple API in JSON or HTML: PEP 503, 592, 691,
// 700, 714, 740, 792) and reads the METADATA of a wheel in the cheapest way the
// index allows. It chooses nothing: which version is taken is the resolver's
// business, and where wheels are kept is the store's.
//
// The hard idea is the ladder in metadata.go: what the index announces is used
// and verified, what it serves without announcing is learnt by trying, and
// only then is a wheel itself opened, first by range and at last as a whole.
package index

import (
	"time"

	"github.com/package-url/packageurl-go"

	"snug/internal/dist"
	"snug/internal/pep440"
)

// Limits on what an index may send.
const (
	MaxListing  = 64 << 20 // one project page
	MaxMetadata = 16 << 20 // one METADATA file
	MaxWheel    = 8 << 30  // one file
)

// DefaultURL is the index that is used when no configuration names one. It is
// composed from the package-URL type: this is the only place that knows it.
func DefaultURL() string {
	return "https://" + packageurl.TypePyPi + ".org/simple/"
}

// Config says which indexes are asked, and in which order.
type Config struct {
	IndexURL     string            // asked last; "" means DefaultURL
	Extra        []Extra           // asked first, in this order
	PackageIndex map[string]string // project name to the name of the one Extra that is asked
	Logins       []string          // further addresses with a login, good for their hosts
	AsOf         time.Time         // files uploaded later are not seen; zero: all are
	NoIndex      bool              // ask none
	CertFile     string            // PEM bundle that pip was told to trust
	Notes        []string          // settings that were read and not followed
}

// Extra is one more index. An Explicit one is asked only for the projects that
// Config.PackageIndex gives to it.
type Extra struct {
	Name, URL string
	Explicit  bool
	Last      bool // asked after IndexURL
}

// File is one file that an index offers, its name already understood.
type File struct {
	Name           string
	URL            string // absolute, without credentials or fragment
	Hashes         Hashes
	Size           int64 // 0: not said
	RequiresPython string
	Yanked         bool
	YankedReason   string
	Upload         time.Time // zero: not said
	HasMetadata    bool      // PEP 658 and 714
	MetadataHash   string    // sha256 in hex; "" if none was announced
	Provenance     string    // PEP 740: address of its attestations, absolute; "" if none was announced
	Wheel          *dist.WheelName
	Version        pep440.Version
}
