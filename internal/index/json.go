package index

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

// usualEntry is about what the entry of a file has in bytes.
const usualEntry = 450

// parseJSON reads a project page in JSON (PEP 691, 700, 714, 740, 792). Pages reach
// megabytes and most of their bytes are not needed, so this walks them with the
// scanner instead of decoding into structs: about five times as fast.
func parseJSON(body []byte, at *url.URL) (*page, error) {
	p := &page{}
	s := &scanner{in: body}
	err := s.object(func(key string) error {
		switch key {
		case "meta":
			return p.metaJSON(s)
		case "project-status":
			return p.statusJSON(s)
		case "files":
			p.files = make([]File, 0, len(body)/usualEntry)
			return s.array(func() error {
				f, err := fileJSON(s, at)
				p.files = append(p.files, f)
				return err
			})
		}
		return s.skip()
	})
	if err != nil {
		return nil, s.at(err)
	}
	if !s.end() {
		return nil, s.at(errors.New("more text after the object"))
	}
	return p, nil
}

func (p *page) metaJSON(s *scanner) error {
	return s.object(func(key string) error {
		switch key {
		case "api-version":
			v, err := s.text()
			if err != nil {
				return err
			}
			return checkVersion(v)
		}
		return s.skip()
	})
}

// statusJSON reads PEP 792's project-status.
func (p *page) statusJSON(s *scanner) (err error) {
	if s.peek() != '{' {
		return s.skip()
	}
	return s.object(func(key string) error {
		switch key {
		case "status":
			p.status, err = s.text()
			return err
		case "reason":
			p.statusReason, err = s.text()
			return err
		}
		return s.skip()
	})
}

func fileJSON(s *scanner, at *url.URL) (f File, err error) {
	var ref string
	var core, old announcement
	err = s.object(func(key string) (err error) {
		switch key {
		case "filename":
			f.Name, err = s.text()
		case "url":
			ref, err = s.text()
		case "hashes":
			f.Hashes, err = hashesJSON(s)
		case "requires-python":
			f.RequiresPython, err = s.text()
		case "size":
			f.Size, err = s.integer()
		case "upload-time":
			var t string
			t, err = s.text()
			f.Upload = uploadTime(t)
		case "yanked":
			f.Yanked, f.YankedReason, err = yankedJSON(s)
		case "provenance":
			f.Provenance, err = provenanceJSON(s, at)
		case "core-metadata":
			err = core.read(s)
		case "dist-info-metadata": // what PEP 658 called it before PEP 714
			err = old.read(s)
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil {
		return f, err
	}
	if !core.said {
		core = old
	}
	f.HasMetadata, f.MetadataHash = core.has, core.sum
	return f, f.setURL(at, ref)
}

// provenanceJSON reads PEP 740 in JSON: an address or null. What is neither
// announces nothing, as where there is no such key.
func provenanceJSON(s *scanner, at *url.URL) (string, error) {
	if s.peek() != '"' {
		return "", s.skip()
	}
	ref, err := s.text()
	return absolute(at, ref), err
}

// uploadTime reads a moment. One that cannot be read, or that no index can mean
// (listings keep nanoseconds since 1970), is not known: it passes no cut-off.
func uploadTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() <= 1970 || t.Year() >= 2262 {
		return time.Time{}
	}
	return t
}

func hashesJSON(s *scanner) (Hashes, error) {
	var one Hashes
	var more map[string]string
	err := s.object(func(alg string) error {
		sum, err := s.text()
		if err != nil || !isHash(alg, sum) {
			return err
		}
		if !lowerHexBytes.holdAll(sum) {
			sum = strings.ToLower(sum)
		}
		if one == "" { // as nearly always
			one = Hashes(alg + "=" + sum)
			return nil
		}
		if more == nil {
			more = one.Map()
		}
		more[alg] = sum
		return nil
	})
	if more != nil {
		return NewHashes(more), err
	}
	return one, err
}

// yankedJSON reads PEP 592 in JSON: a boolean or the reason.
func yankedJSON(s *scanner) (yanked bool, reason string, err error) {
	if s.peek() == '"' {
		reason, err = s.text()
		return true, reason, err
	}
	yanked, err = s.boolean()
	return yanked, "", err
}

// announcement is the value of core-metadata: a boolean or hashes.
type announcement struct {
	said, has bool
	sum       string
}

func (a *announcement) read(s *scanner) (err error) {
	a.said = true
	if s.peek() != '{' {
		a.has, err = s.boolean()
		return err
	}
	sums, err := hashesJSON(s)
	a.has, a.sum = true, sums.Sum("sha256")
	return err
}
