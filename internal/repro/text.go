package repro

import (
	"fmt"
	"strings"
)

// shown is how many files, fields or functions the text lists of a kind; the data has all.
const shown = 20

// String is the difference for people, line by line.
func (d *Difference) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s and %s, %d files alike\n", d.Verdict, d.Ours, d.Theirs, d.Same)
	for i, f := range d.Fields {
		if i == shown {
			fmt.Fprintf(&out, "  and %d fields more\n", len(d.Fields)-shown)
			break
		}
		sides(&out, "  "+f.File+" "+f.Name, f)
	}
	for i, c := range d.Files {
		if i == shown {
			fmt.Fprintf(&out, "  and %d files more\n", len(d.Files)-shown+d.Unlisted)
			break
		}
		c.write(&out)
	}
	return out.String()
}

// sides shows the values that only one of two has.
func sides(out *strings.Builder, what string, f Field) {
	for _, value := range f.Ours {
		fmt.Fprintf(out, "%s: ours %q\n", what, value)
	}
	for _, value := range f.Theirs {
		fmt.Fprintf(out, "%s: theirs %q\n", what, value)
	}
}

func (c *Change) write(out *strings.Builder) {
	said := map[string]string{"added": "only ours has it", "removed": "only theirs has it", "changed": "differs"}[c.Kind]
	if c.Kind == "changed" && c.Native != nil && !c.Code {
		said = "differs in what is not loaded"
	}
	if c.Note != "" {
		said += " (" + c.Note + ")"
	}
	fmt.Fprintf(out, "  %s: %s\n", c.Path, said)
	if c.Text != nil {
		fmt.Fprintf(out, "    from line %d on, of %d lines in ours and %d in theirs\n", c.Text.First, c.Text.Count[0], c.Text.Count[1])
		for _, line := range c.Text.Ours {
			fmt.Fprintf(out, "    + %s\n", printable(line))
		}
		for _, line := range c.Text.Theirs {
			fmt.Fprintf(out, "    - %s\n", printable(line))
		}
	}
	if c.Native != nil {
		c.Native.write(out)
	}
}

// printable keeps a stranger's text from moving the cursor.
func printable(line string) string {
	quoted := fmt.Sprintf("%q", line)
	return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\t`, "  ")
}

func (b *Binary) write(out *strings.Builder) {
	if b.Note != "" {
		fmt.Fprintf(out, "    %s\n", b.Note)
	}
	for _, s := range b.Sections {
		said := ""
		if !s.Loaded {
			said = ", not loaded"
		}
		fmt.Fprintf(out, "    section %s: %s in ours, %s in theirs%s\n", printable(s.Name), size(s.Ours), size(s.Theirs), said)
	}
	for _, f := range b.Needs {
		sides(out, "    "+f.Name, f)
	}
	if b.Compiler != nil {
		sides(out, "    compiler", *b.Compiler)
	}
	if len(b.Changed) == 0 {
		return
	}
	fmt.Fprintf(out, "    %d of %d functions differ", len(b.Changed)+b.Unlisted, b.Functions)
	if b.Moved {
		out.WriteString("; the code lies elsewhere, so that those of one size may differ in addresses only")
	}
	out.WriteString("\n")
	for i, f := range b.Changed {
		if i == shown {
			fmt.Fprintf(out, "      and %d more\n", len(b.Changed)-shown+b.Unlisted)
			break
		}
		fmt.Fprintf(out, "      %s: %s in ours, %s in theirs\n", printable(f.Name), size(f.Ours), size(f.Theirs))
	}
}

func size(n int64) string {
	if n < 0 {
		return "absent"
	}
	return fmt.Sprintf("%d bytes", n)
}
