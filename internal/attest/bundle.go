package attest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"snug/internal/fault"
)

// Bounds of a bundle that is read.
const (
	MaxBundle    = 64 << 20
	maxEnvelopes = 10_000
)

// Bundle is what lies in one .jsonl file: envelopes, one a line.
type Bundle []*Envelope

// Marshal is the file: every envelope and the end of its line.
func (b Bundle) Marshal() ([]byte, error) {
	var out bytes.Buffer
	for _, e := range b {
		line, err := e.Marshal()
		if err != nil {
			return nil, err
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes(), nil
}

// WriteBundle puts the bundle at path, whole or not at all.
func WriteBundle(path string, b Bundle) error {
	data, err := b.Marshal()
	if err != nil {
		return err
	}
	return replace(path, data, 0o644)
}

// ReadBundle reads the bundle at path. It believes nothing (Envelope.Verify).
// Errors: fault.NotFound where there is none, fault.Integrity that names the line
// where it is malformed, or cut.
func ReadBundle(path string) (Bundle, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "snug build writes it; runtimes of an older snug have none", "there is no provenance %s", path)
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular(): // opening a pipe would wait for ever
		return nil, fmt.Errorf("%s: %w", path, malformed("bundle", errors.New("it is no file")))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := parseBundle(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func parseBundle(r io.Reader) (Bundle, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBundle+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > MaxBundle:
		return nil, malformed("bundle", fmt.Errorf("it is longer than %d bytes", MaxBundle))
	case len(data) == 0:
		return nil, malformed("bundle", errors.New("it is empty"))
	case data[len(data)-1] != '\n':
		return nil, malformed("bundle", errors.New("its last line is cut"))
	}
	var out Bundle
	for line := range bytes.Lines(data) {
		if len(out) == maxEnvelopes {
			return nil, malformed("bundle", fmt.Errorf("it has more than %d lines", maxEnvelopes))
		}
		e, err := ParseEnvelope(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(out)+1, err)
		}
		out = append(out, e)
	}
	return out, nil
}
