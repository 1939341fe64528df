package index

import (
	"maps"
	"slices"
	"strings"
)

// Hashes are the digests of one file, as text: "md5=…,sha256=…", sorted by
// algorithm, in lower case hexadecimal digits. An index has them by the ten
// thousand, most are never looked at, and a map for each would be the larger
// part of a listing. The zero value is none.
type Hashes string

// NewHashes takes digests by their hashlib names.
func NewHashes(sums map[string]string) Hashes {
	var all []string
	for _, alg := range slices.Sorted(maps.Keys(sums)) {
		all = append(all, alg+"="+sums[alg])
	}
	return Hashes(strings.Join(all, ","))
}

// Sum is the digest of that algorithm, "" if there is none.
func (h Hashes) Sum(algorithm string) string {
	for one := range strings.SplitSeq(string(h), ",") {
		if alg, sum, _ := strings.Cut(one, "="); alg == algorithm {
			return sum
		}
	}
	return ""
}

// Map returns the digests by algorithm, nil if there are none.
func (h Hashes) Map() map[string]string {
	if h == "" {
		return nil
	}
	out := map[string]string{}
	for one := range strings.SplitSeq(string(h), ",") {
		alg, sum, _ := strings.Cut(one, "=")
		out[alg] = sum
	}
	return out
}
