// Package advisorytest is OSV's bulk export and other feeds of advisories, whole and
// in memory, without a socket: for tests.
//
// The hard idea: what an export holds besides its records (all.zip, modified_id.csv)
// is made of them, so that a test changes a record and nothing else.
package advisorytest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Bucket is a host with files. It is safe for concurrent use.
type Bucket struct {
	mu    sync.Mutex
	files map[string][]byte // by path, without a slash in front
	cut   []string          // suffixes of paths whose bodies end half-way
	asked []string
}

// New is an empty one.
func New() *Bucket { return &Bucket{files: map[string][]byte{}} }

// Put adds a file, or puts it in place of another.
func (b *Bucket) Put(name string, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files[name] = data
}

// Publish adds or changes a record of an export, and makes its zip and its list
// anew.
func (b *Bucket) Publish(folder string, records ...[]byte) error {
	for _, data := range records {
		var r struct{ ID string }
		if err := json.Unmarshal(data, &r); err != nil || r.ID == "" {
			return fmt.Errorf("no record: %.60s", data)
		}
		b.Put(folder+"/"+r.ID+".json", data)
	}
	return b.index(folder)
}

// Files takes the files of a folder: in folders with records of one id each, an
// export is made of these.
func (b *Bucket) Files(fsys fs.FS) error {
	folders := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if dir := path.Dir(name); dir != "." && path.Ext(name) == ".json" {
			folders[dir] = true
		}
		b.Put(filepath.ToSlash(name), data)
		return err
	})
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		err = errors.Join(err, b.index(dir))
	}
	return err
}

// index makes all.zip and modified_id.csv.
func (b *Bucket) index(folder string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(b.files)) {
		if path.Dir(name) != folder || path.Ext(name) != ".json" {
			continue
		}
		w, err := z.Create(path.Base(name))
		if err == nil {
			_, err = w.Write(b.files[name])
		}
		if err != nil {
			return err
		}
		var r struct{ Modified string }
		if json.Unmarshal(b.files[name], &r) == nil { // a test may publish what is none
			lines = append(lines, r.Modified+","+strings.TrimSuffix(path.Base(name), ".json"))
		}
	}
	slices.Sort(lines)
	slices.Reverse(lines)
	err := z.Close()
	b.files[folder+"/all.zip"] = packed.Bytes()
	b.files[folder+"/modified_id.csv"] = []byte(strings.Join(lines, "\n") + "\n")
	return err
}

// Cut lets the bodies of files whose path ends so end half-way, until Mend.
func (b *Bucket) Cut(suffix string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = append(b.cut, suffix)
}

// Mend ends what Cut began.
func (b *Bucket) Mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = nil
}

// Asked are the paths that were asked for since the last time, sorted.
func (b *Bucket) Asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.asked
	b.asked = nil
	slices.Sort(out)
	return out
}

// RoundTrip answers a request.
func (b *Bucket) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	b.asked = append(b.asked, name)
	data, ok := b.files[name]
	resp := &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Request: r, ContentLength: int64(len(data)), Body: io.NopCloser(bytes.NewReader(data))}
	if !ok {
		resp.StatusCode, resp.Status, resp.Body = http.StatusNotFound, "404 Not Found", http.NoBody
		return resp, nil
	}
	if slices.ContainsFunc(b.cut, func(s string) bool { return strings.HasSuffix(name, s) }) {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data[:len(data)/2]), broken{}))
	}
	return resp, nil
}

// broken is a connection that has ended.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
