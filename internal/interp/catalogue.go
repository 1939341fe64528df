package interp

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"snug/internal/pytag"
)

//go:embed catalogue.json
var catalogueJSON []byte

// CatalogueEntry is one version of the Go module, as `make interpreters` saw it
// when it read the whole zip.
type CatalogueEntry struct {
	Module string            `json:"module"` // module version
	Python string            `json:"python"` // "3.14.6"
	H1     string            `json:"h1"`     // go.sum's hash of the whole zip
	Trees  map[string]string `json:"trees"`  // "linux-amd64" -> hex digest of the tree in snug's layout
}

// Catalogue returns the interpreters of the Go module that snug vouches for,
// by ascending version.
func Catalogue() ([]CatalogueEntry, error) {
	var out []CatalogueEntry
	if err := json.Unmarshal(catalogueJSON, &out); err != nil {
		return nil, fmt.Errorf("snug's own interpreter catalogue: %w", err)
	}
	return out, nil
}

// Platforms are the module's folders, one a target that it has.
func Platforms() []string {
	return []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-amd64"}
}

// modulePlatform returns the module's folder for the target, "" if it has none.
func modulePlatform(t pytag.Target) string {
	if t.Libc == "musl" {
		return ""
	}
	switch t.OS + "-" + t.Arch {
	case "linux-x86_64":
		return "linux-amd64"
	case "linux-aarch64":
		return "linux-arm64"
	case "macos-x86_64":
		return "darwin-amd64"
	case "macos-arm64":
		return "darwin-arm64"
	case "windows-x86_64":
		return "windows-amd64"
	}
	return ""
}
