package cli

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"

	"snug/internal/advisory/advisorytest"
	"snug/internal/index/indextest"
)

// host is an index somewhere, and the user:password that it wants; or a folder of files.
type host struct {
	index  *indextest.Index
	login  string
	files  http.Handler
	bucket *advisorytest.Bucket
}

// hosts is a network of several indexes, without a socket.
type hosts map[string]*host

func (n hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := n[r.URL.Host]
	if !ok {
		return n["index.example"].index.RoundTrip(r) // which says that there is no such host
	}
	if h.files != nil {
		got := httptest.NewRecorder()
		h.files.ServeHTTP(got, r)
		resp := got.Result()
		resp.Request = r
		return resp, nil
	}
	if h.bucket != nil {
		return h.bucket.RoundTrip(r)
	}
	here := r.Clone(r.Context())
	here.URL.Host = "index.example"
	if h.login != "" && r.Header.Get("Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(h.login)) {
		return &http.Response{StatusCode: http.StatusUnauthorized, Status: "401 Unauthorized", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	resp, err := h.index.RoundTrip(here)
	if err == nil {
		resp.Request = r
	}
	return resp, err
}

func storyIndex(ts *testscript.TestScript, _ bool, args []string) {
	data, err := archiveOf(ts.MkAbs(args[1]))
	ts.Check(err)
	x, err := indextest.FromTxtar(data)
	ts.Check(err)
	storyOf(ts).net[args[0]] = &host{index: x}
}

func storyGuard(ts *testscript.TestScript, _ bool, args []string) {
	storyOf(ts).net[args[0]].login = args[1]
}

func storyFiles(ts *testscript.TestScript, _ bool, args []string) {
	storyOf(ts).net[args[0]] = &host{files: http.FileServer(http.Dir(ts.MkAbs(args[1])))}
}
