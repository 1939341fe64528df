package generation

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Provenance is the name of the file of evidence that every runtime has: who
// made it of what (docs/provenance.md).
const Provenance = "provenance.jsonl"

// The documents about a runtime that may lie beside its provenance (docs/evidence.md).
const (
	Vetting   = "vet.json" // what was known against it when it was assembled, as snug check says it
	CycloneDX = "sbom.cdx.json"
	SPDX      = "sbom.spdx.json"
	OpenVEX   = "vex.openvex.json"
	Notices   = "THIRD-PARTY-NOTICES.txt"
)

// SignedSuffix ends the name of the file in which a document is signed.
const SignedSuffix = ".intoto.jsonl"

// EvidenceNames are the names of all files that evidence may have.
func EvidenceNames() []string {
	names := []string{Provenance, Vetting}
	for _, doc := range []string{CycloneDX, SPDX, OpenVEX, Notices} {
		names = append(names, doc, doc+SignedSuffix)
	}
	return names
}

// Evidence is what is known and signed about a generation: small files by their
// names. They lie beside it, since they may change while it does not.
type Evidence map[string][]byte

// evidenceDir holds the evidence of all generations of a room, by number.
const evidenceDir = "evidence"

// EvidenceOf is the folder of the evidence about the generation at path
// (Room.Path), or, delivered, about the runtime there (Manifest.LinkMode is LinkCopy).
func EvidenceOf(path string, delivered bool) string {
	if delivered {
		return filepath.Dir(filepath.Join(path, filepath.FromSlash(ManifestPath)))
	}
	return filepath.Join(filepath.Dir(path), evidenceDir, filepath.Base(path))
}

// Attested tells whether there is provenance of the generation at path. An empty
// file is what a power cut leaves.
func Attested(path string) bool {
	st, err := os.Stat(filepath.Join(EvidenceOf(path, false), Provenance))
	return err == nil && st.Size() > 0
}

// write puts the files into dir. They are not waited for: a generation whose
// evidence was lost in a power cut is made again (Attested).
func (e Evidence) write(dir string) error {
	for name, data := range e {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Deliver puts the evidence inside the runtime at dir, which is delivered.
func (e Evidence) Deliver(dir string) error { return e.write(EvidenceOf(dir, true)) }

// Keep puts the evidence to that of a runtime that is there already, in its folder
// (EvidenceOf): each file whole, or as it was. An empty one goes away.
func (e Evidence) Keep(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	for name, data := range e {
		errs = append(errs, keep(filepath.Join(dir, name), data))
	}
	return errors.Join(errs...)
}

func keep(path string, data []byte) error {
	if len(data) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// stageEvidence makes a folder of the evidence, to be renamed.
func (r Room) stageEvidence(e Evidence) (string, error) {
	dir, err := os.MkdirTemp(r.Dir, tempPrefix)
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.Chmod(dir, 0o755), e.write(dir)); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// placeEvidence gives staged evidence the number of its generation. What lies
// there is of one that was removed.
func (r Room) placeEvidence(staged string, n int) error {
	to := EvidenceOf(r.Path(n), false)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(staged, to)
}

// discardEvidence removes the evidence about the generation at path, and the
// folder that held only this.
func discardEvidence(path string) error {
	dir := EvidenceOf(path, false)
	err := os.RemoveAll(dir)
	_ = os.Remove(filepath.Dir(dir)) // only where it is empty
	return err
}

// sweepEvidence removes evidence of generations that are gone: of a removal that
// was killed. A new one has its number before its evidence has.
func (r Room) sweepEvidence() error {
	entries, err := os.ReadDir(filepath.Join(r.Dir, evidenceDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && !r.Has(n) {
			errs = append(errs, discardEvidence(r.Path(n)))
		}
	}
	return errors.Join(errs...)
}
