package generation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// Write writes the manifest with one file a line, the same bytes for the
// same content.
func (m *Manifest) Write(w io.Writer) error {
	head := *m
	head.Files = nil
	top, err := json.MarshalIndent(&head, "", " ")
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	b.Write(bytes.TrimSuffix(top, []byte("null\n}")))
	b.WriteByte('[')
	for i, f := range m.Files {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		f.appendTo(b)
	}
	b.WriteString("\n ]\n}\n")
	return b.Flush() // the first error of all
}

// appendTo writes f as encoding/json would, which takes three times as long for
// the tens of thousands of files that a runtime has.
func (f File) appendTo(b *bufio.Writer) {
	pair := func(key, value string) {
		b.WriteString(key)
		quote(b, value)
	}
	pair(`{"path":`, f.Path)
	pair(`,"mode":`, f.Mode)
	pair(`,"sha256":`, f.SHA256)
	b.WriteString(`,"size":`)
	b.Write(strconv.AppendInt(b.AvailableBuffer(), f.Size, 10))
	pair(`,"owner":`, f.Owner)
	for _, p := range [][2]string{{`,"link":`, f.Link}, {`,"kind":`, f.Kind}, {`,"source":`, f.Source}} {
		if p[1] != "" {
			pair(p[0], p[1])
		}
	}
	b.WriteByte('}')
}

// quote writes text as a JSON string; nearly every one needs no escape.
func quote(b *bufio.Writer, text string) {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c >= 0x7f, c == '"', c == '\\', c == '<', c == '>', c == '&':
			data, err := json.Marshal(text)
			if err != nil {
				panic("snug: internal error: " + err.Error()) // a string always marshals
			}
			b.Write(data)
			return
		}
	}
	b.WriteByte('"')
	b.WriteString(text)
	b.WriteByte('"')
}
