package repro

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"snug/internal/digest"
	"snug/internal/elf"
)

// Binary is how two native files of one name differ.
type Binary struct {
	Code     bool      `json:"code"` // something that is loaded differs
	Sections []Section `json:"sections,omitempty"`
	Needs    []Field   `json:"needs,omitempty"` // libraries, versions and search paths
	Compiler *Field    `json:"compiler,omitempty"`
	// Functions are told by name where both have symbols for all of them, else by the table for
	// unwinding and the symbols that are left. One that is the same in both but lies elsewhere may
	// differ in the addresses within it: then Moved is set.
	Functions int        `json:"functions"` // of both together
	Changed   []Function `json:"changed,omitempty"`
	Moved     bool       `json:"moved,omitempty"`
	Unlisted  int        `json:"unlisted,omitempty"` // functions beyond the bound
	Note      string     `json:"note,omitempty"`     // what could not be read
}

// Section is a part of a native file that differs. A size of -1 says that one lacks it.
type Section struct {
	Name   string `json:"name"`
	Loaded bool   `json:"loaded"` // programs see it; else it is for debuggers and people (.comment)
	Ours   int64  `json:"ours"`   // bytes
	Theirs int64  `json:"theirs"`
}

// Function is one that differs. Name is an address where no symbol tells it. A size of -1 says that one lacks it.
type Function struct {
	Name   string `json:"name"`
	Ours   int64  `json:"ours"` // bytes
	Theirs int64  `json:"theirs"`
}

// overlap bounds how often functions may claim the same bytes: a hostile table would have them
// hashed without end.
const overlap = 4

// buildID names one build of the same code, so that it is no part of it.
const buildID = ".note.gnu.build-id"

// compareBinaries compares what is loaded, and tells which functions differ. What cannot be read
// counts as another code.
func compareBinaries(mine, other []byte) *Binary {
	out := &Binary{}
	a, err := readBinary(mine)
	b, err2 := readBinary(other)
	if err = cmp.Or(err, err2); err != nil {
		return &Binary{Code: true, Note: err.Error()}
	}
	out.sections(a, b)
	out.needs(a.dynamic, b.dynamic)
	if x, y := without(a.compilers, b.compilers), without(b.compilers, a.compilers); len(x)+len(y) > 0 {
		out.Compiler = &Field{Name: "compiler", Ours: x, Theirs: y}
	}
	if len(a.sections) == 0 || len(b.sections) == 0 {
		out.Code, out.Note = true, "without sections: only its functions could be compared"
	}
	if out.Code {
		out.functions(a, b)
	}
	return out
}

// binary is a native file that was read whole.
type binary struct {
	file      *elf.File
	size      int
	dynamic   *elf.Dynamic
	sections  map[string]section
	compilers []string
	symbols   []elf.Symbol // of the fuller table
	full      bool         // that table is for debuggers: it has every function
}

type section struct {
	elf.Section
	sum digest.SHA256
}

func readBinary(data []byte) (*binary, error) {
	f, ok, err := elf.Open(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("an ELF file of another word size or byte order")
	}
	b := &binary{file: f, size: len(data), sections: map[string]section{}}
	if b.dynamic, err = f.Dynamic(); err != nil {
		return nil, err
	}
	list, err := f.Sections()
	if err != nil {
		return nil, err
	}
	budget := uint64(len(data)) * overlap
	for _, s := range list {
		if s.Kind == 0 {
			continue
		}
		if s.Kind != elf.SectionEmpty {
			if s.Size > budget {
				return nil, elf.ErrDamaged
			}
			budget -= s.Size
		}
		r, err := f.Content(s)
		if err != nil {
			return nil, err
		}
		sum, _, err := digest.OfReader(r)
		if err != nil {
			return nil, err
		}
		b.sections[s.Name] = section{s, sum}
		if s.Name == ".comment" && b.compilers == nil {
			if b.compilers, err = compilers(f, s); err != nil {
				return nil, err
			}
		}
	}
	if b.symbols, err = f.Symbols(); err != nil {
		return nil, err
	}
	if b.full = slices.ContainsFunc(b.symbols, isFunction); !b.full {
		b.symbols, err = f.DynamicSymbols()
	}
	return b, err
}

