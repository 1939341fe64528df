package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"snug/internal/digest"
)

const (
	maxHead   = 8 << 10          // bytes of a stored answer's first line
	heuristic = 10 * time.Minute // for an answer that says nothing of its age (RFC 9111, 4.2.2)
)

// cache keeps answers as files: a line of JSON, then the body, then what of it is only read when it is
// asked for. It is private to a user. What cannot be read is not there, and what cannot be written is
// not kept: a cache may fail without harm. A nil cache holds nothing.
type cache struct {
	dir  string
	held atomic.Int64 // open files
}

// maxHeld bounds the files that are held open for their rest: it stays below the 1024 that some
// systems allow. The rest of further ones is read at once.
const maxHeld = 700

// stored is an answer in the cache.
type stored struct {
	URL          string        `json:"url"`
	ContentType  string        `json:"content_type,omitempty"`
	ETag         string        `json:"etag,omitempty"`
	LastModified string        `json:"last_modified,omitempty"`
	At           time.Time     `json:"at"`       // when it was true
	Lifetime     time.Duration `json:"lifetime"` // how long it may be used unasked
	Sum          uint32        `json:"crc32c"`   // of the body, against torn and damaged files
	Length       int64         `json:"length"`   // of the body; the rest follows
	body         []byte
	rest         io.ReaderAt // behind the body, nil if there is nothing
	head         int         // how long the first line is in the file, 0 for what comes from a server
}

// cacheKey is the file name of an answer: the login is no part of it, what is accepted is.
func cacheKey(u *url.URL, accept string) string {
	plain := *u
	plain.User, plain.Fragment, plain.RawFragment = nil, "", ""
	return digest.Of([]byte(plain.String() + "\n" + accept)).String()
}

func (c *cache) path(key string) string { return filepath.Join(c.dir, key[:2], key) }

// read is nil when there is no whole, undamaged answer of at most max bytes.
func (c *cache) read(key string, max int64) *stored {
	if c == nil {
		return nil
	}
	f, err := os.Open(c.path(key))
	if err != nil {
		return nil
	}
	s := readStored(f, max)
	if s == nil || s.rest == nil {
		f.Close()
		return s
	}
	return c.hold(f, s)
}

// firstRead is as much of a file as holds nearly every first line and body.
const firstRead = 2 * maxHead

var firstReads = sync.Pool{New: func() any { return new([firstRead]byte) }}

func readStored(f *os.File, max int64) *stored {
	info, err := f.Stat()
	if err != nil || info.Size() > max+maxHead {
		return nil
	}
	room := firstReads.Get().(*[firstRead]byte)
	defer firstReads.Put(room)
	data := room[:min(info.Size(), firstRead)]
	if _, err := io.ReadFull(f, data); err != nil {
		return nil
	}
	head, body, found := bytes.Cut(data, []byte("\n"))
	s := &stored{head: len(head)}
	if !found || json.Unmarshal(head, s) != nil {
		return nil
	}
	left := info.Size() - int64(len(head)) - 1 - s.Length
	if s.Length < 0 || left < 0 || s.Length+left > max {
		return nil
	}
	s.body = make([]byte, s.Length)
	if n := copy(s.body, body); int64(n) < s.Length {
		if _, err := io.ReadFull(f, s.body[n:]); err != nil {
			return nil
		}
	}
	if s.Sum != sumOf(s.body) {
		return nil
	}
	if left > 0 {
		s.rest = io.NewSectionReader(f, int64(len(head))+1+s.Length, left)
	}
	return s
}

// hold keeps the file open for the rest: who replaces it meanwhile does no harm. The file is closed
// when nobody can read it any more.
func (c *cache) hold(f *os.File, s *stored) *stored {
	if c.held.Add(1) <= maxHeld {
		runtime.AddCleanup(f, func(c *cache) { c.held.Add(-1) }, c)
		return s
	}
	c.held.Add(-1)
	defer f.Close()
	rest, err := io.ReadAll(s.restReader())
	if err != nil {
		return nil
	}
	s.rest = bytes.NewReader(rest)
	return s
}

func sumOf(body []byte) uint32 { return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) }

// spare is room that a first line is given to grow in.
const spare = 256

