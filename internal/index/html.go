package index

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// parseHTML reads a project page in HTML (PEP 503, 592, 629, 714, 740, 792). One that
// has neither a file nor a version of the API is refused: a network's login page
// looks so, and must not pass for a project without files.
func parseHTML(body []byte, at *url.URL) (*page, error) {
	p := &page{}
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); err != io.EOF {
				return nil, err
			}
			if len(p.files) == 0 && !p.versioned {
				return nil, errors.New("the page links no file and names no version of the API, as a login page would")
			}
			return p, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			var err error
			switch t.DataAtom {
			case atom.Base:
				if u, bad := at.Parse(attributes(t)["href"]); bad == nil {
					at = u
				}
			case atom.Meta:
				err = p.meta(attributes(t))
			case atom.A:
				p.anchor(attributes(t), at)
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

func attributes(t html.Token) map[string]string {
	m := make(map[string]string, len(t.Attr))
	for _, a := range t.Attr {
		if _, ok := m[a.Key]; !ok {
			m[a.Key] = a.Val
		}
	}
	return m
}

func (p *page) meta(attr map[string]string) error {
	switch attr["name"] {
	case "pypi:repository-version":
		p.versioned = true
		return checkVersion(attr["content"])
	case "pypi:project-status":
		p.status = attr["content"]
	case "pypi:project-status-reason":
		p.statusReason = attr["content"]
	}
	return nil
}

// anchor takes a link; what is no file ("../", "mailto:") is counted as skipped.
func (p *page) anchor(attr map[string]string, at *url.URL) {
	href := strings.TrimSpace(attr["href"])
	if href == "" {
		return
	}
	f := File{RequiresPython: attr["data-requires-python"]}
	if err := f.setURL(at, href); err != nil {
		p.skipped++
		return
	}
	f.YankedReason, f.Yanked = attr["data-yanked"]
	f.Provenance = absolute(at, attr["data-provenance"])
	meta, ok := attr["data-core-metadata"]
	if !ok {
		meta, ok = attr["data-dist-info-metadata"]
	}
	if ok && meta != "false" {
		f.HasMetadata = true
		if alg, sum, _ := strings.Cut(meta, "="); alg == "sha256" && isHash(alg, sum) {
			f.MetadataHash = strings.ToLower(sum)
		}
	}
	p.files = append(p.files, f)
}
