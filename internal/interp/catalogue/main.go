// Command catalogue writes interp's catalogue.json: for each version of the
// Go module and each platform, the digest of the tree in snug's layout, taken
// from the whole zip after its hash was checked. Run by `make interpreters`:
//
//	go run ./internal/interp/catalogue -o internal/interp/catalogue.json VERSION...
//
// Versions that the catalogue holds already are computed again; a zip whose
// hash changed is refused.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"snug/internal/interp"
	"snug/internal/pep440"
)

func main() {
	out := flag.String("o", "internal/interp/catalogue.json", "file to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, versions []string) error {
	known, err := interp.Catalogue()
	if err != nil {
		return err
	}
	hashes := map[string]string{}
	for _, e := range known {
		hashes[e.Module] = e.H1
		versions = append(versions, e.Module)
	}
	slices.Sort(versions)
	var entries []interp.CatalogueEntry
	for _, v := range slices.Compact(versions) {
		e, err := entry(ctx, v)
		if err != nil {
			return fmt.Errorf("%s: %w", v, err)
		}
		if old := hashes[v]; old != "" && old != e.H1 {
			return fmt.Errorf("%s: its hash was %s and is now %s", v, old, e.H1)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, byPython)
	text, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o644)
}

func byPython(a, b interp.CatalogueEntry) int {
	x, errX := pep440.Parse(a.Python)
	y, errY := pep440.Parse(b.Python)
	if errX != nil || errY != nil {
		return strings.Compare(a.Python, b.Python)
	}
	return x.Compare(y)
}

func entry(ctx context.Context, version string) (interp.CatalogueEntry, error) {
	python, _, _ := strings.Cut(strings.TrimPrefix(version, "v0.0.0-"), "-")
	v, err := pep440.Parse(python)
	if err != nil {
		return interp.CatalogueEntry{}, err
	}
	whole, err := interp.DownloadModule(ctx, os.Getenv, version)
	if err != nil {
		return interp.CatalogueEntry{}, err
	}
	e := interp.CatalogueEntry{Module: version, Python: python, H1: whole.Sum, Trees: map[string]string{}}
	for _, platform := range interp.Platforms() {
		sum, err := tree(whole.Zip, version, platform, interp.Interpreter{Version: v}.Minor())
		if err != nil {
			return e, fmt.Errorf("%s: %w", platform, err)
		}
		e.Trees[platform] = sum
		fmt.Fprintln(os.Stderr, version, platform, sum)
	}
	return e, nil
}

func tree(zipPath, version, platform, minor string) (string, error) {
	dir, err := os.MkdirTemp("", "snug-catalogue-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	sum, err := interp.ModuleTree(zipPath, version, platform, minor, dir)
	return sum.String(), err
}
