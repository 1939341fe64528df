// Package licensetext reads licence texts: which licences a file holds, how much of the file that
// explains, and which other files it points at. It holds what is found against what a distribution
// declares (internal/license). It judges no licence and is no legal advice.
//
// The hard idea is to cry only when the two cannot both be true. A wheel carries texts of what it bundles,
// files that hold twenty licences, files that only point at others. So what counts as the distribution's
// own text is narrow, a file that also holds what is declared agrees, and the rest is told as found.
package licensetext

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/digest"
	"snug/internal/license"
)

// MaxText is how much of a file is classified, in bytes; SHA256 and Size are of the whole.
const MaxText = 1 << 20

// Text is what is known of one file.
type Text struct {
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256"` // of the exact bytes: a decision about a text holds for this text only
	Size   int64  `json:"size"`
	Kind   Kind   `json:"kind,omitempty"`
	// IDs are the licences that were found, as SPDX names them (LicenseRef- where it names none), each once,
	// in the order of the text. A GPL's own text does not say "only" or "or later" and is GPL-3.0.
	IDs      []string `json:"ids,omitempty"`
	Coverage float64  `json:"coverage"` // how much of the text the licences explain, 0 to 1
	// Pointer are the names of other files that the text sends the reader to ("see LICENSE.APACHE").
	Pointer []string `json:"pointer,omitempty"`
	// Either: the text leaves a choice among those.
	Either bool `json:"either,omitempty"`
}

// Classify says which licences a text holds. It never fails: what is not recognised has no IDs.
func Classify(text []byte) Text {
	t := Text{SHA256: digest.Of(text).String(), Size: int64(len(text))}
	body := text[:min(len(text), MaxText)]
	found := scan(body)
	t.IDs, t.Coverage = found.ids, found.coverage
	if len(body) < maxPointer {
		t.Pointer = pointers(string(body))
		t.Either = len(t.Pointer) > 1 && either().Match(body)
	}
	return t
}

// maxPointer is the longest text that may be one that only points.
const maxPointer = 2 << 10

var (
	pointed = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b(?:LICEN[SC]ES?|COPYING|NOTICE)[-_./][A-Za-z0-9_./-]*[A-Za-z0-9]`)
	})
	either = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)\beither\b|\bor\b|\byour (?:option|choice)\b`) })
)

func pointers(text string) (names []string) {
	for _, at := range pointed().FindAllStringIndex(text, -1) {
		if before := text[:at[0]]; strings.HasSuffix(before, "/") || strings.HasSuffix(before, "://") {
			continue // part of an address
		}
		if name := text[at[0]:at[1]]; !slices.Contains(names, name) && len(names) < maxPointers {
			names = append(names, name)
		}
	}
	return names
}

const maxPointers = 16

// spdx is licensecheck's name as this project says it.
func spdx(id string) string {
	if _, err := license.ParseExpression(id); err == nil {
		return id
	}
	return "LicenseRef-" + id
}
