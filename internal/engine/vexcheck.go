package engine

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"snug/internal/fault"
	"snug/internal/generation"
	"snug/internal/sbom"
	"snug/internal/vex"
)

// CheckVEX holds a VEX document to a bill of materials: the one at billPath, else that
// of the built runtime of the project at root that the document is about.
func (e *Engine) CheckVEX(ctx context.Context, root, vexPath, billPath string) (*vex.Report, error) {
	doc, err := readDocument(vexPath)
	if err != nil {
		return nil, err
	}
	if billPath != "" {
		bill, err := readDocument(billPath)
		if err != nil {
			return nil, err
		}
		return vex.Check(doc, bill)
	}
	products, err := vex.Products(doc)
	if err != nil {
		return nil, err
	}
	return e.checkOwn(ctx, root, doc, products)
}

// checkOwn looks for the built runtime that the document is about.
func (e *Engine) checkOwn(ctx context.Context, root string, doc []byte, products []string) (*vex.Report, error) {
	names, err := everyRuntime(root)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t, err := ProvenanceRequest{Root: root}.thing(name)
		if err != nil {
			return nil, err
		}
		m, err := generation.ReadHead(t.path)
		if err != nil {
			return nil, err
		}
		of, _, err := e.subjectOf(ctx, t, m, nil)
		if err != nil {
			return nil, err
		}
		d, err := e.describe(ctx, of, t.path, m)
		if err != nil {
			return nil, err
		}
		if slices.Contains(products, d.RuntimePURL()) {
			bill, err := sbom.CycloneDX(d.Document)
			if err != nil {
				return nil, err
			}
			return vex.Check(doc, bill)
		}
	}
	return nil, fault.New(fault.NotFound, "--sbom FILE names the bill of materials to hold it to", "no runtime that is built in %s is the product of the VEX document: %.200q", root, products)
}

// readDocument reads a file that a person named, up to what vex takes.
func readDocument(path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "name a file", "there is no %s", path)
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular(): // opening a pipe would wait for ever
		return nil, fault.New(fault.Usage, "name a file", "%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, vex.MaxSize+1))
}