// compilers are what compilers and linkers call themselves.
func compilers(f *elf.File, s elf.Section) ([]string, error) {
	r, err := f.Content(s)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxMetadata))
	var out []string
	for text := range bytes.SplitSeq(data, []byte{0}) {
		if len(text) > 0 {
			out = append(out, string(text))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

func isFunction(s elf.Symbol) bool {
	return s.Kind == elf.SymbolFunction && s.Section != 0 && s.Size > 0
}

// sections lists those that differ.
func (out *Binary) sections(a, b *binary) {
	names := maps.Clone(a.sections)
	maps.Copy(names, b.sections)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, ok := a.sections[name]
		y, ok2 := b.sections[name]
		if ok && ok2 && x.sum == y.sum && x.Size == y.Size {
			continue
		}
		s := Section{Name: name, Ours: -1, Theirs: -1, Loaded: name != buildID && (x.Flags|y.Flags)&elf.FlagAllocated != 0}
		if ok {
			s.Ours = int64(x.Size)
		}
		if ok2 {
			s.Theirs = int64(y.Size)
		}
		out.Code = out.Code || s.Loaded
		if out.Sections = append(out.Sections, s); len(out.Sections) > maxListed {
			return
		}
	}
}

func (out *Binary) needs(a, b *elf.Dynamic) {
	versions := func(d *elf.Dynamic) (texts []string) {
		for _, v := range d.Versions {
			texts = append(texts, v.Name+" of "+v.Library)
		}
		return texts
	}
	for _, f := range []Field{
		{Name: "library", Ours: without(a.Needed, b.Needed), Theirs: without(b.Needed, a.Needed)},
		{Name: "version", Ours: without(versions(a), versions(b)), Theirs: without(versions(b), versions(a))},
		{Name: "search path", Ours: without(a.RunPath, b.RunPath), Theirs: without(b.RunPath, a.RunPath)},
	} {
		if len(f.Ours)+len(f.Theirs) > 0 {
			out.Needs, out.Code = append(out.Needs, f), true
		}
	}
}

// function is a piece of code. Its name is "" where there is none.
type function struct {
	name    string
	address uint64
	size    uint64
	sum     digest.SHA256
}

// functions pairs those of one name, then those of one content, and lists what is left.
func (out *Binary) functions(a, b *binary) {
	byName := a.full && b.full
	mine, err := a.functions(byName)
	others, err2 := b.functions(byName)
	if err = cmp.Or(err, err2); err != nil {
		out.Note = "its functions cannot be told apart: " + err.Error()
		return
	}
	out.Functions = len(mine)
	mine, others = out.named(mine, others)
	mine, others = unpaired(mine, others)
	for _, f := range mine {
		out.function(Function{Name: f.label(), Ours: int64(f.size), Theirs: -1})
	}
	for _, f := range others {
		out.function(Function{Name: f.label(), Ours: -1, Theirs: int64(f.size)})
	}
	out.Functions += len(others) // that only theirs has
	// Those of one size come last: they may be the same.
	slices.SortStableFunc(out.Changed, func(a, b Function) int { return cmp.Compare(a.sameSize(), b.sameSize()) })
}

func (f Function) sameSize() int {
	if f.Ours == f.Theirs {
		return 1
	}
	return 0
}

// named compares the functions that both have by name, and gives back the others.
func (out *Binary) named(mine, others []function) (a, b []function) {
	at := map[string]int{}
	for i, f := range others {
		if f.name != "" {
			at[f.name] = i
		}
	}
	taken := map[int]bool{}
	for _, f := range mine {
		i, ok := at[f.name]
		if f.name == "" || !ok {
			a = append(a, f)
			continue
		}
		taken[i] = true
		out.Moved = out.Moved || others[i].address != f.address
		if others[i].sum != f.sum {
			out.function(Function{Name: f.name, Ours: int64(f.size), Theirs: int64(others[i].size)})
		}
	}
	for i, f := range others {
		if !taken[i] {
			b = append(b, f)
		}
	}
	return a, b
}

// unpaired are the functions whose content the other has not.
func unpaired(mine, others []function) (a, b []function) {
	count := map[digest.SHA256]int{}
	for _, f := range others {
		count[f.sum]++
	}
	for _, f := range mine {
		if count[f.sum] > 0 {
			count[f.sum]--
		} else {
			a = append(a, f)
		}
	}
	for _, f := range others { // those of one content are alike: which of them are left does not matter
		if count[f.sum] > 0 {
			count[f.sum]--
			b = append(b, f)
		}
	}
	return a, b
}

func (out *Binary) function(f Function) {
	if len(out.Changed) == maxListed {
		out.Unlisted++
		return
	}
	out.Changed = append(out.Changed, f)
}

func (f function) label() string {
	if f.name == "" {
		return fmt.Sprintf("at 0x%x", f.address)
	}
	return f.name
}

// functions lists a file's functions: by its symbols, or by its table for unwinding with the names
// that there are. Of several of one name the second is called "name (2)", in the order of addresses.
func (b *binary) functions(bySymbols bool) ([]function, error) {
	var list []function
	names := map[uint64]string{}
	for _, s := range b.symbols {
		if isFunction(s) {
			names[s.Address] = s.Name
			list = append(list, function{name: s.Name, address: s.Address, size: s.Size})
		}
	}
	if !bySymbols {
		ranges, err := b.file.Ranges()
		if err != nil {
			return nil, err
		}
		if len(ranges) > 0 {
			list = nil
		}
		for _, r := range ranges {
			list = append(list, function{name: names[r.Address], address: r.Address, size: r.Size})
		}
	}
	slices.SortFunc(list, func(a, b function) int { return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.name, b.name)) })
	seen := map[string]int{}
	budget := uint64(b.size) * overlap
	for i := range list {
		f := &list[i]
		if seen[f.name]++; seen[f.name] > 1 && f.name != "" {
			f.name = fmt.Sprintf("%s (%d)", f.name, seen[f.name])
		}
		if f.size > min(budget, uint64(b.size)) {
			return nil, elf.ErrDamaged
		}
		budget -= f.size
		code := make([]byte, f.size)
		if err := b.file.ReadAddress(code, f.address); err != nil {
			return nil, err
		}
		f.sum = digest.Of(code)
	}
	return list, nil
}
