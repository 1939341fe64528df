package index

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"snug/internal/digest"
	"snug/internal/dist"
)

// keptForm names the form in which METADATA is kept: a line of this name, the
// CRC-32C of what follows the line, and the sha256 of the METADATA as it was
// told; then what of it resolving reads (dist.Metadata.Essential).
const keptForm = "metadata-3"

// told ends the name of metadata that the index gave without the wheel: it is
// believed until Confirm has seen the wheel.
const told = ".told"

// essentials is METADATA as it is kept and handed out.
type essentials struct {
	text []byte // dist.Metadata.Essential
	sum  string // sha256 of the whole
}

// essential reads METADATA as it came. Of what cannot be read there is no text.
func essential(body []byte) (essentials, *dist.Metadata, error) {
	e := essentials{sum: digest.Of(body).String()}
	m, err := dist.ParseMetadata(body)
	if err == nil {
		e.text = m.Essential()
	}
	return e, m, err
}

// keptPath is where the metadata of the wheel with that sha256 is kept, "" if
// there is no hash to know the wheel by.
func (c *Client) keptPath(sum string) string {
	if c.dir == "" || !isHash("sha256", sum) {
		return ""
	}
	return filepath.Join(c.dir, "metadata", sum[:2], sum[2:])
}

var errNotKept = errors.New("no kept metadata")

// readKept reads what keep wrote; a damaged or older file is not there.
func readKept(path string) (essentials, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return essentials{}, err
	}
	head, text, _ := bytes.Cut(data, []byte("\n"))
	form, rest, _ := strings.Cut(string(head), " ")
	crc, sum, _ := strings.Cut(rest, " ")
	if n, err := strconv.ParseUint(crc, 16, 32); form != keptForm || err != nil || uint32(n) != crc32.Checksum(text, castagnoli()) {
		return essentials{}, errNotKept
	}
	return essentials{text, sum}, nil
}

// keep writes e as a whole or not at all.
func keep(path string, e essentials) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep metadata: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("keep metadata: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = fmt.Fprintf(tmp, "%s %08x %s\n%s", keptForm, crc32.Checksum(e.text, castagnoli()), e.sum, e.text)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("keep metadata: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("keep metadata: %w", err)
	}
	return nil
}
