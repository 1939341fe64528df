package git

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/fetch"
)

// sent is a pack in the making.
type sent struct {
	body  bytes.Buffer
	count uint32
}

func (s *sent) raw(kind int, size int, before, content []byte) {
	head := []byte{byte(kind<<4 | size&15)}
	for rest := size >> 4; rest > 0; rest >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(rest&0x7f))
	}
	s.body.Write(append(head, before...))
	z := zlib.NewWriter(&s.body)
	_, _ = z.Write(content) // to memory
	_ = z.Close()
	s.count++
}

func (s *sent) add(kind int, content string) id {
	s.raw(kind, len(content), nil, []byte(content))
	return idOf(kind, []byte(content))
}

func entry(mode, name string, of id) string { return mode + " " + name + "\x00" + string(of[:]) }

func (s *sent) commit(tree id) id {
	return s.add(aCommit, fmt.Sprintf("tree %s\nauthor a <a> 1 +0000\ncommitter c <c> 1700000000 +0000\n\nsaid\n", tree))
}

func (s *sent) pack() []byte {
	head := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), s.count)
	all := append(head, s.body.Bytes()...)
	sum := sha1.Sum(all)
	return append(all, sum[:]...)
}

// server answers every fetch with one pack.
type server struct{ answer []byte }

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(s.answer))}, nil
}

func banded(pack []byte) []byte {
	out := []byte(packet("shallow-info\n") + packet("shallow x") + delimiter + packet("packfile\n") + packet("\x02counting"))
	for len(pack) > 0 {
		n := min(len(pack), 1000)
		out = append(out, packet("\x01"+string(pack[:n]))...)
		pack = pack[n:]
	}
	return append(out, flush...)
}

func fetched(t testing.TB, answer []byte, commit string) (string, *Commit, error) {
	t.Helper()
	c, err := fetch.New(fetch.Options{Transport: server{answer}})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "src")
	got, err := Fetch(t.Context(), c, "https://user:secret@code.example/a", commit, dir)
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("the login is shown: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	return dir, got, err
}

func TestFetchDeltas(t *testing.T) {
	var s sent
	base := strings.Repeat("abcdefgh", 50)
	of := s.add(aBlob, base)
	// "X" and the first 10 bytes of the base.
	delta := append(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), 11), 1, 'X', 0x90, 10)
	s.raw(aRefDelta, len(delta), of[:], delta)
	made := idOf(aBlob, []byte("X"+base[:10]))
	sub := s.add(aTree, entry(modeFile, "made", made))
	commit := s.commit(s.add(aTree, entry(modeFile, "base", of)+entry(modeDir, "deep", sub)+entry(modeSub, "other", of)))
	dir, got, err := fetched(t, banded(s.pack()), commit.String())
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "deep/made")); err != nil || string(text) != "Xabcdefghab" {
		t.Errorf("got %q, %v", text, err)
	}
	if len(got.Submodules) != 1 || got.Submodules[0] != "other" {
		t.Errorf("got %+v", got)
	}
}

// TestFetchRefuses: trees that lead out are unsafe, and nothing is laid outside.
func TestFetchRefuses(t *testing.T) {
	for want, build := range map[string]func(s *sent, blob id) string{
		"the path leaves the repository":                     func(_ *sent, b id) string { return entry(modeFile, "..", b) },
		"a separator in the name":                            func(_ *sent, b id) string { return entry(modeFile, "../evil", b) },
		"a repository inside":                                func(_ *sent, b id) string { return entry(modeFile, ".GIT", b) },
		"a control character":                                func(_ *sent, b id) string { return entry(modeFile, "a\nb", b) },
		"a symbolic link that leaves the archive":            func(s *sent, _ id) string { return entry(modeLink, "l", s.add(aBlob, "../evil")) },
		`a symbolic link to "/etc/passwd"`:                   func(s *sent, _ id) string { return entry(modeLink, "l", s.add(aBlob, "/etc/passwd")) },
		`a symbolic link to "a/../../evil": the path leaves`: func(s *sent, _ id) string { return entry(modeLink, "l", s.add(aBlob, "a/../../evil")) },
	} {
		var s sent
		tree := build(&s, s.add(aBlob, "text"))
		commit := s.commit(s.add(aTree, tree))
		dir, _, err := fetched(t, banded(s.pack()), commit.String())
		var refused *archive.UnsafeError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if there, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(there) > 1 {
			t.Errorf("%s: outside lies %v, %v", want, there, err)
		}
	}
}

