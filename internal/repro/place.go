package repro

import (
	"bytes"
	"context"
	"os"
	"path"
	"strings"

	"snug/internal/digest"
	"snug/internal/fault"
)

// maxList bounds a list of parts.
const maxList = 64 << 20

// place writes another name for the folder of the sources into the lists of parts (PEP 770): tools
// name it there in the identity of what they built, and it is nowhere once the build is over.
func (w *work) place(context.Context) error {
	if w.expect.Place == "" || w.expect.Place == w.expect.Called {
		return nil
	}
	for _, e := range w.entries {
		if e.elf || !strings.HasPrefix(e.name, w.distInfo+"/sboms/") {
			continue
		}
		if e.size > maxList {
			return named(w.file, fault.New(fault.Unsupported, "", "%s has %d bytes, more than %d", path.Base(e.name), e.size, int64(maxList)))
		}
		text, err := os.ReadFile(e.path)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte(w.expect.Place), []byte(w.expect.Called))
		if err := os.WriteFile(e.path, text, 0o644); err != nil {
			return err
		}
		e.sum, e.size = digest.Of(text), int64(len(text))
	}
	return nil
}
