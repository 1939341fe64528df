//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"snug/internal/digest"
)

// How long answers may be used unasked, as the public index says it.
const (
	pageAge    = "max-age=600, public"
	staleAge   = "max-age=0, public" // for the rows that revalidate
	foreverAge = "max-age=365000000, immutable, public"
	pageType   = "application/vnd.pypi.simple.v1+json"
)

// mirror is a package index and a Go module proxy on the loopback: pages in
// JSON (PEP 691) with ETags, METADATA beside the wheels (PEP 658), ranges.
// Pages are kept with the place of the files left open, and written anew for
// the port of this run; they and all files are served from disk, so that the
// benchmark's own memory stays small.
type mirror struct {
	dir      string
	served   string // the pages as written for this run
	server   *http.Server
	base     string // http://127.0.0.1:PORT
	recorder *recorder
	mu       sync.Mutex
	etags    map[string]string // of the pages in served, by path
}

func openMirror(ctx context.Context, dir string, env func(string) string) (*mirror, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &mirror{dir: dir, base: "http://" + l.Addr().String(), etags: map[string]string{}}
	if m.recorder, err = newRecorder(ctx, dir, env); err == nil {
		m.served, err = os.MkdirTemp("", "snug-bench-")
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /simple/{name}/{$}", func(w http.ResponseWriter, r *http.Request) { m.page(w, r, "/files", pageAge) })
	mux.HandleFunc("GET /stale/simple/{name}/{$}", func(w http.ResponseWriter, r *http.Request) { m.page(w, r, "/files", staleAge) })
	mux.HandleFunc("GET /slow/simple/{name}/{$}", slowly(func(w http.ResponseWriter, r *http.Request) { m.page(w, r, "/slow/files", pageAge) }))
	mux.HandleFunc("GET /files/{name}/{sum}/{file}", m.file)
	mux.HandleFunc("GET /slow/files/{name}/{sum}/{file}", slowly(m.file))
	mux.HandleFunc("GET /goproxy/", m.module)
	m.server = &http.Server{Handler: mux}
	go m.server.Serve(l) // ends with close
	return m, nil
}

func (m *mirror) close() error { return errors.Join(m.server.Close(), os.RemoveAll(m.served)) }

// slowness is what the slow index takes before each answer.
const slowness = 20 * time.Millisecond

func slowly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(slowness):
			next(w, r)
		case <-r.Context().Done():
		}
	}
}

// page serves what the index has of a project, whose files are below a path.
func (m *mirror) page(w http.ResponseWriter, r *http.Request, files, age string) {
	name := r.PathValue("name")
	path := filepath.Join(m.served, strings.ReplaceAll(files, "/", "_"), name)
	etag, err := m.written(r.Context(), name, files, path)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", pageType)
	serve(w, r, path, age)
}

// written makes sure that the page lies at path for this run.
func (m *mirror) written(ctx context.Context, name, files, path string) (etag string, err error) {
	m.mu.Lock()
	etag, ok := m.etags[path]
	m.mu.Unlock()
	if ok {
		return etag, nil
	}
	page, err := m.recorder.page(ctx, name)
	if err != nil {
		return "", err
	}
	page = []byte(strings.ReplaceAll(string(page), filesPlace, m.base+files))
	if err := writeWhole(path, page); err != nil {
		return "", err
	}
	etag = `"` + digest.Of(page).String() + `"`
	m.mu.Lock()
	defer m.mu.Unlock()
	m.etags[path] = etag
	return etag, nil
}

// settle has every page written anew, with the hashes of all METADATA that is
// known by now.
func (m *mirror) settle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.etags)
}

// file serves a wheel or its METADATA.
func (m *mirror) file(w http.ResponseWriter, r *http.Request) {
	path, err := m.recorder.file(r.Context(), r.PathValue("name"), r.PathValue("sum"), r.PathValue("file"))
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("ETag", `"`+r.PathValue("sum")+filepath.Ext(path)+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	serve(w, r, path, foreverAge)
}

// module serves what a Go module proxy would.
func (m *mirror) module(w http.ResponseWriter, r *http.Request) {
	path, err := m.recorder.module(r.Context(), strings.TrimPrefix(r.URL.Path, "/goproxy/"))
	if err != nil {
		refuse(w, err)
		return
	}
	serve(w, r, path, pageAge)
}

func serve(w http.ResponseWriter, r *http.Request, path, age string) {
	f, err := os.Open(path)
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Cache-Control", age)
	http.ServeContent(w, r, "", st.ModTime(), f)
}

func refuse(w http.ResponseWriter, err error) {
	fmt.Fprintln(os.Stderr, "mirror:", err)
	http.Error(w, err.Error(), http.StatusNotFound)
}

// writeWhole writes a file as a whole or not at all.
func writeWhole(path string, data []byte) error {
	return keepWhole(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func keepWhole(path string, fill func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	if err := fill(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
