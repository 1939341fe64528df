package indextest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// URL is where an Index is found through RoundTrip.
const URL = "https://index.example/simple/"

// Announce says how an Index serves METADATA beside its wheels.
type Announce int

const (
	Announced   Announce = iota // PEP 658, with hash
	Unannounced                 // served, but the page does not say so
	Absent                      // 404: the wheel must be opened
)

// Index is a package index in memory. Its settings may be changed before the
// first request.
type Index struct {
	Metadata Announce
	HTML     bool // pages in HTML even if JSON is asked for
	NoRanges bool // whole files only
	NoSizes  bool // no size and no upload-time, as before PEP 700
	// Attest makes the provenance (PEP 740) of a file of a release that says who
	// published it; nil: no file has any.
	Attest func(s Spec, file string, body []byte) []byte

	mu       sync.Mutex
	projects map[string][]Spec
	files    map[string]file
	faults   []*injected
	requests []string
}

type file struct {
	name string
	body []byte
	spec Spec
	meta string // "" for an sdist
}

// provenance is the last part of the address of a file's provenance.
const provenance = ".provenance"

func (x *Index) attests(f file) bool { return x.Attest != nil && f.spec.PublishedBy != "" }

// New returns an index of these releases, and builds their files.
func New(specs ...Spec) *Index {
	x := &Index{projects: map[string][]Spec{}, files: map[string]file{}}
	for _, s := range specs {
		x.Add(s)
	}
	return x
}

// FromTxtar returns an index of the releases in the notation of Parse.
func FromTxtar(data []byte) (*Index, error) {
	specs, err := Parse(data)
	if err != nil {
		return nil, err
	}
	return New(specs...), nil
}

// Add uploads one more release.
func (x *Index) Add(s Spec) {
	if s.Upload.IsZero() {
		s.Upload = DefaultUpload
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	name := normalise(s.Name)
	x.projects[name] = append(x.projects[name], s)
	for _, f := range s.built() {
		x.files[f.name] = f
	}
}

// Remove takes a whole project away.
func (x *Index) Remove(name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.projects, normalise(name))
	for key, f := range x.files {
		if normalise(f.spec.Name) == normalise(name) {
			delete(x.files, key)
		}
	}
}

// File returns the bytes of a file of the index, nil if it has none.
func (x *Index) File(name string) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.files[name].body
}

// Requests returns what was asked for so far, as "GET /simple/django/", sorted.
func (x *Index) Requests() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Sorted(slices.Values(x.requests))
}

func (s Spec) built() []file {
	var files []file
	if !s.NoWheel {
		for _, tag := range s.tags() {
			files = append(files, file{s.WheelName(tag), s.wheel(tag), s, s.MetadataText()})
		}
	}
	if s.Sdist {
		files = append(files, file{s.SdistName(), s.sdist(), s, ""})
	}
	return files
}

// ServeHTTP serves /simple/NAME/ and /files/NAME, with ETags.
func (x *Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.requests = append(x.requests, r.Method+" "+r.URL.Path)
	x.mu.Unlock()
	kind, body := x.answer(r.URL.Path, r.Header.Get("Accept"))
	w, body, done := x.spoil(w, r, body)
	if done {
		return
	}
	if body == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", `"`+sha256Hex(body)[:16]+`"`)
	if x.NoRanges {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (x *Index) answer(path, accept string) (kind string, body []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if name, ok := strings.CutPrefix(path, "/files/"); ok {
		if of, ok := strings.CutSuffix(name, provenance); ok {
			if f := x.files[of]; x.attests(f) {
				return "application/vnd.pypi.integrity.v1+json", x.Attest(f.spec, f.name, f.body)
			}
			return "", nil
		}
		if wheel, ok := strings.CutSuffix(name, ".metadata"); ok {
			if f := x.files[wheel]; f.meta != "" && x.Metadata != Absent {
				return "application/octet-stream", []byte(f.meta)
			}
			return "", nil
		}
		return "application/octet-stream", x.files[name].body
	}
	name, ok := strings.CutPrefix(path, "/simple/")
	specs, known := x.projects[strings.TrimSuffix(name, "/")]
	if !ok || !known {
		return "", nil
	}
	if x.HTML || !strings.Contains(accept, "json") {
		return "text/html; charset=utf-8", x.pageHTML(specs)
	}
	return "application/vnd.pypi.simple.v1+json", x.pageJSON(specs)
}

func (x *Index) pageJSON(specs []Spec) []byte {
	page := map[string]any{"meta": map[string]any{"api-version": "1.1"}, "name": normalise(specs[0].Name)}
	versions, files := []string{}, []any{}
	for _, s := range specs {
		versions = append(versions, s.Version)
		if s.Status != "" {
			page["project-status"] = map[string]string{"status": s.Status, "reason": s.StatusReason}
		}
		for _, f := range s.built() {
			files = append(files, x.fileJSON(f))
		}
	}
	page["versions"], page["files"] = versions, files
	text, err := json.MarshalIndent(page, "", " ")
	must(err)
	return text
}

func (x *Index) fileJSON(f file) map[string]any {
	entry := map[string]any{
		"filename": f.name,
		"url":      "../../files/" + f.name,
		"hashes":   map[string]string{"sha256": sha256Hex(f.body)},
		"yanked":   false,
	}
	if f.spec.Yanked {
		entry["yanked"] = f.spec.YankedReason
	}
	if !x.NoSizes {
		entry["size"] = len(f.body)
		if !f.spec.Undated {
			entry["upload-time"] = f.spec.Upload.Format(time.RFC3339)
		}
	}
	if v := f.spec.requiresPython(); v != "" {
		entry["requires-python"] = v
	}
	if x.attests(f) {
		entry["provenance"] = "../../files/" + f.name + provenance
	}
	if f.meta != "" && x.Metadata == Announced {
		entry["core-metadata"] = map[string]string{"sha256": sha256Hex([]byte(f.meta))}
	}
	return entry
}

func (x *Index) pageHTML(specs []Spec) []byte {
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.1\">")
	for _, s := range specs {
		if s.Status != "" {
			fmt.Fprintf(&b, "<meta name=\"pypi:project-status\" content=%q>", s.Status)
		}
	}
	b.WriteString("</head><body>\n")
	for _, s := range specs {
		for _, f := range s.built() {
			fmt.Fprintf(&b, "<a href=\"../../files/%s#sha256=%s\"", f.name, sha256Hex(f.body))
			if v := s.requiresPython(); v != "" {
				fmt.Fprintf(&b, " data-requires-python=\"%s\"", html.EscapeString(v))
			}
			if s.Yanked {
				fmt.Fprintf(&b, " data-yanked=\"%s\"", html.EscapeString(s.YankedReason))
			}
			if f.meta != "" && x.Metadata == Announced {
				fmt.Fprintf(&b, " data-core-metadata=\"sha256=%s\"", sha256Hex([]byte(f.meta)))
			}
			if x.attests(f) {
				fmt.Fprintf(&b, " data-provenance=\"../../files/%s%s\"", f.name, provenance)
			}
			fmt.Fprintf(&b, ">%s</a><br>\n", f.name)
		}
	}
	b.WriteString("</body></html>\n")
	return b.Bytes()
}

func (s Spec) requiresPython() string {
	for _, line := range s.Metadata {
		if v, ok := strings.CutPrefix(line, "Requires-Python:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// normalise is PEP 503's rule, here again so that a fake shares no mistake with
// what it tests.
func normalise(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("-_.", r) })
	return strings.Join(parts, "-")
}
