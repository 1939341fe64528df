// Package indextest is a whole package index for tests, written as text: it
// builds real wheels and sdists from a txtar archive and serves them by the
// simple API, as an http.RoundTripper without sockets (at URL) or as an
// http.Handler on loopback. It is no model of a resolver or an installer: what
// is served is what a real index would send, byte for byte the same each time.
//
// The notation, one release a header file and a folder of the same name:
//
//	-- django-5.2.txt --
//	Requires-Python: >=3.10
//	Requires-Dist: sqlparse>=0.3.1
//	Console-Script: django-admin = django.core:main
//	-- django-5.2/django/__init__.py --
//	VERSION = (5, 2)
//
// Headers of METADATA stand for themselves; those of the fake index are
// Tags (one wheel for each, default py3-none-any), Sdist (yes or only), Yanked
// (reason), Upload-Time (or none), Console-Script, Entry-Point (group, then the entry),
// Root-Is-Purelib, Status (PEP 792, then the reason), Published-By (repository, then workflow:
// its files have provenance, which Index.Attest makes), Served-As (another file
// name for its wheel), of an sdist Build-Requires, Backend-Asks (what its backend needs besides), Dynamic (yes: only a
// build tells its metadata), Build-Varies (yes: a build under other conditions gives another file) and Build-Fails (with what), and what only a hostile wheel has: Zip-Entry (a raw name,
// perhaps "= text"), Zip-Link (name -> target) and Zip-Bomb (a name and its
// megabytes of zeros), and Lacks (a file of its dist-info that is not there). A release without files gets one module of its name; one
// that brings a file of its dist-info folder gets no other there. An sdist holds the
// same files and what a fake of a build backend reads; where there is a folder
// NAME-VERSION.sdist it holds the files of that, and a PKG-INFO if none is among them:
//
//	-- old-1.0.txt --
//	Sdist: only
//	-- old-1.0.sdist/setup.py --
//	from setuptools import setup
//	setup(name='old', version='1.0')
package indextest

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// Spec is one release of one project.
type Spec struct {
	Name, Version string
	Tags          []string          // one wheel for each; empty: py3-none-any
	Metadata      []string          // further lines of METADATA: "Requires-Dist: idna"
	EntryPoints   map[string]string // group to its lines
	Files         map[string]string // path in the wheel to content; nil: one module
	Platlib       bool              // Root-Is-Purelib: false
	Sdist         bool
	BuildRequires []string          // of the sdist's [build-system]
	BackendAsks   []string          // what its backend asks for besides
	Dynamic       bool              // only a build tells what the sdist depends on
	BuildFails    string            // what its build says in place of a wheel
	BuildVaries   bool              // its build gives another file under other conditions
	Source        map[string]string // path in the sdist to content; nil: those of the fake backend
	NoWheel       bool
	Yanked        bool
	YankedReason  string
	Upload        time.Time // zero: DefaultUpload
	Undated       bool      // the page does not say when
	Status        string
	StatusReason  string
	PublishedBy   string // repository and workflow
	ServedAs      string // file name of the wheel; "": by name, version and tag
	Lacks         []string
	Entries       []Entry // further zip entries, by names that no file system would take
}

// Entry is a zip entry as it stands in the archive. RECORD does not list it.
type Entry struct {
	Name, Text string
	Link       bool  // a symbolic link to Text
	Zeros      int64 // that many bytes instead of Text
}

// DefaultUpload is when a release was uploaded that does not say.
var DefaultUpload = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Parse reads the notation. Releases come back in the order of the archive.
func Parse(data []byte) ([]Spec, error) {
	var specs []Spec
	byStem := map[string]int{}
	members := split(string(data))
	for _, f := range members {
		stem, isHeader := strings.CutSuffix(f.name, ".txt")
		if !isHeader || strings.Contains(stem, "/") {
			continue
		}
		s, err := parseHeader(stem, f.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		byStem[stem] = len(specs)
		specs = append(specs, s)
	}
	for _, f := range members {
		stem, file, inFolder := strings.Cut(f.name, "/")
		if !inFolder {
			continue
		}
		stem, source := strings.CutSuffix(stem, ".sdist")
		i, ok := byStem[stem]
		if !ok {
			return nil, fmt.Errorf("%s: there is no %s.txt", f.name, stem)
		}
		if source {
			if specs[i].Source == nil {
				specs[i].Source = map[string]string{}
			}
			specs[i].Source[path.Clean(file)] = f.text
			continue
		}
		if specs[i].Files == nil {
			specs[i].Files = map[string]string{}
		}
		specs[i].Files[path.Clean(file)] = f.text
	}
	return specs, nil
}

type member struct{ name, text string }

// split reads the txtar format: lines "-- NAME --", each with the text below it.
func split(text string) []member {
	var members []member
	for line := range strings.Lines(text) {
		marker := strings.TrimSpace(line)
		if len(marker) > 6 && strings.HasPrefix(line, "-- ") && strings.HasSuffix(marker, " --") {
			members = append(members, member{name: strings.TrimSpace(marker[3 : len(marker)-3])})
		} else if n := len(members); n > 0 {
			members[n-1].text += line
		}
	}
	return members
}

func parseHeader(stem, text string) (Spec, error) {
	cut := strings.LastIndexByte(stem, '-')
	if cut <= 0 {
		return Spec{}, fmt.Errorf("the name is not NAME-VERSION.txt")
	}
	s := Spec{Name: stem[:cut], Version: stem[cut+1:], EntryPoints: map[string]string{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return s, fmt.Errorf("line %q is no header", line)
		}
		if err := s.set(key, strings.TrimSpace(value), line); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Spec) set(key, value, line string) (err error) {
	switch key {
	case "Tags":
		s.Tags = strings.Fields(value)
	case "Sdist":
		s.Sdist, s.NoWheel = true, value == "only"
	case "Build-Requires":
		s.BuildRequires = append(s.BuildRequires, value)
	case "Backend-Asks":
		s.BackendAsks = append(s.BackendAsks, value)
	case "Dynamic":
		s.Dynamic = value == "yes"
	case "Build-Varies":
		s.BuildVaries = value == "yes"
	case "Build-Fails":
		s.BuildFails = value
	case "Yanked":
		s.Yanked, s.YankedReason = true, value
	case "Upload-Time":
		if s.Undated = value == "none"; s.Undated {
			return nil
		}
		s.Upload, err = time.Parse(time.RFC3339, value)
	case "Console-Script":
		s.EntryPoints["console_scripts"] += value + "\n"
	case "Entry-Point":
		group, entry, _ := strings.Cut(value, " ")
		s.EntryPoints[group] += strings.TrimSpace(entry) + "\n"
	case "Root-Is-Purelib":
		s.Platlib = value == "false"
	case "Status":
		s.Status, s.StatusReason, _ = strings.Cut(value, " ")
	case "Published-By":
		s.PublishedBy = value
	case "Served-As":
		s.ServedAs = value
	case "Lacks":
		s.Lacks = append(s.Lacks, value)
	case "Zip-Entry":
		name, text, _ := strings.Cut(value, " = ")
		s.Entries = append(s.Entries, Entry{Name: name, Text: text})
	case "Zip-Link":
		name, target, _ := strings.Cut(value, " -> ")
		s.Entries = append(s.Entries, Entry{Name: name, Text: target, Link: true})
	case "Zip-Bomb":
		e := Entry{}
		_, err = fmt.Sscan(value, &e.Name, &e.Zeros)
		e.Zeros <<= 20
		s.Entries = append(s.Entries, e)
	default:
		s.Metadata = append(s.Metadata, line)
	}
	return err
}
