package license

import (
	"slices"
	"strings"
	"sync"
)

// Class is what a licence asks of those who pass the work on, as policies speak of it.
type Class string

// The classes, from the mildest. Proprietary is whatever forbids a use or a field of use:
// commercial, source-available, non-commercial, no derivatives. Unknown is what nobody classed.
const (
	Permissive     Class = "permissive" // the public domain is here too
	WeakCopyleft   Class = "weak-copyleft"
	StrongCopyleft Class = "strong-copyleft"
	Network        Class = "network" // copyleft that reaches those who use it over a network
	Proprietary    Class = "proprietary"
	Unknown        Class = "unknown"
)

// Classes are all of them, from the mildest.
func Classes() []Class {
	return []Class{Permissive, WeakCopyleft, StrongCopyleft, Network, Proprietary, Unknown}
}

// Rank is the class's place in Classes; what is no class ranks as Unknown.
func (c Class) Rank() int {
	if i := slices.Index(Classes(), c); i >= 0 {
		return i
	}
	return Unknown.Rank()
}

// ClassOf is the class of one licence identifier, in any letter case: on the SPDX list, deprecated
// there, with a +, or a LicenseRef-. A reference says nothing of what it refers to and is Unknown, but
// for the few that are in use (references).
func ClassOf(id string) Class {
	id = strings.TrimSuffix(strings.ToLower(id), "+")
	if strings.HasPrefix(id, strings.ToLower(refPrefix)) {
		return classOfRef(id)
	}
	if _, ok := lookup(licenses[:], id); !ok {
		return Unknown
	}
	return classed(id)
}

// ClassWith is the class of a licence with an exception. An exception on the SPDX list gives
// permissions besides the licence's and takes none, so the combination is never harder than the
// licence; one that lets other works link, or that frees what a tool puts out, makes strong copyleft
// weak. No exception makes copyleft permissive: the work itself stays under it. One that is not on the
// list is Unknown.
func ClassWith(id, exception string) Class {
	class := ClassOf(id)
	if exception == "" || class == Unknown {
		return class
	}
	name, ok := lookup(exceptions[:], exception)
	switch {
	case !ok:
		return Unknown
	case class == StrongCopyleft && slices.Contains(strings.Fields(lenient), name):
		return WeakCopyleft
	}
	return class
}

// Class is the class of what is chosen of the expression where the mildest is wanted.
func (e Expression) Class() Class {
	if e.text == "" {
		return Unknown
	}
	c := e.Choose(func(id, exception string, _ bool) int { return ClassWith(id, exception).Rank() })
	return Classes()[c.Rank]
}

func classOfRef(id string) Class {
	for _, r := range references {
		if strings.Contains(id, r.part) {
			return r.class
		}
	}
	return Unknown
}

// references are what LicenseRef- names say where they are in use, by a part of the name in lower case.
var references = []struct {
	part  string
	class Class
}{
	{"proprietary", Proprietary}, {"commercial", Proprietary}, {"commonsclause", Proprietary}, {"prosperity", Proprietary},
	{"anti996", Proprietary}, {"aladdin", Proprietary}, {"cc-by-nc", Proprietary},
	{"licenseref-public-domain", Permissive}, {"licenseref-bsd", Permissive}, {"googlepatent", Permissive},
	{"bsd-1-clause-clear", Permissive}, {"bsd-3-clause-notrademark", Permissive}, {"mit-noad", Permissive},
	{"gpl-2.0-or-3.0", StrongCopyleft},
}

// classed looks a listed identifier up, in lower case: whole names before families (name*), the longest
// family first.
func classed(id string) Class {
	t := classTable()
	if c, ok := t.whole[id]; ok {
		return c
	}
	for n := len(id); n > 0; n-- {
		if c, ok := t.prefix[id[:n]]; ok {
			return c
		}
	}
	return Unknown
}

type table struct{ whole, prefix map[string]Class }

// classTable is families, ready to be looked up. It is made once and does not change.
var classTable = sync.OnceValue(func() table {
	t := table{whole: map[string]Class{}, prefix: map[string]Class{}}
	for _, row := range families {
		for name := range strings.FieldsSeq(strings.ToLower(row.names)) {
			if prefix, family := strings.CutSuffix(name, "*"); family {
				t.prefix[prefix] = row.class
			} else {
				t.whole[name] = row.class
			}
		}
	}
	return t
})
