// Package git fetches the files of one commit of a repository over HTTP: it finds
// the commit that a branch or tag names, asks for that commit alone, and lays its
// files into a folder. It keeps no history and no repository, and runs no git.
//
// The one hard idea is that nothing the server sends has to be believed. An object is
// known by the SHA-1 of its content, which is worked out here, and only what can be
// reached from the wanted commit by such names is laid out. So the server decides
// nothing but whether it answers.
package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"snug/internal/fault"
	"snug/internal/fetch"
)

// Limits of what a server may send.
const (
	maxRefs    = 64 << 20 // bytes of the list of references
	maxPack    = 1 << 30  // bytes of the packed objects
	maxObject  = 256 << 20
	maxTotal   = 4 << 30 // bytes of all files
	maxObjects = 1_000_000
	maxFiles   = 200_000
	maxDepth   = 64    // folders
	maxChain   = 4_096 // deltas upon deltas
	maxLine    = 65_520
)

// IsCommit tells whether a revision is a whole commit id.
func IsCommit(revision string) bool {
	_, err := hex.DecodeString(revision)
	return len(revision) == 40 && err == nil && strings.ToLower(revision) == revision
}

// Resolve finds the commit that a branch, a tag or the name of a reference stands for
// now; "" is what the repository has as its head. A whole commit id stands for
// itself, without asking. fault.NotFound is a revision that is not there.
func Resolve(ctx context.Context, c *fetch.Client, repository, revision string) (string, error) {
	if IsCommit(revision) {
		return revision, nil
	}
	answer, err := c.Get(ctx, strings.TrimSuffix(repository, "/")+"/info/refs?service=git-upload-pack", fetch.GetOptions{Accept: advertisement, MaxBytes: maxRefs, NoStore: true})
	if err != nil {
		return "", err
	}
	if answer.ContentType != "" && !strings.HasPrefix(answer.ContentType, advertisement) {
		return "", fault.New(fault.Unsupported, "is it the address of a git repository, as git clone takes it?", "%s does not answer as a git repository: %.80q", fetch.Redact(repository), answer.ContentType)
	}
	refs, err := readRefs(answer.Body)
	if err != nil {
		return "", broken(repository, err)
	}
	for _, name := range candidates(revision) {
		if id := refs[name]; id != "" {
			return id, nil
		}
	}
	hint := "name a branch, a tag or a whole commit id"
	if _, err := hex.DecodeString(revision + strings.Repeat("0", len(revision)%2)); err == nil && len(revision) >= 7 {
		hint = "a commit needs its whole id, of 40 hex digits: only a clone of all history could tell what a short one means"
	}
	return "", fault.New(fault.NotFound, hint, "%s has no branch or tag %q", fetch.Redact(repository), revision)
}

const advertisement = "application/x-git-upload-pack-advertisement"

// candidates are the references that a revision may name, in git's order; of a tag
// with its own object what it points at comes first.
func candidates(revision string) []string {
	if revision == "" {
		return []string{"HEAD"}
	}
	var out []string
	for _, name := range []string{revision, "refs/" + revision, "refs/tags/" + revision, "refs/heads/" + revision} {
		out = append(out, name+"^{}", name)
	}
	return out
}

// broken is an answer that no git server gives.
func broken(repository string, err error) error {
	return fault.New(fault.Integrity, "try again; if it stays so, clone the repository by git, and name the folder", "%s: %w", fetch.Redact(repository), err)
}

// readRefs reads the list of references of protocol version 0.
func readRefs(data []byte) (map[string]string, error) {
	r := bufio.NewReaderSize(bytes.NewReader(data), maxLine)
	refs := map[string]string{}
	for section := 0; section < 2; {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if line == nil {
			section++
			continue
		}
		text, _, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), "\x00")
		switch id, name, ok := strings.Cut(text, " "); {
		case strings.HasPrefix(text, "#") || strings.HasPrefix(text, "version "):
		case strings.HasPrefix(text, "ERR "):
			return nil, fmt.Errorf("the server says: %.200q", text[4:])
		case !ok || !IsCommit(id):
			return nil, fmt.Errorf("a line of the list of references is malformed (SHA-256 repositories are not read): %.100q", text)
		default:
			refs[name] = id
		}
	}
	return refs, nil
}

// readLine reads a packet; nil is one of those that divide: flush, delimiter, end.
func readLine(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("the answer ends early: %w", err)
	}
	var size [2]byte
	if _, err := hex.Decode(size[:], head[:]); err != nil {
		return nil, fmt.Errorf("no packet line: %q", head)
	}
	n := int(size[0])<<8 | int(size[1])
	if n < 4 {
		return nil, nil // a divider: documented above
	}
	line := make([]byte, n-4)
	if _, err := io.ReadFull(r, line); err != nil {
		return nil, fmt.Errorf("the answer ends early: %w", err)
	}
	return line, nil
}

func packet(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

const flush, delimiter = "0000", "0001"
