package inventory

import (
	"bytes"
	"io"
)

// The bounds of scanning one file.
const (
	scanBlock  = 1 << 20
	scanAround = 256     // bytes that are seen on either side of an anchor
	maxScan    = 4 << 30 // bytes
	maxHits    = 10_000  // of anchors
	maxBare    = 40      // bytes of a text that may be a version
)

// span is a part of a file.
type span struct{ at, size int64 }

// scanner finds many texts in one pass, by the method of Wu and Manber: the last two
// bytes of a window say how far no text can begin.
type scanner struct {
	anchors []string
	window  int           // length of the shortest
	skip    []uint8       // by two bytes: how far the window may move
	ends    map[int][]int // by two bytes: the anchors whose window ends with them
}

// newScanner looks for anchors, each of two bytes or more and all different.
func newScanner(anchors []string) *scanner {
	s := &scanner{anchors: anchors, window: 255, skip: make([]uint8, 1<<16), ends: map[int][]int{}}
	for _, a := range anchors {
		s.window = min(s.window, len(a))
	}
	for i := range s.skip {
		s.skip[i] = uint8(s.window - 1)
	}
	for n, a := range anchors {
		for i := 1; i < s.window; i++ {
			pair := int(a[i-1]) | int(a[i])<<8
			s.skip[pair] = min(s.skip[pair], uint8(s.window-1-i))
		}
		pair := int(a[s.window-2]) | int(a[s.window-1])<<8
		s.ends[pair] = append(s.ends[pair], n)
	}
	return s
}

// in calls found with each place in data at which an anchor begins, from the first.
func (s *scanner) in(data []byte, found func(anchor, at int)) {
	for i := s.window - 1; i < len(data); {
		pair := int(data[i-1]) | int(data[i])<<8
		if skip := int(s.skip[pair]); skip > 0 {
			i += skip
			continue
		}
		start := i - s.window + 1
		for _, n := range s.ends[pair] {
			if len(data)-start >= len(s.anchors[n]) && string(data[start:start+len(s.anchors[n])]) == s.anchors[n] {
				found(n, start)
			}
		}
		i++
	}
}

// scan reads the spans of a file once and calls found with each anchor and what
// stands around it, which is good until found returns.
func (s *scanner) scan(r io.ReaderAt, spans []span, found func(anchor int, before, after []byte)) error {
	hits := 0
	return blocks(r, spans, func(data []byte, from, to int) {
		s.in(data, func(n, at int) {
			if at < from || at >= to || hits >= maxHits {
				return
			}
			hits++
			found(n, data[max(0, at-scanAround):at], data[at:min(len(data), at+scanAround)])
		})
	})
}

// blocks reads the spans block by block. Each place of a span stands once between
// from and to, with scanAround bytes on either side of it as far as the span has them.
func blocks(r io.ReaderAt, spans []span, visit func(data []byte, from, to int)) error {
	buffer, total := make([]byte, scanBlock), int64(0)
	for _, s := range spans {
		kept := 0 // bytes at the start of the buffer that were read before
		from := 0
		for at, left := s.at, s.size; ; {
			if total > maxScan {
				return nil
			}
			n, err := r.ReadAt(buffer[kept:kept+int(min(left, int64(len(buffer)-kept)))], at)
			if err != nil && err != io.EOF {
				return err
			}
			at, left, total = at+int64(n), left-int64(n), total+int64(n)
			data, last := buffer[:kept+n], left == 0 || n == 0
			to := len(data)
			if !last {
				to -= scanAround
			}
			visit(data, from, to)
			if last {
				break
			}
			kept = copy(buffer, data[max(0, to-scanAround):])
			from = min(scanAround, to)
		}
	}
	return nil
}

// bareTexts calls found with each short text that stands for itself: it begins with a
// digit, has nothing that could be a part of it before it, and ends with a NUL.
func bareTexts(r io.ReaderAt, spans []span, found func(text []byte)) error {
	return blocks(r, spans, func(data []byte, from, to int) {
		for at := from; at < len(data); {
			n := bytes.IndexByte(data[at:], 0)
			if n < 0 {
				return
			}
			end := at + n
			start := end
			for start > 0 && end-start <= maxBare && isBare(data[start-1]) {
				start--
			}
			if end > from && end-1 < to && end-start > 2 && end-start <= maxBare && data[start] >= '0' && data[start] <= '9' {
				found(data[start:end])
			}
			at = end + 1
		}
	})
}

// isBare tells the characters of versions, and of dates behind them.
func isBare(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '+' || c == ',' || c == ' '
}
