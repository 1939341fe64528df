package advisory

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"snug/internal/fault"
	"snug/internal/finding"
)

// Limits of the feeds of signals.
const (
	maxSignals = 256 << 20 // bytes, unpacked
	maxCVEs    = 5_000_000
	maxCVE     = 64 // bytes of an id
)

// scores are EPSS: by CVE, with the day they are of.
type scores struct {
	day time.Time
	of  map[string]chance
}

// chance is a probability and its percentile, in millionths.
type chance struct{ probability, percentile uint64 }

// parseEPSS reads the daily file: a comment with the day, a head, and
// CVE,probability,percentile. It may be packed by gzip.
func parseEPSS(data []byte) (scores, error) {
	s := scores{of: map[string]chance{}}
	var from io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(from)
		if err != nil {
			return s, badSignals("EPSS", 0, err.Error())
		}
		from = z
	}
	limited := &io.LimitedReader{R: from, N: maxSignals}
	lines := bufio.NewScanner(limited)
	n := 0
	for lines.Scan() {
		n++
		if reason := s.line(lines.Text()); reason != "" {
			return s, badSignals("EPSS", n, reason)
		}
	}
	switch {
	case lines.Err() != nil:
		return s, badSignals("EPSS", n, lines.Err().Error())
	case limited.N == 0:
		return s, badSignals("EPSS", n, "it is too large")
	case len(s.of) == 0:
		return s, badSignals("EPSS", n, "it has no scores")
	}
	return s, nil
}

func (s *scores) line(text string) string {
	if strings.HasPrefix(text, "#") {
		_, day, _ := strings.Cut(text, "score_date:")
		if len(day) >= len(time.DateOnly) {
			s.day, _ = time.Parse(time.DateOnly, day[:len(time.DateOnly)]) // a comment may say anything
		}
		return ""
	}
	if text == "" || strings.HasPrefix(text, "cve,") {
		return ""
	}
	f := strings.Split(text, ",")
	if len(f) < 3 || !isCVE(f[0]) || len(s.of) >= maxCVEs {
		return "not CVE,probability,percentile"
	}
	p, err := strconv.ParseFloat(f[1], 64)
	q, err2 := strconv.ParseFloat(f[2], 64)
	if err != nil || err2 != nil || !(p >= 0 && p <= 1 && q >= 0 && q <= 1) {
		return "a probability that is none"
	}
	s.of[f[0]] = chance{millionths(p), millionths(q)}
	return ""
}

func isCVE(id string) bool { return strings.HasPrefix(id, "CVE-") && len(id) <= maxCVE }

func badSignals(what string, line int, reason string) error {
	return fault.New(fault.Input, "EPSS is CSV (cve,epss,percentile), packed by gzip or not; KEV is CISA's JSON", "%s feed, line %d: %s", what, line, reason)
}

// join adds what EPSS says of the id: the highest of a group counts.
func (s scores) join(x *finding.Exploitation, id string) *finding.Exploitation {
	e, ok := s.of[id]
	if !ok {
		return x
	}
	if x == nil {
		x = &finding.Exploitation{}
	}
	if p := float64(e.probability) / 1e6; p >= x.EPSS {
		x.EPSS, x.Percentile = p, float64(e.percentile)/1e6
	}
	return x
}

// catalogue is KEV: by CVE, with the day it was released.
type catalogue struct {
	day time.Time
	of  map[string]exploited
}

type exploited struct {
	added, due string
	ransomware bool
}

// parseKEV reads CISA's catalogue.
func parseKEV(data []byte) (catalogue, error) {
	var in struct {
		DateReleased    time.Time `json:"dateReleased"`
		Vulnerabilities []struct {
			CVE        string `json:"cveID"`
			Added      string `json:"dateAdded"`
			Due        string `json:"dueDate"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		} `json:"vulnerabilities"`
	}
	c := catalogue{of: map[string]exploited{}}
	if err := json.Unmarshal(data, &in); err != nil {
		return c, badSignals("KEV", 1, err.Error())
	}
	c.day = in.DateReleased
	for _, v := range in.Vulnerabilities {
		if !isCVE(v.CVE) || !isDay(v.Added) || v.Due != "" && !isDay(v.Due) {
			return c, badSignals("KEV", 1, "an entry without cveID and dateAdded")
		}
		c.of[v.CVE] = exploited{v.Added, v.Due, v.Ransomware == "Known"}
	}
	if len(c.of) == 0 {
		return c, badSignals("KEV", 1, "it has no vulnerabilities")
	}
	return c, nil
}

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// join adds what KEV says of the id.
func (c catalogue) join(x *finding.Exploitation, id string) *finding.Exploitation {
	e, ok := c.of[id]
	if !ok {
		return x
	}
	if x == nil {
		x = &finding.Exploitation{}
	}
	if !x.KEV || e.added < x.KEVAdded {
		x.KEVAdded, x.KEVDue = e.added, e.due
	}
	x.KEV, x.Ransomware = true, x.Ransomware || e.ransomware
	return x
}

// signals are both feeds, to compile again from when only records change.
func (b *builder) signals() []byte {
	var w writer
	w.int(len(b.epss.of))
	w.num(uint64(b.epss.day.Unix()))
	for _, id := range slices.Sorted(maps.Keys(b.epss.of)) {
		w.text(id)
		w.num(b.epss.of[id].probability)
		w.num(b.epss.of[id].percentile)
	}
	w.int(len(b.kev.of))
	w.num(uint64(b.kev.day.Unix()))
	for _, id := range slices.Sorted(maps.Keys(b.kev.of)) {
		e := b.kev.of[id]
		w.text(id)
		w.text(e.added)
		w.text(e.due)
		w.flag(e.ransomware)
	}
	return w.b
}

func readSignals(data []byte) (scores, catalogue, error) {
	r := reader{b: string(data)}
	n := r.count()
	s := scores{day: time.Unix(int64(r.num()), 0).UTC(), of: make(map[string]chance, n)}
	for range n {
		id := r.text()
		s.of[id] = chance{r.num(), r.num()}
	}
	n = r.count()
	c := catalogue{day: time.Unix(int64(r.num()), 0).UTC(), of: make(map[string]exploited, n)}
	for range n {
		id := r.text()
		c.of[id] = exploited{r.text(), r.text(), r.flag()}
	}
	return s, c, r.err()
}
