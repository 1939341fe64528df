package dist

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"snug/internal/digest"
)

// The limits of a RECORD: ten times the largest seen.
const (
	MaxRecord        = 64 << 20
	MaxRecordEntries = 1_000_000
)

// RecordEntry is one line of RECORD.
type RecordEntry struct {
	Path string        // as written, with slashes; not judged here
	Sum  digest.SHA256 // zero when the line has none or one of another algorithm
	// Other is the hash field of another algorithm as written ("sha512=…"), else "".
	Other string
	Size  int64 // -1 when not given
}

// ParseRecord reads RECORD (recording installed projects, "The RECORD file"). It takes lines with more than three fields,
// as some tools write them, and lines without hash or size; it refuses hashes and sizes that cannot be read.
func ParseRecord(data []byte) ([]RecordEntry, error) {
	if len(data) > MaxRecord {
		return nil, fmt.Errorf("record: %d bytes, more than %d", len(data), MaxRecord)
	}
	lines := csv.NewReader(bytes.NewReader(data))
	lines.FieldsPerRecord = -1
	var entries []RecordEntry
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("record: %w", err)
		}
		if len(entries) == MaxRecordEntries {
			return nil, fmt.Errorf("record: more than %d files", MaxRecordEntries)
		}
		entry, err := parseRecordLine(fields)
		if err != nil {
			return nil, fmt.Errorf("record: %q: %w", fields[0], err)
		}
		entries = append(entries, entry)
	}
}

func parseRecordLine(fields []string) (RecordEntry, error) {
	entry := RecordEntry{Path: fields[0], Size: -1}
	if entry.Path == "" {
		return entry, errors.New("empty path")
	}
	if len(fields) > 1 && fields[1] != "" {
		algorithm, text, ok := strings.Cut(fields[1], "=")
		switch {
		case !ok:
			return entry, fmt.Errorf("bad hash %q", fields[1])
		case algorithm != "sha256":
			entry.Other = fields[1]
		default:
			sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
			if err != nil || len(sum) != len(entry.Sum) {
				return entry, fmt.Errorf("bad hash %q", fields[1])
			}
			copy(entry.Sum[:], sum)
			if entry.Sum.IsZero() { // which here says "none": no content has it
				return entry, fmt.Errorf("bad hash %q", fields[1])
			}
		}
	}
	if len(fields) > 2 && fields[2] != "" {
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || size < 0 {
			return entry, fmt.Errorf("bad size %q", fields[2])
		}
		entry.Size = size
	}
	return entry, nil
}

// FormatRecord writes entries sorted by path, as installers do; entries without a sum get no hash.
func FormatRecord(entries []RecordEntry) []byte {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b RecordEntry) int { return strings.Compare(a.Path, b.Path) })
	var out bytes.Buffer
	lines := csv.NewWriter(&out) // writes to a buffer cannot fail
	for _, entry := range sorted {
		hash, size := entry.Other, ""
		if !entry.Sum.IsZero() {
			hash = "sha256=" + base64.RawURLEncoding.EncodeToString(entry.Sum[:])
		}
		if entry.Size >= 0 {
			size = strconv.FormatInt(entry.Size, 10)
		}
		_ = lines.Write([]string{entry.Path, hash, size})
	}
	lines.Flush()
	return out.Bytes()
}
