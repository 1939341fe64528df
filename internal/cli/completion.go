package cli

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"snug/internal/engine"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pytag"
)

// What shells complete. Nothing here fails: where a project cannot be read there
// is nothing to offer, and the command itself will say why.

type completer = cobra.CompletionFunc

// ready reads the settings, as before a command runs.
func (a *app) ready(c completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if err := a.fromEnvironment(cmd); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return c(cmd, args, typed)
	}
}

// runtimeNames offers runtimes for the first n arguments.
func (a *app) runtimeNames(n int) completer {
	return a.ready(func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.runtimes(), cobra.ShellCompDirectiveNoFileComp
	})
}

// generationNames offers runtimes, and behind "prod@" its generations.
func (a *app) generationNames(n int) completer {
	return a.ready(func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		name, _, numbered := strings.Cut(typed, "@")
		if !numbered {
			return a.runtimes(), cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, n := range engine.Numbers(a.rootDir(), name) {
			out = append(out, name+"@"+strconv.Itoa(n))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

// provenanceNames offers runtimes and their generations, besides the files that
// the shell offers.
func (a *app) provenanceNames() completer {
	names := a.generationNames(1 << 10)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		out, _ := names(cmd, args, typed)
		return out, cobra.ShellCompDirectiveDefault
	}
}

// buildArgs offers runtimes, besides the folders that the shell offers.
func (a *app) buildArgs() completer {
	return a.ready(func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return slices.DeleteFunc(a.runtimes(), func(n string) bool { return slices.Contains(args, n) }), cobra.ShellCompDirectiveDefault
	})
}

// programNames offers runtimes, then the programs of the one that was named.
func (a *app) programNames() completer {
	return a.ready(func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch args = slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "--" }); len(args) {
		case 0:
			return a.runtimes(), cobra.ShellCompDirectiveNoFileComp
		case 1:
			return engine.Programs(a.rootDir(), args[0]), cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveDefault
	})
}

// lockedNames offers the packages of the lock for the first n arguments.
func (a *app) lockedNames(n int) completer {
	return a.ready(func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		l := a.lockIfAny()
		if l == nil || len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, p := range l.Packages {
			out = append(out, p.Name)
		}
		return slices.Compact(out), cobra.ShellCompDirectiveNoFileComp
	})
}

// askedNames offers the packages that the manifest asks for.
func (a *app) askedNames() completer {
	return a.ready(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		p, err := a.load()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, rt := range p.Runtimes {
			for _, r := range rt.Requirements {
				out = append(out, r.Key())
			}
		}
		slices.Sort(out)
		return slices.Compact(out), cobra.ShellCompDirectiveNoFileComp
	})
}

// sourceNames offers the packages of the lock, and all of them.
func (a *app) sourceNames() completer {
	names := a.lockedNames(1 << 10)
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		out, how := names(cmd, nil, typed)
		return append([]string{manifest.AllPackages}, out...), how
	}
}

// runtimes are those of the manifest, else of the lock.
func (a *app) runtimes() []string {
	var out []string
	if p, err := a.load(); err == nil {
		for _, rt := range p.Runtimes {
			out = append(out, rt.Name)
		}
		return out
	}
	if l := a.lockIfAny(); l != nil {
		for _, rt := range l.Tool.Runtimes {
			out = append(out, rt.Name)
		}
	}
	return out
}

func (a *app) lockIfAny() *lock.Lock {
	l, err := engine.ReadHostLock(filepath.Join(a.rootDir(), engine.LockName))
	if err != nil {
		return nil
	}
	return l
}

// completeFlags gives the flags of cmd that have known values their completers.
func (a *app) completeFlags(cmd *cobra.Command) {
	targets := cobra.FixedCompletions(pytag.Known(), cobra.ShellCompDirectiveNoFileComp)
	words := func(w ...string) completer { return cobra.FixedCompletions(w, cobra.ShellCompDirectiveNoFileComp) }
	folders := cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	for flag, c := range map[string]completer{
		"target": targets, "runtime": a.runtimeNames(1 << 10), "upgrade": a.lockedNames(1 << 10), "into": folders, "home": folders, "project": folders,
		"from-source": a.sourceNames(), "sandbox": words("hermetic", "netless", "landlock", "none"), "profile": words("minimal", "full"), "optimize": words("pgo"),
	} {
		if cmd.Flags().Lookup(flag) != nil || cmd.PersistentFlags().Lookup(flag) != nil {
			// The error means a flag that is not there, or twice.
			if err := cmd.RegisterFlagCompletionFunc(flag, c); err != nil {
				panic("snug: internal error: " + err.Error())
			}
		}
	}
	for _, c := range cmd.Commands() {
		a.completeFlags(c)
	}
}
