package licensetext

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/license"
)

// Bounds of a notices file.
const (
	maxNotices    = 256 << 20 // bytes of all texts together
	maxCopyrights = 200       // lines of one component
	maxCopyright  = 300       // bytes of one
)

// Notices are what must be handed on with a runtime: who made what is in it, under which licences, and their texts.
type Notices struct {
	Project, Runtime, Target, Python string
	Tree                             string // digest of the runtime's payload
	Items                            []Item // in any order
}

// Item is one component: a package, or the interpreter.
type Item struct {
	Name, Version string
	Declared      license.Declared
	Chosen        license.Chosen // of Declared.Expression
	Texts         []Text
	Inside        []string // what it carries along: "openssl 3.0.15"
	Sources       []string // where its source is, best first
}

// Write writes the file: the same bytes for the same content, in any order of Items. content gives a text by its
// path. Every text stands there once, with characters that a terminal would obey left out; the digests are those
// of the exact files.
func (n Notices) Write(w io.Writer, content func(path string) ([]byte, error)) error {
	items := slices.Clone(n.Items)
	slices.SortFunc(items, func(a, b Item) int {
		return strings.Compare(a.Name+"\x00"+a.Version, b.Name+"\x00"+b.Version)
	})
	texts, err := collect(items, content)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	n.head(out, len(items), len(texts.list))
	for _, item := range items {
		item.write(out, texts)
	}
	offer(out, items)
	texts.write(out)
	return out.Flush()
}

const rule = "--------------------------------------------------------------------------------\n"

func (n Notices) head(w io.Writer, items, texts int) {
	fmt.Fprintf(w, "THIRD-PARTY NOTICES\n\n")
	if n.Project != "" {
		fmt.Fprintf(w, "project:    %s\n", clean(n.Project))
	}
	fmt.Fprintf(w, "runtime:    %s, Python %s, %s\n", clean(n.Runtime), clean(n.Python), clean(n.Target))
	fmt.Fprintf(w, "tree:       sha256:%s\n", n.Tree)
	fmt.Fprintf(w, "components: %d, with %d texts\n\n", items, texts)
	fmt.Fprint(w, "Declared is what the component says of itself, found is what its files were recognised as;\nnumbers in brackets are the texts at the end. It is made of the files that ship.\n\n")
}

// write is the entry of one component.
func (i Item) write(w io.Writer, texts *texts) {
	fmt.Fprintf(w, "%s%s\n", rule, clean(strings.TrimSpace(i.Name+" "+i.Version)))
	declared := "unknown"
	if text := i.Declared.Expression.String(); text != "" {
		declared = text + " (" + string(i.Declared.Source) + ")"
	}
	fmt.Fprintf(w, "  declared: %s\n", clean(declared))
	for _, c := range i.Chosen.Choices {
		fmt.Fprintf(w, "  chosen:   %s, not %s\n", c.Taken, strings.Join(c.Left, ", "))
	}
	for _, note := range i.Declared.Notes {
		fmt.Fprintf(w, "  note:     %s\n", clean(note))
	}
	if ids := i.found(Own, Notice); len(ids) > 0 {
		fmt.Fprintf(w, "  found:    %s\n", strings.Join(ids, ", "))
	}
	if ids := i.found(Bundled); len(ids) > 0 {
		fmt.Fprintf(w, "  found in what it bundles: %s\n", strings.Join(ids, ", "))
	}
	if len(i.Inside) > 0 {
		fmt.Fprintf(w, "  carries:  %s\n", clean(strings.Join(i.Inside, ", ")))
	}
	for _, line := range texts.copyrights(i.Texts) {
		fmt.Fprintf(w, "  %s\n", line)
	}
	for _, t := range i.Texts {
		fmt.Fprintf(w, "  [%d] %s\n", texts.number[t.SHA256], clean(t.Path))
	}
	if len(i.Texts) == 0 {
		fmt.Fprintln(w, "  it ships no licence text")
	}
	fmt.Fprintln(w)
}

