package repro

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What the text lists of a kind; the data has all.
const (
	shownFiles = 4
	shownNames = 3
)

// String is the difference for people: the verdict, counts, and what matters most,
// in twelve lines at most. + is ours, - is theirs.
func (d *Difference) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s alike", d.Verdict, several(d.Same, "file"))
	if n := len(d.Files) + d.Unlisted; n > 0 {
		fmt.Fprintf(&out, ", %d not", n)
	}
	out.WriteString("\n")
	if len(d.Fields) > 0 {
		fmt.Fprintf(&out, "  other lines: %s\n", fieldNames(d.Fields))
	}
	files := slices.Clone(d.Files)
	slices.SortStableFunc(files, func(a, b Change) int { return cmp.Compare(a.rank(), b.rank()) })
	for _, c := range files[:min(len(files), shownFiles)] {
		c.write(&out)
	}
	if more := len(files) + d.Unlisted - shownFiles; more > 0 {
		fmt.Fprintf(&out, "  and %s more\n", several(more, "file"))
	}
	return out.String()
}

func several(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// first are the first of some names.
func first(names []string) string {
	names = slices.Compact(names)
	if len(names) > shownNames {
		return strings.Join(names[:shownNames], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

func fieldNames(fields []Field) string {
	var names []string
	for _, f := range fields {
		names = append(names, strings.TrimSpace(f.File+" "+f.Name))
	}
	return first(names)
}

// rank puts first what changes what runs.
func (c *Change) rank() int {
	if c.Code {
		return 0
	}
	return 1
}

func (c *Change) write(out *strings.Builder) {
	said := map[string]string{"added": "only ours has it", "removed": "only theirs has it", "changed": "differs"}[c.Kind]
	switch {
	case c.Native != nil && c.Kind == "changed":
		said = c.Native.String()
	case c.Text != nil:
		said = fmt.Sprintf("differs from line %d on", c.Text.First)
	}
	if c.Note != "" {
		said += " (" + c.Note + ")"
	}
	fmt.Fprintf(out, "  %s: %s\n", printable(c.Path), said)
	if c.Text == nil || !c.Code {
		return
	}
	one := func(mark string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(out, "    %s %s\n", mark, printable(lines[0]))
		}
	}
	one("+", c.Text.Ours)
	one("-", c.Text.Theirs)
}

// printable keeps a stranger's text from moving the cursor.
func printable(line string) string {
	quoted := fmt.Sprintf("%q", line)
	return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\t`, "  ")
}

// String says what of a native file differs, in one line.
func (b *Binary) String() string {
	var said []string
	add := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	if b.Note != "" {
		add("%s", b.Note)
	}
	if n := len(b.Changed) + b.Unlisted; n > 0 {
		var names []string
		for _, f := range b.Changed {
			names = append(names, printable(f.Name))
		}
		add("%d of %s (%s)", n, several(b.Functions, "function"), first(names))
	}
	for _, f := range b.Needs {
		add("%s %s", f.Name, sides(f))
	}
	if names := b.loaded(); len(names) > 0 && len(b.Changed) == 0 {
		add("%s", first(names))
	}
	if !b.Code {
		add("nothing that is loaded")
	}
	if b.Compiler != nil {
		add("compiler %s", sides(*b.Compiler))
	}
	return "differs: " + strings.Join(said, "; ")
}

// loaded are the sections that differ of those that programs see.
func (b *Binary) loaded() (names []string) {
	for _, s := range b.Sections {
		if s.Loaded {
			names = append(names, printable(s.Name))
		}
	}
	return names
}

// sides shows the values that only one of two has.
func sides(f Field) string {
	var out []string
	for _, value := range f.Ours {
		out = append(out, fmt.Sprintf("+%q", value))
	}
	for _, value := range f.Theirs {
		out = append(out, fmt.Sprintf("-%q", value))
	}
	return first(out)
}
