//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"snug/internal/advisory"
	"snug/internal/component"
)

// osvStandIn answers pip-audit as OSV's API does: POST /v1/query with a name and a
// version is answered with the records that speak of it, whole.
type osvStandIn struct {
	url    string
	server *http.Server
	db     *advisory.DB
	data   *advisories
}

const maxQuery = 64 << 10

func serveOSV(ctx context.Context, zip string, data *advisories) (*osvStandIn, error) {
	db, err := advisory.Load(ctx, zip, time.Now())
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &osvStandIn{url: "http://" + l.Addr().String(), db: db, data: data}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/query", s.query)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.server.Serve(l) // ends by close
	return s, nil
}

func (s *osvStandIn) close() { s.server.Close() }

func (s *osvStandIn) query(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Package struct{ Name string }
		Version string
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxQuery)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m := s.db.Match(component.Component{Class: component.Package, Name: q.Package.Name, Version: q.Version})
	if !m.Checked {
		http.Error(w, fmt.Sprintf("%s: %s", q.Package.Name, m.Reason), http.StatusInternalServerError)
		return
	}
	answer := map[string][]json.RawMessage{}
	for _, g := range m.Groups {
		for _, record := range g.Records {
			answer["vulns"] = append(answer["vulns"], s.data.records[record.ID])
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		say("osv stand-in: %v", err) // the reader has gone
	}
}