// renew writes what changed after the server confirmed the answer: the first line, in its place.
func (c *cache) renew(key string, s *stored) {
	head, err := json.Marshal(s)
	if c == nil || err != nil {
		return
	}
	if len(head) > s.head {
		c.write(key, s)
		return
	}
	f, err := os.OpenFile(c.path(key), os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_, err = f.WriteAt(padded(head, s.head), 0)
	_ = errors.Join(err, f.Close()) // a line that is torn is no answer: the next one asks again
}

func padded(head []byte, n int) []byte {
	return append(head, bytes.Repeat([]byte(" "), max(0, n-len(head)))...)
}

// write replaces the answer in one step. What is behind the body is from then on read from the file.
func (c *cache) write(key string, s *stored) {
	if c == nil {
		return
	}
	s.Sum, s.Length = sumOf(s.body), int64(len(s.body))
	head, err := json.Marshal(s)
	if err != nil || len(head)+spare > maxHead {
		return
	}
	path := c.path(key)
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return
	}
	if err := errors.Join(s.writeTo(f, head), f.Close()); err != nil || os.Rename(f.Name(), path) != nil {
		if err := os.Remove(f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return // a temporary file stays behind in a directory that may be emptied at any time
		}
		return
	}
	if s.rest == nil {
		return
	}
	if kept := c.read(key, math.MaxInt64-maxHead); kept != nil && kept.Sum == s.Sum {
		s.rest = kept.rest // instead of memory
	}
}

func (s *stored) restReader() io.Reader { return io.NewSectionReader(s.rest, 0, math.MaxInt64) }

func (s *stored) writeTo(f io.Writer, head []byte) error {
	_, err1 := f.Write(append(padded(head, len(head)+spare), '\n'))
	_, err2 := f.Write(s.body)
	if s.rest == nil {
		return errors.Join(err1, err2)
	}
	_, err3 := io.Copy(f, s.restReader())
	return errors.Join(err1, err2, err3)
}

// mayStore obeys no-store; a private cache may keep the rest (RFC 9111, 3). What varies by more than
// the Accept in the key is not kept.
func mayStore(h http.Header) bool {
	_, never := directives(h)["no-store"]
	for _, field := range strings.Split(strings.Join(h.Values("Vary"), ","), ",") {
		switch strings.ToLower(strings.TrimSpace(field)) {
		case "", "accept", "accept-encoding", "user-agent", "origin":
		default:
			return false
		}
	}
	return !never
}

func newStored(resp *http.Response, body []byte, now time.Time) *stored {
	final := *resp.Request.URL
	final.User = nil
	s := &stored{
		URL: final.String(), ContentType: resp.Header.Get("Content-Type"), ETag: resp.Header.Get("ETag"),
		LastModified: resp.Header.Get("Last-Modified"), body: body,
	}
	s.At, s.Lifetime = now, s.lifetime(resp.Header, now)
	return s
}

// renew takes over what a 304 says (RFC 9111, 4.3.4).
func (s *stored) renew(h http.Header, now time.Time) {
	if tag := h.Get("ETag"); tag != "" {
		s.ETag = tag
	}
	s.At, s.Lifetime = now, s.lifetime(h, now)
}

// lifetime is what is left at now of the time that the answer may be used unasked (RFC 9111, 4.2).
func (s *stored) lifetime(h http.Header, now time.Time) time.Duration {
	said := directives(h)
	if _, ok := said["no-cache"]; ok {
		return 0
	}
	age := seconds(h.Get("Age"))
	if text, ok := said["max-age"]; ok {
		return max(0, seconds(text)-age)
	}
	if text := h.Get("Expires"); text != "" {
		until, err := http.ParseTime(text)
		if err != nil {
			return 0 // "0" and the like: already expired
		}
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		return max(0, until.Sub(now)-age)
	}
	if s.ETag != "" || s.LastModified != "" {
		return 0
	}
	return heuristic
}

func directives(h http.Header) map[string]string {
	said := map[string]string{}
	for _, part := range strings.Split(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		said[strings.ToLower(name)] = strings.Trim(value, `"`)
	}
	return said
}

// seconds is 0 for what is no number.
func seconds(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// fresh reports whether the server need not be asked. An answer from the future, after a clock was
// set back, is not fresh.
func (s *stored) fresh(now time.Time) bool {
	age := now.Sub(s.At)
	return age >= 0 && age < s.Lifetime
}

// ask sets the conditions under which the server may answer 304.
func (s *stored) ask(h http.Header) {
	if s == nil {
		return
	}
	if s.ETag != "" {
		h.Set("If-None-Match", s.ETag)
	}
	if s.LastModified != "" {
		h.Set("If-Modified-Since", s.LastModified)
	}
}

func (s *stored) response() *Response {
	return &Response{Body: s.body, Rest: s.rest, URL: s.URL, ContentType: s.ContentType, Status: http.StatusOK, FromCache: true, At: s.At}
}
