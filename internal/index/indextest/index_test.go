package indextest

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const world = `
-- Django-5.2.txt --
Requires-Python: >=3.10
Requires-Dist: sqlparse>=0.3.1
Tags: py3-none-any cp314-cp314-manylinux_2_28_x86_64.manylinux2014_x86_64
Sdist: yes
Console-Script: django-admin = django.core:main
-- Django-5.2/django/__init__.py --
VERSION = (5, 2)
-- sqlparse-0.5.txt --
Yanked: it was broken
`

func TestWheelIsDeterministicAndComplete(t *testing.T) {
	specs, err := Parse([]byte(world))
	if err != nil {
		t.Fatal(err)
	}
	a := Wheel(specs[0])
	if !bytes.Equal(a, Wheel(specs[0])) {
		t.Fatal("two builds of one spec differ")
	}
	z, err := zip.NewReader(bytes.NewReader(a), int64(len(a)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	want := "django/__init__.py django-5.2.dist-info/METADATA django-5.2.dist-info/WHEEL django-5.2.dist-info/entry_points.txt django-5.2.dist-info/RECORD"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("files:\n%s\nwant\n%s", got, want)
	}
}

func TestServesOverSocketAndWithoutOne(t *testing.T) {
	x, err := FromTxtar([]byte(world))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(x)
	defer server.Close()
	name := "django-5.2-py3-none-any.whl"
	for at, client := range map[string]*http.Client{
		server.URL:              server.Client(),
		"https://index.example": {Transport: x},
	} {
		resp, err := client.Get(at + "/files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Equal(body, x.File(name)) {
			t.Errorf("%s: wrong bytes (%v)", at, err)
		}
		resp.Body.Close()
	}
}

func TestFaults(t *testing.T) {
	x, err := FromTxtar([]byte(world))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: x}
	x.Inject("/sqlparse/", Fault{Status: 429, RetryAfter: "0"}, 1)
	x.Inject("/sqlparse/", Fault{Truncate: true}, 1)
	resp, err := client.Get(URL + "sqlparse/")
	if err != nil || resp.StatusCode != 429 {
		t.Fatalf("first: %v %v", resp, err)
	}
	if resp, err = client.Get(URL + "sqlparse/"); err != nil {
		t.Fatal(err)
	}
	if _, err = io.ReadAll(resp.Body); err == nil {
		t.Error("second: the body was to be cut")
	}
	if left := x.Unused(); left != nil {
		t.Errorf("unused faults: %v", left)
	}
}

func TestHostileAnswers(t *testing.T) {
	x, err := FromTxtar([]byte(world))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: x}
	x.Inject("/sqlparse/", Fault{Down: true}, 1)
	if _, err := client.Get(URL + "sqlparse/"); err == nil {
		t.Error("a server that is down answered")
	}
	x.Inject("/sqlparse/", Fault{Endless: true}, 1)
	resp, err := client.Get(URL + "sqlparse/")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.CopyN(io.Discard, resp.Body, 10<<20); err != nil || resp.ContentLength != -1 {
		t.Errorf("endless: %d bytes of %d, %v", n, resp.ContentLength, err)
	}
	x.Inject("/sqlparse/", Fault{Location: "/simple/django/"}, 1)
	if resp, err = client.Get(URL + "sqlparse/"); err != nil || resp.Request.URL.Path != "/simple/django/" {
		t.Errorf("redirect: %v", err)
	}
	x.Inject("/sqlparse/", Fault{Kind: "text/plain", Body: "roses"}, 1)
	if resp, err = client.Get(URL + "sqlparse/"); err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "roses" || resp.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("another body: %q, %v", body, err)
	}
}

func TestHostileWheel(t *testing.T) {
	specs, err := Parse([]byte("-- evil-1.txt --\nZip-Entry: ../x = y\nZip-Entry: d/\nZip-Link: l -> /etc\nZip-Bomb: z 1\nLacks: RECORD\nServed-As: good-1-py3-none-any.whl\n"))
	if err != nil {
		t.Fatal(err)
	}
	data := Wheel(specs[0])
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && err != zip.ErrInsecurePath {
		t.Fatal(err)
	}
	var got []string
	for _, f := range z.File[3:] {
		got = append(got, f.Name+" "+f.Mode().String())
	}
	if text := strings.Join(got, ", "); text != "../x -rw-r--r--, d/ drwxr-xr-x, l Lrwxrwxrwx, z -rw-r--r--" || z.File[6].UncompressedSize64 != 1<<20 {
		t.Errorf("entries: %s", text)
	}
	if name := specs[0].WheelName(""); name != "good-1-py3-none-any.whl" {
		t.Errorf("served as %s", name)
	}
}
