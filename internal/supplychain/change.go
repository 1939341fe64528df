package supplychain

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/finding"
	"snug/internal/inventory"
)

// OfChange tells what a version brings that the one before it had not, for the person who
// reviews it. Nothing of it is wrong by itself, so policy allows it.
func OfChange(before, now *inventory.Facts) []finding.Finding {
	var out []finding.Finding
	add := func(rule, summary string, news []string) {
		if len(news) > 0 {
			from := fmt.Sprintf("%s %s had none of this", before.Package.Name, before.Package.Version)
			one := sign(rule, now.Package.Name, now.Package.Version, summary, append(news, from)...)
			one.Remedy = "snug review shows what changed; snug approve when it is what you expect"
			out = append(out, one)
		}
	}
	add(NewNative, "it brings machine code that the version before had not", news(natives(before), natives(now)))
	add(NewInstallHook, "it runs by itself where the version before did not", news(hooks(before), hooks(now)))
	add(NewTopLevel, "it can be imported by a name that the version before had not", news(before.TopLevel, now.TopLevel))
	return out
}

// news are those of now that are not in before, sorted.
func news(before, now []string) []string {
	var out []string
	for _, one := range now {
		if !slices.Contains(before, one) {
			out = append(out, one)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// grafted is the hash that auditwheel puts into the name of a library that it copies.
var grafted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-[0-9a-f]{8}$`) })

// natives are its files of machine code by names that stay from version to version: without
// the interpreter's tag, the library's own version and a hash of its content.
func natives(f *inventory.Facts) []string {
	var out []string
	for _, n := range f.Natives {
		dir, base := path.Split(inSite(n.Path))
		stem, _, _ := strings.Cut(base, ".")
		out = append(out, dir+grafted().ReplaceAllString(stem, ""))
	}
	return out
}

// inSite is the path in site-packages, where it is there.
func inSite(name string) string {
	if _, inside, ok := strings.Cut(name, "site-packages/"); ok {
		return inside
	}
	return name
}

// startGroups are entry points that a program loads whenever it starts, asked for or not.
func startGroups() []string {
	return []string{"pytest11", "setuptools.finalize_distribution_options", "distutils.commands"}
}

// hooks are what runs without being called: by the interpreter or by a program.
func hooks(f *inventory.Facts) []string {
	var out []string
	for _, p := range f.Pth {
		for _, line := range p.Code {
			out = append(out, path.Base(p.Path)+": "+line)
		}
	}
	for _, h := range f.Hooks {
		out = append(out, inSite(h))
	}
	for _, e := range f.EntryPoints {
		if slices.Contains(startGroups(), e.Group) {
			out = append(out, fmt.Sprintf("entry point of %s: %s = %s", e.Group, e.Name, e.Value))
		}
	}
	return out
}
