//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"snug/internal/fetch"
	"snug/internal/index"
)

// recorder answers from the mirror's folder, and asks the index that this
// machine is configured for, once, for what is not there yet.
type recorder struct {
	dir     string
	base    string // of the index outside
	goproxy string
	fetch   *fetch.Client
	index   *index.Client
	flight  singleflight.Group
	asked   atomic.Int64 // how often it asked outside
}

func newRecorder(ctx context.Context, dir string, env func(string) string) (*recorder, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	cfg, err := index.ReadConfig(env, home, dir)
	if err != nil {
		return nil, err
	}
	client, err := fetch.New(fetch.Options{Env: env, CertFile: cfg.CertFile, Now: time.Now})
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOPROXY: %w", err)
	}
	proxy, _, _ := strings.Cut(strings.TrimSpace(string(out)), ",")
	return &recorder{dir: dir, base: cfg.IndexURL, goproxy: proxy, fetch: client, index: index.New(client, cfg, "")}, nil
}

// once makes the file at path by fill, unless it is there.
func (r *recorder) once(path string, fill func(io.Writer) error) error {
	_, err, _ := r.flight.Do(path, func() (any, error) {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		r.asked.Add(1)
		return nil, keepWhole(path, fill)
	})
	return err
}

func (r *recorder) raw(name string) string { return filepath.Join(r.dir, "pages", name+".json") }

// page is what the index said of a project, cut at asOf, its files in filesPlace.
func (r *recorder) page(ctx context.Context, name string) ([]byte, error) {
	if err := r.recordPage(ctx, name); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(r.raw(name))
	if err != nil {
		return nil, err
	}
	return mirrored(name, raw, r.metadataSum)
}

func (r *recorder) recordPage(ctx context.Context, name string) error {
	return r.once(r.raw(name), func(w io.Writer) error {
		page := strings.TrimSuffix(r.base, "/") + "/" + name + "/"
		resp, err := r.fetch.Get(ctx, page, fetch.GetOptions{Accept: pageType, MaxBytes: index.MaxListing})
		if err != nil {
			return err
		}
		body, err := absolute(resp.Body, resp.URL)
		if err == nil {
			_, err = w.Write(body)
		}
		return err
	})
}

// file is the path of a wheel, or of its METADATA, that the page of name lists.
func (r *recorder) file(ctx context.Context, name, sum, file string) (string, error) {
	if strings.ContainsAny(sum+file, `/\`) {
		return "", fmt.Errorf("%s: not found", file)
	}
	path := filepath.Join(r.dir, "files", sum, file)
	wheel, isMetadata := strings.CutSuffix(file, ".metadata")
	return path, r.once(path, func(w io.Writer) error {
		address, err := r.origin(name, sum, wheel)
		if err != nil {
			return err
		}
		if isMetadata {
			return r.recordMetadata(ctx, w, name, wheel)
		}
		body, err := r.index.Download(ctx, address, 0)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(w, body)
		return err
	})
}

func (r *recorder) recordMetadata(ctx context.Context, w io.Writer, name, wheel string) error {
	l, err := r.index.Listing(ctx, name)
	if err != nil {
		return err
	}
	for i := range l.Releases {
		files, err := l.Releases[i].Files()
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.Name == wheel {
				body, err := r.index.Metadata(ctx, l, f)
				if err == nil {
					_, err = w.Write(body)
				}
				return err
			}
		}
	}
	return fmt.Errorf("%s: the index no longer lists it", wheel)
}

// module is the path of a file of the module proxy.
func (r *recorder) module(ctx context.Context, name string) (string, error) {
	u, err := url.Parse(name)
	if err != nil || strings.Contains(u.Path, "..") {
		return "", fmt.Errorf("%s: not found", name)
	}
	path := filepath.Join(r.dir, "goproxy", filepath.FromSlash(u.Path))
	return path, r.once(path, func(w io.Writer) error {
		body, _, err := r.fetch.Download(ctx, r.goproxy+"/"+name, 0)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(w, body)
		return err
	})
}
