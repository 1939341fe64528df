package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/lock"
	"snug/internal/pep440"
	"snug/internal/pytag"
	"snug/internal/resolve"
)

func TestApartPath(t *testing.T) {
	for _, c := range []struct{ path, target, want string }{
		{"/p/pylock.toml", "linux-x86_64-musl", "/p/pylock.linux-x86_64-musl.toml"},
		{"/p/pylock.toml", "linux-x86_64-glibc2.35", "/p/pylock.linux-x86_64-glibc2_35.toml"},
		{"/p/pylock.web.toml", "macos-arm64-14.0", "/p/pylock.web-macos-arm64-14_0.toml"},
		{"locked.toml", "linux-x86_64-musl", "locked-linux-x86_64-musl.toml"},
	} {
		got := apartPath(c.path, c.target)
		if got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.path, c.target, got, c.want)
		}
		if strings.Contains(c.want, "pylock") && !lock.IsFileName(got[strings.LastIndexByte(got, '/')+1:]) {
			t.Errorf("installers do not take %s", got)
		}
	}
}

// versionsOn is a resolver over one package: the versions that each target has,
// newest first, "2 1". All targets get the first that they share; those that no
// marker tells apart must.
func versionsOn(has map[string]string) resolver {
	return func(targets []resolve.TargetPython, keep *lock.Lock) (*lock.Lock, error) {
		var names []string
		for _, t := range targets {
			names = append(names, t.Target.String())
		}
		choices := strings.Fields("3 2 1")
		if keep != nil {
			choices = append([]string{keep.Packages[0].Version}, choices...)
		}
		for _, v := range choices {
			if !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(strings.Fields(has[n]), v) }) {
				l := &lock.Lock{Packages: []lock.Package{{Name: "a", Version: v}}}
				for _, n := range names {
					l.Tool.Targets = append(l.Tool.Targets, lock.Target{Name: n})
				}
				return l, nil
			}
		}
		return nil, fault.New(fault.Conflict, "", "%w", &resolve.Conflict{Targets: names})
	}
}

// TestResolveApart: who shares a lock and who gets one of its own.
func TestResolveApart(t *testing.T) {
	for _, c := range []struct {
		name string
		has  []string // "target: versions"
		old  string   // of the last target
		want string
	}{
		{"all share", []string{"linux-x86_64: 2 1", "linux-x86_64-musl: 1"}, "", "a 1 on linux-x86_64 linux-x86_64-musl"},
		{"the last goes", []string{"linux-x86_64: 2", "linux-x86_64-musl: 1"}, "",
			"a 2 on linux-x86_64; a 1 on linux-x86_64-musl (a is 1 there and 2 here)"},
		{"no more go than must", []string{"linux-x86_64-glibc2.17: 2 1", "linux-x86_64-glibc2.35: 2", "linux-x86_64-musl: 1"}, "",
			"a 2 on linux-x86_64-glibc2.17 linux-x86_64-glibc2.35; a 1 on linux-x86_64-musl (a is 1 there and 2 here)"},
		{"each its own", []string{"macos-arm64-11.0: 1", "macos-arm64-12.0: 2", "macos-arm64-14.0: 3"}, "",
			"a 1 on macos-arm64-11.0; a 2 on macos-arm64-12.0 (a is 2 there and 1 here); a 3 on macos-arm64-14.0 (a is 3 there and 1 here)"},
		{"what is apart stays so", []string{"linux-x86_64: 3 2", "linux-x86_64-musl: 3 1"}, "1",
			"a 3 on linux-x86_64; a 1 on linux-x86_64-musl (a is 1 there and 3 here)"},
		{"markers tell them apart: a conflict", []string{"linux-x86_64: 2", "macos-arm64: 1"}, "", "none for linux-x86_64 macos-arm64"},
		{"one without any", []string{"linux-x86_64: 2", "linux-x86_64-musl:"}, "", "none for linux-x86_64-musl"},
		{"the first without any: all are named", []string{"linux-x86_64:", "linux-x86_64-musl: 1"}, "", "none for linux-x86_64 linux-x86_64-musl"},
	} {
		has, old := map[string]string{}, map[string]*lock.Lock{}
		var targets []resolve.TargetPython
		for _, line := range c.has {
			name, versions, _ := strings.Cut(line, ":")
			has[name] = versions
			target, err := pytag.ParseTarget(name)
			if err != nil {
				t.Fatal(err)
			}
			python, err := pep440.Parse("3.14.0")
			if err != nil {
				t.Fatal(err)
			}
			targets = append(targets, resolve.TargetPython{Target: target, Python: python})
		}
		if c.old != "" {
			old[targets[len(targets)-1].Target.String()] = &lock.Lock{Packages: []lock.Package{{Name: "a", Version: c.old}}}
		}
		made, err := resolveApart(targets, nil, old, versionsOn(has))
		if got := madeText(made, err); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func madeText(made *resolution, err error) string {
	var conflict *resolve.Conflict
	if errors.As(err, &conflict) {
		return "none for " + strings.Join(conflict.Targets, " ")
	}
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, l := range append([]*lock.Lock{made.lock}, made.apart...) {
		text := "a " + l.Packages[0].Version + " on"
		for _, at := range l.Tool.Targets {
			text += " " + at.Name
		}
		if why := made.lock.Tool.Apart[l.Tool.Targets[0].Name]; why != "" {
			text += fmt.Sprintf(" (%s)", why)
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}
