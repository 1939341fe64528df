package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"snug/internal/archive"
	"snug/internal/fault"
	"snug/internal/fetch"
)

// Commit is what was laid out.
type Commit struct {
	Time       time.Time // of the commit, by its committer; the files have it too
	Submodules []string  // folders that hold another repository: they are left empty
}

// Fetch lays the files of a commit into the folder dir, which is made if it is not
// there and must be empty. The files of Git LFS are as they stand in the repository.
// An *archive.UnsafeError is a tree with names or links that lead out. On an error
// dir is left half full.
func Fetch(ctx context.Context, c *fetch.Client, repository, commit, dir string) (*Commit, error) {
	if !IsCommit(commit) {
		return nil, fault.New(fault.Input, "40 hex digits", "%q is no commit id", commit)
	}
	beside := filepath.Dir(dir) // where there is room for the files
	if err := os.MkdirAll(beside, 0o755); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(beside, ".pack-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name()) // where this fails, it goes with the folder that dir is in
	defer temp.Close()
	if err := download(ctx, c, repository, commit, temp); err != nil {
		return nil, err
	}
	objects, err := index(ctx, temp)
	if err == nil {
		var out *Commit
		if out, err = checkout(objects, commit, dir); err == nil {
			return out, nil
		}
	}
	if refused := (*archive.UnsafeError)(nil); errors.As(err, &refused) {
		refused.Archive = fetch.Redact(repository) + "@" + commit
		return nil, err
	}
	if damaged := (*damage)(nil); errors.As(err, &damaged) {
		return nil, broken(repository, err)
	}
	return nil, err
}

// damage is a pack that is not what git would send.
type damage struct{ reason string }

func (d *damage) Error() string { return d.reason }

func damaged(format string, args ...any) error { return &damage{fmt.Sprintf(format, args...)} }

// download asks for one commit without its history (protocol version 2) and writes
// the pack.
func download(ctx context.Context, c *fetch.Client, repository, commit string, to io.Writer) error {
	ask := packet("command=fetch") + packet("agent=snug") + packet("object-format=sha1") + delimiter +
		packet("no-progress") + packet("ofs-delta") + packet("deepen 1") + packet("want "+commit) + packet("done") + flush
	body, err := c.Post(ctx, strings.TrimSuffix(repository, "/")+"/git-upload-pack", []byte(ask), fetch.PostOptions{
		ContentType: "application/x-git-upload-pack-request", Accept: "application/x-git-upload-pack-result",
		Header: map[string]string{"Git-Protocol": "version=2"}, MaxBytes: maxPack})
	if err != nil {
		return err
	}
	defer body.Close() // only read from
	r := bufio.NewReaderSize(body, maxLine)
	for {
		line, err := readLine(r)
		switch {
		case err != nil:
			return answerError(repository, err)
		case line == nil || strings.HasPrefix(string(line), "shallow") || strings.HasPrefix(string(line), "unshallow"):
		case strings.HasPrefix(string(line), "ERR "):
			return fault.New(fault.NotFound, "is the commit still there, and does the server give commits by their id?", "%s: commit %s: the server says: %.200q", fetch.Redact(repository), commit, line[4:])
		case string(line) == "packfile\n":
			return answerError(repository, unband(r, to))
		}
	}
}

// answerError keeps errors of the network apart from those of what was sent.
func answerError(repository string, err error) error {
	if err == nil || fault.CodeOf(err) == fault.Network || fault.CodeOf(err) == fault.Canceled {
		return err
	}
	return broken(repository, err)
}

// unband writes what comes on the first band; the second is progress, the third an
// error.
func unband(r io.Reader, to io.Writer) error {
	for {
		line, err := readLine(r)
		if err != nil {
			return err
		}
		if line == nil {
			return nil
		}
		switch {
		case len(line) == 0:
		case line[0] == 1:
			if _, err := to.Write(line[1:]); err != nil {
				return err
			}
		case line[0] == 3:
			return fmt.Errorf("the server says: %.200q", line[1:])
		}
	}
}
