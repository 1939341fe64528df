package licensetext

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/licensecheck"
)

// result is what the scanners found in one text.
type result struct {
	ids      []string
	coverage float64
}

// common knows the licences that Python distributions have, all knows every one. They are made when they
// are first needed, and do not change: all takes a second of processor time to make, mostly for a dozen
// variants of BSD that nobody uses.
var (
	common = sync.OnceValue(func() *licensecheck.Scanner { return newScanner(isCommon) })
	all    = sync.OnceValue(func() *licensecheck.Scanner { return newScanner(func(licensecheck.License) bool { return true }) })
)

// scan looks for the common licences, and for all where what is left of the text has words of a rare one.
func scan(text []byte) result {
	cover := common().Scan(text)
	if rare().in(left(text, cover.Match)) {
		cover = all().Scan(text)
	}
	return resultOf(cover)
}

// left is the text without what was matched.
func left(text []byte, matches []licensecheck.Match) string {
	var out strings.Builder
	at := 0
	for _, m := range matches {
		out.Write(text[at:max(at, m.Start)])
		out.WriteString("\n|\n")
		at = max(at, m.End)
	}
	out.Write(text[at:])
	return out.String()
}

func resultOf(cover licensecheck.Coverage) result {
	r := result{coverage: cover.Percent / 100}
	for _, m := range cover.Match {
		if id := spdx(m.ID); !slices.Contains(r.ids, id) && !m.IsURL {
			r.ids = append(r.ids, id)
		}
	}
	for _, m := range cover.Match { // an address speaks only where no text does
		if id := spdx(m.ID); m.IsURL && len(r.ids) == 0 {
			r.ids = append(r.ids, id)
		}
	}
	return r
}

func newScanner(wanted func(licensecheck.License) bool) *licensecheck.Scanner {
	var list []licensecheck.License
	for _, l := range append(licensecheck.BuiltinLicenses(), templates()...) {
		if wanted(l) {
			list = append(list, l)
		}
	}
	s, err := licensecheck.NewScanner(list)
	if err != nil {
		panic(fmt.Sprintf("snug: internal error: licence templates: %v", err))
	}
	return s
}

// short is the size up to which a template costs next to nothing.
const short = 5000

// isCommon leaves out the long templates that are not in use, and most variants of BSD: together those
// make a thousand times as many states as each by itself.
func isCommon(l licensecheck.License) bool {
	switch {
	case l.LRE == "", slices.Contains(strings.Fields(inUse), l.ID):
		return true
	case strings.HasPrefix(l.ID, "BSD-"):
		return false
	}
	return len(l.LRE) < short
}

// inUse are the templates that are long, or of BSD, and that distributions have.
const inUse = `BSD-2-Clause BSD-3-Clause BSD-4-Clause BSD-4-Clause-UC BSD-1-Clause BSD-2-Clause-Views BSD-3-Clause-Attribution BSD-3-Clause-Open-MPI BSD-Source-Code
	Apache-2.0 GPL-1.0 GPL-2.0 GPL-3.0 LGPL-2.0 LGPL-2.1 LGPL-3.0 AGPL-3.0 MPL-1.1 MPL-2.0 CC0-1.0 CC-BY-4.0 CC-BY-3.0 CC-BY-SA-4.0 CC-BY-SA-3.0
	Python-2.0 OpenSSL FTL EPL-1.0 EPL-2.0 Artistic-2.0 Artistic-1.0-Perl OFL-1.1 CDDL-1.0 Unicode-TOU ImageMagick`
