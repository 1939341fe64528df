package sandbox

import (
	"path/filepath"
	"strings"

	"snug/internal/fault"
)

// check refuses what no stage could do.
func (c Command) check() error {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return fault.New(fault.Internal, "", "a sandboxed command without a name")
	}
	for _, text := range append(append([]string{c.Dir, c.Hostname}, c.Argv...), c.Env...) {
		if strings.ContainsRune(text, 0) {
			return fault.New(fault.Input, "leave the zero byte out", "a sandboxed command cannot take %q", text)
		}
	}
	for _, in := range c.Inputs {
		if !filepath.IsAbs(in.Host) || !filepath.IsAbs(in.Inside) || filepath.Clean(in.Inside) == "/" {
			return fault.New(fault.Internal, "", "input %q at %q: both must be absolute, and not the root", in.Host, in.Inside)
		}
	}
	return nil
}

// privateFolders are the variables that name a place to write to.
var privateFolders = []string{"HOME", "TMPDIR", "TMP", "TEMP"}

// privateEnv is env with the folders to write to replaced by dir.
func privateEnv(env []string, dir string) []string {
	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if !isPrivate(name) {
			out = append(out, kv)
		}
	}
	for _, name := range privateFolders {
		out = append(out, name+"="+dir)
	}
	return out
}

func isPrivate(name string) bool {
	for _, p := range privateFolders {
		if name == p {
			return true
		}
	}
	return false
}