// TestFetchLies: what a server may send in place of what was asked for.
func TestFetchLies(t *testing.T) {
	var good sent
	commit := good.commit(good.add(aTree, entry(modeFile, "a", good.add(aBlob, "text")))).String()
	pack := good.pack()
	with := func(change func(s *sent)) []byte {
		var s sent
		change(&s)
		return banded(s.pack())
	}
	for want, answer := range map[string][]byte{
		"ends early":                        banded(pack)[:60],
		"holds no pack":                     banded([]byte("PUCK\x00\x00\x00\x02\x00\x00\x00\x00")),
		"object at":                         banded(pack[:40]),
		"no packet line":                    []byte("<!doctype html>"),
		"objects, more than":                banded([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff")),
		"did not send the commit":           with(func(s *sent) { s.add(aBlob, "other") }),
		"malformed delta":                   with(func(s *sent) { s.raw(anOffset, 3, []byte{0x7f}, []byte("abc")) }),
		"upon an object that was not sent":  with(func(s *sent) { s.raw(aRefDelta, 3, make([]byte, 20), []byte("abc")) }),
		"bytes, not":                        with(func(s *sent) { s.raw(aBlob, 5, nil, []byte("more than five")) }),
		"more than 268435456":               with(func(s *sent) { s.raw(aBlob, 1<<30, nil, nil) }),
		"unknown kind 5":                    with(func(s *sent) { s.raw(5, 3, nil, []byte("abc")) }),
		"upon another object than its base": with(func(s *sent) { b := s.add(aBlob, "base"); s.raw(aRefDelta, 3, b[:], []byte{9, 1, 0x90}) }),
		"a delta makes more than it says":   with(func(s *sent) { b := s.add(aBlob, "base"); s.raw(aRefDelta, 4, b[:], []byte{4, 1, 0x90, 4}) }),
		"a delta makes less than it says":   with(func(s *sent) { b := s.add(aBlob, "base"); s.raw(aRefDelta, 4, b[:], []byte{4, 9, 0x90, 4}) }),
		"a delta makes an object of": with(func(s *sent) {
			b := s.add(aBlob, "base")
			s.raw(aRefDelta, 7, b[:], []byte{4, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x90})
		}),
		`the server says: "no"`: []byte(packet("packfile\n") + packet("\x03no")),
	} {
		_, _, err := fetched(t, answer, commit)
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" || fault.CodeOf(err) == fault.Internal {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	if _, _, err := fetched(t, banded(pack), commit); err != nil {
		t.Error(err)
	}
	if _, _, err := fetched(t, banded(pack), "main"); fault.CodeOf(err) != fault.Input {
		t.Errorf("got %v", err)
	}
}

func TestResolveLies(t *testing.T) {
	for want, answer := range map[string]string{
		"does not answer as a git repository": "",
		"no packet line":                      "<html>",
		"is malformed":                        packet("# service=git-upload-pack\n") + flush + packet("zz HEAD\x00caps\n") + flush,
		`the server says: "not yours"`:        packet("# service=git-upload-pack\n") + flush + packet("ERR not yours\n") + flush,
		"ends early":                          packet("# service=git-upload-pack\n") + flush,
	} {
		c, err := fetch.New(fetch.Options{Transport: typed{server{[]byte(answer)}, want == "does not answer as a git repository"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(t.Context(), c, "https://user:secret@code.example/a", "main"); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

// typed gives answers their content type, or that of a page.
type typed struct {
	server
	page bool
}

func (s typed) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.server.RoundTrip(r)
	resp.Header.Set("Content-Type", advertisement)
	if s.page {
		resp.Header.Set("Content-Type", "text/html")
	}
	return resp, err
}

func FuzzPack(f *testing.F) {
	var s sent
	of := s.add(aBlob, strings.Repeat("abc", 20))
	s.raw(aRefDelta, 5, of[:], []byte{60, 4, 0x91, 1, 4})
	s.commit(s.add(aTree, entry(modeFile, "a", of)))
	f.Add(s.pack())
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x61\x01x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := os.Create(filepath.Join(t.TempDir(), "pack"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
		p, err := index(t.Context(), file)
		if err != nil {
			return
		}
		for of, at := range p.byID {
			kind, content, err := p.content(at, 0)
			if err != nil || idOf(kind, content) != of {
				t.Errorf("%s is not what it is called: %v", of, err)
			}
		}
	})
}