// found are the licences of the texts of these kinds, sorted.
func (i Item) found(kinds ...Kind) (ids []string) {
	for _, t := range i.Texts {
		if slices.Contains(kinds, t.Kind) {
			ids = append(ids, t.IDs...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// offer lists the components of which the source must be had.
func offer(w io.Writer, items []Item) {
	fmt.Fprintf(w, "%sWHERE THE SOURCE IS\n\nOf components under licences that ask for it:\n\n", rule)
	any := false
	for _, i := range items {
		own, bundled := copyleft(i.licenses()), copyleft(i.found(Bundled))
		also := slices.DeleteFunc(copyleft(i.found(Own)), func(id string) bool { return speaksOf(own, id) })
		if len(own)+len(bundled)+len(also) == 0 {
			continue
		}
		any = true
		fmt.Fprintf(w, "%s %s\n", clean(i.Name), clean(i.Version))
		if len(own) > 0 {
			fmt.Fprintf(w, "  it is under %s\n", strings.Join(own, ", "))
		}
		if len(also) > 0 {
			fmt.Fprintf(w, "  its licence files also speak of %s\n", strings.Join(also, ", "))
		}
		if len(bundled) > 0 {
			fmt.Fprintf(w, "  it bundles what is under %s\n", strings.Join(bundled, ", "))
		}
		for _, s := range i.Sources {
			fmt.Fprintf(w, "  %s\n", clean(s))
		}
		if len(i.Sources) == 0 {
			fmt.Fprintln(w, "  nothing says where its source is")
		}
	}
	if !any {
		fmt.Fprintln(w, "There are none.")
	}
	fmt.Fprintln(w)
}

// speaksOf tells whether a text of this licence belongs to one of the list.
func speaksOf(list []string, id string) bool {
	return slices.ContainsFunc(list, func(have string) bool { return kin(have) == kin(id) })
}

// licenses are those that the component is taken under, and those that its own texts have.
func (i Item) licenses() []string {
	var ids []string
	for _, e := range i.Chosen.Expression.Licenses() {
		ids = append(ids, e.String())
	}
	if len(ids) == 0 || i.Declared.Ambiguous {
		ids = append(ids, i.found(Own)...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// copyleft are those of the licences that ask for the source.
func copyleft(ids []string) (out []string) {
	for _, id := range ids {
		e, err := license.ParseExpression(id)
		if c := e.Class(); err == nil && (c == license.WeakCopyleft || c == license.StrongCopyleft || c == license.Network) {
			out = append(out, id)
		}
	}
	return out
}

// texts are the distinct ones of all components.
type texts struct {
	number map[string]int // by digest, from 1
	list   []string       // contents, cleaned
	sums   []string
	users  [][]string // "numpy 2.1.0"
}

func collect(items []Item, content func(path string) ([]byte, error)) (*texts, error) {
	t := &texts{number: map[string]int{}}
	total := 0
	for _, i := range items {
		for _, text := range i.Texts {
			n := t.number[text.SHA256]
			if n == 0 {
				data, err := content(text.Path)
				if err != nil {
					return nil, fmt.Errorf("licence text of %s: %w", i.Name, err)
				}
				if digest.Of(data).String() != text.SHA256 {
					return nil, fault.New(fault.Integrity, "snug verify says what else was changed; snug build --rebuild makes it anew", "the licence text %s of %s was changed", text.Path, i.Name)
				}
				if total += len(data); total > maxNotices {
					return nil, fault.New(fault.Unsupported, "remove the package with the longest texts", "the licence texts are longer than %d MB", maxNotices>>20)
				}
				n = len(t.list) + 1
				t.number[text.SHA256] = n
				t.list, t.sums, t.users = append(t.list, clean(string(data))), append(t.sums, text.SHA256), append(t.users, nil)
			}
			if user := strings.TrimSpace(i.Name + " " + i.Version); !slices.Contains(t.users[n-1], user) {
				t.users[n-1] = append(t.users[n-1], user)
			}
		}
	}
	return t, nil
}

func (t *texts) write(w io.Writer) {
	for i, text := range t.list {
		fmt.Fprintf(w, "%s[%d] sha256:%s\nof %s\n%s\n%s\n\n", rule, i+1, t.sums[i], clean(strings.Join(t.users[i], ", ")), rule, strings.Trim(text, "\n"))
	}
}

var (
	copyright = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^[\s*#/%;.>-]*((?:portions )?(?:copyright|\(c\)|©)[\s:]+(?:\(c\)|©|by |[12][0-9]{3}).*|copyright .*[12][0-9]{3}.*|(?:\(c\)|©) ?[12][0-9]{3}.*)$`)
	})
	blank = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\[yyyy\]|<year>|\{yyyy\}|<name of author>|\[year\]|copyright (?:notice|holder|owner|statement|law)`)
	})
)

// copyrights are the lines of the texts that say who holds the copyright, each once, in their order.
func (t *texts) copyrights(of []Text) (lines []string) {
	for _, text := range of {
		for line := range strings.Lines(t.list[t.number[text.SHA256]-1]) {
			m := copyright().FindStringSubmatch(strings.TrimSpace(line))
			if m == nil || blank().MatchString(line) || len(lines) == maxCopyrights {
				continue
			}
			if found := strings.TrimRight(cut(m[1]), " *#/"); !slices.Contains(lines, found) {
				lines = append(lines, found)
			}
		}
	}
	return lines
}

func cut(line string) string {
	if len(line) > maxCopyright {
		return strings.ToValidUTF8(line[:maxCopyright], "") + "…"
	}
	return line
}

// clean is text that no terminal obeys, with lines that end in one way.
func clean(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "\n", "\ufeff", "").Replace(strings.ToValidUTF8(text, "\ufffd"))
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
			return -1
		}
		return r
	}, text)
}
