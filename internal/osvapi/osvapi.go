// Package osvapi answers the questions of OSV's API (v1) from a compiled snapshot,
// so that pip-audit and others work without a network. It fetches nothing and knows
// no project: what it says is what the records say.
//
// The hard idea: what cannot be answered is an error and never an empty answer,
// which would read as "no vulnerabilities".
package osvapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"snug/internal/advisory"
	"snug/internal/component"
	"snug/internal/fault"
	"snug/internal/osv"
)

// Limits of a request.
const (
	maxQuery   = 64 << 10 // bytes of one question
	maxBatch   = 8 << 20  // bytes of several
	maxQueries = 1000     // as OSV's own
)

// Handler answers POST /v1/query, POST /v1/querybatch and GET /v1/vulns/{id} from
// db, which must stay open.
func Handler(db *advisory.DB) http.Handler {
	h := handler{db}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/query", h.query)
	mux.HandleFunc("POST /v1/querybatch", h.batch)
	mux.HandleFunc("GET /v1/vulns/{id}", h.record)
	return mux
}

type handler struct{ db *advisory.DB }

// question is what is asked of one package.
type question struct {
	Commit    string      `json:"commit"`
	Version   string      `json:"version"`
	Package   osv.Package `json:"package"`
	PageToken string      `json:"page_token"`
}

// brief is a record in the answer to a batch.
type brief struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
}

// list is an answer; one without records is {}.
type list[T any] struct {
	Vulns []T `json:"vulns,omitempty"`
}

func (h handler) query(w http.ResponseWriter, r *http.Request) {
	var q question
	if err := read(w, r, maxQuery, &q); err != nil {
		refuse(w, err)
		return
	}
	found, err := h.answer(q)
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, list[json.RawMessage]{found})
}

func (h handler) batch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Queries []question `json:"queries"`
	}
	if err := read(w, r, maxBatch, &in); err != nil {
		refuse(w, err)
		return
	}
	if len(in.Queries) > maxQueries {
		refuse(w, usage("%d queries; %d are the most", len(in.Queries), maxQueries))
		return
	}
	out := struct {
		Results []list[brief] `json:"results"`
	}{make([]list[brief], len(in.Queries))}
	for i, q := range in.Queries {
		found, err := h.answer(q)
		if err != nil {
			refuse(w, err)
			return
		}
		for _, data := range found {
			var b brief
			if err := json.Unmarshal(data, &b); err != nil {
				refuse(w, err)
				return
			}
			out.Results[i].Vulns = append(out.Results[i].Vulns, b)
		}
	}
	reply(w, http.StatusOK, out)
}

func (h handler) record(w http.ResponseWriter, r *http.Request) {
	data, err := h.db.Record(r.PathValue("id"))
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, json.RawMessage(data))
}

// answer lists the records that speak of what is asked, in the order of their holes.
// Everything stands on the first page, so a later one is empty.
func (h handler) answer(q question) ([]json.RawMessage, error) {
	if q.PageToken != "" {
		return nil, nil
	}
	c, err := q.component()
	if err != nil {
		return nil, err
	}
	ids, err := h.ids(c)
	if err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, 0, len(ids))
	for _, id := range ids {
		data, err := h.db.Record(id)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func (h handler) ids(c component.Component) ([]string, error) {
	if c.Version == "" {
		return h.db.About(c)
	}
	m := h.db.Match(c)
	if !m.Checked {
		return nil, fault.New(fault.Unsupported, "", "%s cannot be checked: %s", c.Name, m.Reason)
	}
	if m.Unread {
		return nil, fault.New(fault.Unsupported, "", "%s cannot be checked: its version %.100q cannot be read, so that no range can be held against it", c.Name, c.Version)
	}
	var out []string
	for _, g := range m.Groups {
		for _, r := range g.Records {
			out = append(out, r.ID)
		}
	}
	return out, nil
}

// component is what the question is about.
func (q question) component() (component.Component, error) {
	c := component.Component{Name: q.Package.Name, Version: q.Version}
	ecosystem := q.Package.Ecosystem
	switch {
	case q.Commit != "":
		return c, usage("commits are not looked up: ask by package and version")
	case q.Package.PURL != "":
		p, err := packageurl.FromString(q.Package.PURL)
		if err != nil || q.Package.Name != "" || p.Version != "" && q.Version != "" {
			return c, usage("purl %.200q: it must be one, without a name, and with the version in one place", q.Package.PURL)
		}
		c.Name, ecosystem = p.Name, p.Type
		if p.Version != "" {
			c.Version = p.Version
		}
	}
	if c.Name == "" {
		return c, usage("package has no name")
	}
	switch strings.ToLower(ecosystem) {
	case "pypi":
		c.Class = component.Package
	case "crates.io", "cargo":
		c.Class = component.Crate
	default:
		return c, usage("ecosystem %.100q: there is no data about it here", ecosystem)
	}
	return c, nil
}

func usage(format string, args ...any) error { return fault.New(fault.Usage, "", format, args...) }

// read decodes a bounded body. Unknown fields are passed over: clients are of many
// ages.
func read(w http.ResponseWriter, r *http.Request, most int64, to any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(to)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return usage("a body of more than %d bytes", most)
	case err != nil:
		return usage("the body is no question in JSON: %v", err)
	}
	return nil
}

// refuse answers with an error, in the form of OSV's API.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, 13
	switch fault.CodeOf(err) {
	case fault.Usage:
		status, code = http.StatusBadRequest, 3
	case fault.NotFound:
		status, code = http.StatusNotFound, 5
	case fault.Unsupported:
		status, code = http.StatusNotImplemented, 12
	}
	reply(w, status, struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{code, err.Error()})
}

func reply(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, fmt.Sprintf("snug: internal error: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // a client that has gone needs no answer
}
