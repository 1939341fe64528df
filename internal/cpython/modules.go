package cpython

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"snug/internal/fault"
)

var moduleState = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^MODULE_([A-Z0-9_]+)_STATE=([a-z/]+)\s*$`) })

// modulesIn reads from configure's Makefile which modules will be built. One that will
// not, and that the profile does not leave out, is an error that names it and what it
// needs.
func modulesIn(makefile string, c choice) (built, left []string, err error) {
	var missing []string
	for _, match := range moduleState().FindAllStringSubmatch(makefile, -1) {
		name, state := strings.ToLower(match[1]), match[2]
		switch {
		case state == "yes":
			built = append(built, name)
		case leftOut(name, c):
			left = append(left, name)
		default:
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, nil, fault.New(fault.Failed, needed(missing), "configure would leave out %s", strings.Join(missing, ", "))
	}
	if len(built) == 0 {
		return nil, nil, fault.New(fault.Unsupported, "take a release that snug knows", "configure's Makefile names no module")
	}
	slices.Sort(built)
	slices.Sort(left)
	return built, left, nil
}

// leftOut tells whether the profile goes without a module: those that are never built,
// macOS's, and in the minimal one curses and everything that only tests use.
func leftOut(name string, c choice) bool {
	if slices.Contains(absent, name) || name == "_scproxy" {
		return true
	}
	test := strings.HasPrefix(name, "_test") || strings.HasPrefix(name, "xx") || name == "_xxtestfuzz" || name == "_ctypes_test"
	return c.profile == Minimal && (test || strings.HasPrefix(name, "_curses"))
}

// needed is the remedy for modules that cannot be built.
func needed(modules []string) string {
	var out []string
	for _, l := range libraries {
		if slices.ContainsFunc(l.modules, func(m string) bool { return slices.Contains(modules, m) }) {
			out = append(out, l.name+" ("+l.packages.debian+")")
		}
	}
	if len(out) == 0 {
		return "the log tells what configure found; another release may build here"
	}
	return "configure did not accept what this machine has of " + strings.Join(out, ", ")
}
