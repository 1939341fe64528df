package build

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"strings"

	"snug/internal/digest"
)

const (
	tailBytes = 64 << 10 // of a log are searched for a cause
	tailLines = 15       // of them are shown
	lineBytes = 300      // of each of these
)

// buildLog passes on what a build says, hashes it, keeps its end, and watches for
// the name of the compiler that was not offered. The sandbox bounds what comes and
// writes from one goroutine.
type buildLog struct {
	to     io.Writer
	hash   hash.Hash
	end    []byte
	wanted bool // that name was said
}

func newLog(to io.Writer) *buildLog {
	if to == nil {
		to = io.Discard
	}
	return &buildLog{to: to, hash: sha256.New()}
}

func (l *buildLog) Write(p []byte) (int, error) {
	l.hash.Write(p)
	l.end = append(l.end, p...)
	l.wanted = l.wanted || bytes.Contains(l.end[max(0, len(l.end)-len(p)-len(noCompiler)):], []byte(noCompiler))
	if len(l.end) > 2*tailBytes {
		l.end = append(l.end[:0], l.end[len(l.end)-tailBytes:]...)
	}
	return l.to.Write(p)
}

func (l *buildLog) sum() digest.SHA256 { return digest.SHA256(l.hash.Sum(nil)) }

// tail is the end of the log as text, without what could move a terminal's cursor.
func (l *buildLog) tail() string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(string(l.end), "\r", "\n"), "?"))
}

// lastLines are the last lines of a text that say something, cut to a width.
func lastLines(text string, n int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \t\n"); line != "" {
			if len(line) > lineBytes {
				line = strings.ToValidUTF8(line[:lineBytes], "") + "…"
			}
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-n):]
}
