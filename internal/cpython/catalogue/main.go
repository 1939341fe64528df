// Command catalogue writes cpython's catalogue.json: the digest and size of the
// tarball of each release of CPython, read whole. Run by `make interpreters`:
//
//	go run ./internal/cpython/catalogue [-from MIRROR] [-o FILE] VERSION...
//
// Releases that the catalogue holds already are read again; one whose digest changed
// is refused, one that cannot be had now is said and stays.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"snug/internal/cpython"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/pep440"
)

func main() {
	from := flag.String("from", "", "mirror of python.org's folder of releases: an address or a folder")
	out := flag.String("o", "internal/cpython/catalogue.json", "file to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *from, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, from, out string, versions []string) error {
	list, err := cpython.Catalogue()
	if err != nil {
		return err
	}
	client, err := fetch.New(fetch.Options{Env: os.Getenv, Now: time.Now})
	if err != nil {
		return err
	}
	source := cpython.NewSource(cpython.Options{Client: client, Mirror: from})
	for i, known := range list {
		versions = slices.DeleteFunc(versions, func(v string) bool { return v == known.Version })
		got, err := source.Sum(ctx, known.Version)
		switch {
		case fault.CodeOf(err) == fault.Network:
			fmt.Fprintf(os.Stderr, "%s: not read: %v\n", known.Version, err)
			continue
		case err != nil:
			return err
		case got.SHA256 != known.SHA256:
			return fmt.Errorf("%s: its digest was %s and is now %s", known.Version, known.SHA256, got.SHA256)
		}
		list[i] = got
	}
	for _, version := range versions {
		got, err := source.Sum(ctx, version)
		if err != nil {
			return err
		}
		list = append(list, got)
	}
	return write(out, list)
}

// write sorts by version and writes one release a line.
func write(out string, list []cpython.Tarball) error {
	var failed error
	slices.SortFunc(list, func(a, b cpython.Tarball) int {
		x, errX := pep440.Parse(a.Version)
		y, errY := pep440.Parse(b.Version)
		if errX != nil || errY != nil {
			failed = fmt.Errorf("%q or %q is no version", a.Version, b.Version)
			return 0
		}
		return x.Compare(y)
	})
	if failed != nil {
		return failed
	}
	var b bytes.Buffer
	for i, t := range list {
		line, err := json.Marshal(t)
		if err != nil {
			return err
		}
		end := ","
		if i == len(list)-1 {
			end = ""
		}
		fmt.Fprintf(&b, "  %s%s\n", line, end)
	}
	return os.WriteFile(out, []byte("[\n"+b.String()+"]\n"), 0o644)
}
