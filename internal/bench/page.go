//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/digest"
)

// filesPlace stands for the address of the mirror's files until its port is known.
const filesPlace = "@FILES@"

// asOf is the day whose index the mirror shows, so that it stays the same.
var asOf = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// listing is a project page of the simple API, with every field kept as it came.
type listing map[string]json.RawMessage

// listed is one file of it.
type listed map[string]json.RawMessage

func (f listed) text(key string) string {
	var s string
	_ = json.Unmarshal(f[key], &s) // no text is none
	return s
}

func (f listed) sum() string {
	var sums map[string]string
	_ = json.Unmarshal(f["hashes"], &sums) // no hashes are none
	return sums["sha256"]
}

func (f listed) set(key string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic("bench: internal error: " + err.Error())
	}
	f[key] = text
}

func readListing(raw []byte) (listing, []listed, error) {
	var page listing
	var files []listed
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, nil, err
	}
	err := json.Unmarshal(page["files"], &files)
	return page, files, err
}

func (p listing) with(files []listed) ([]byte, error) {
	text, err := json.Marshal(files)
	if err != nil {
		return nil, err
	}
	p["files"] = text
	return json.Marshal(p)
}

// absolute makes every address of a page absolute: it is kept elsewhere.
func absolute(raw []byte, base string) ([]byte, error) {
	at, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	page, files, err := readListing(raw)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		u, err := at.Parse(f.text("url"))
		if err != nil {
			return nil, err
		}
		f.set("url", u.String())
	}
	return page.with(files)
}

// mirrored is the page as the mirror serves it: what was there at asOf, and
// METADATA announced for every wheel, with its hash where it was asked for.
func mirrored(name string, raw []byte, metadataSum func(sum, file string) string) ([]byte, error) {
	page, files, err := readListing(raw)
	if err != nil {
		return nil, err
	}
	kept := files[:0]
	for _, f := range files {
		at, err := time.Parse(time.RFC3339, f.text("upload-time"))
		if err != nil {
			return nil, fmt.Errorf("%s: upload-time of %s: %w", name, f.text("filename"), err)
		}
		if at.After(asOf) || f.sum() == "" {
			continue
		}
		file := f.text("filename")
		f.set("url", strings.Join([]string{filesPlace, name, f.sum(), file}, "/"))
		if strings.HasSuffix(file, ".whl") {
			f.set("core-metadata", true)
			if sum := metadataSum(f.sum(), file); sum != "" {
				f.set("core-metadata", map[string]string{"sha256": sum})
			}
		}
		kept = append(kept, f)
	}
	return page.with(kept)
}

// metadataSum is the hash of a wheel's METADATA, "" if that was never asked for.
func (r *recorder) metadataSum(sum, file string) string {
	body, err := os.ReadFile(filepath.Join(r.dir, "files", sum, file+".metadata"))
	if err != nil {
		return ""
	}
	return digest.Of(body).String()
}

// origin is the address outside of a file that a page lists.
func (r *recorder) origin(name, sum, file string) (string, error) {
	raw, err := os.ReadFile(r.raw(name))
	if err != nil {
		return "", err
	}
	_, files, err := readListing(raw)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if f.sum() == sum && f.text("filename") == file {
			return f.text("url"), nil
		}
	}
	return "", fmt.Errorf("%s lists no %s", name, file)
}
