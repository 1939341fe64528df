package engine

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// typed is a command line without the program's name, for a fix to repeat with a
// change.
type typed []string

// settingFlags are the flags that every command has and that say where things
// are or what is seen: a fix that is another command repeats them.
var settingFlags = []string{"--home", "--index-url", "--extra-index", "--python-mirror", "--python-sources", "--as-of", "--min-age", "--project", "--offline"}

// alone are the flags among these that have no value.
var alone = append([]string{"--offline"}, passing...)

// settings are those of the command line.
func (t typed) settings() typed {
	out, _ := t.split(settingFlags)
	return out
}

// passing are flags that say how a command speaks, or that it only tries.
var passing = []string{"--json", "--quiet", "-q", "--no-progress", "--dry-run"}

// with is the command line with other values for one flag.
func (t typed) with(flag string, values ...string) typed {
	_, rest := t.split([]string{flag})
	return rest.and(flag, values...)
}

// and is the command line with values more for one flag.
func (t typed) and(flag string, values ...string) typed {
	_, out := t.split(passing)
	for _, v := range values {
		out = append(out, flag, v)
	}
	return out
}

// instead is the command line with another word for one.
func (t typed) instead(word, other string) typed {
	_, out := t.split(passing)
	for i, w := range out {
		if w == word {
			out[i] = other
		}
	}
	return out
}

// split tells some flags, with their values, from the rest.
func (t typed) split(flags []string) (these, rest typed) {
	for i := 0; i < len(t); i++ {
		name, _, joined := strings.Cut(t[i], "=")
		n := 1
		if !joined && !slices.Contains(alone, name) {
			n = min(2, len(t)-i)
		}
		if slices.Contains(flags, name) {
			these = append(these, t[i:i+n]...)
			i += n - 1
			continue
		}
		rest = append(rest, t[i])
	}
	return these, rest
}

// String is the command for a shell.
func (t typed) String() string {
	words := []string{"snug"}
	for _, w := range t {
		words = append(words, ShellWord(w))
	}
	return strings.Join(words, " ")
}

var harmless = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_./:=@%+-]+$`) })

// ShellWord is text as one word of a shell's command: quoted where a shell would
// read it otherwise.
func ShellWord(w string) string {
	if harmless().MatchString(w) {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
