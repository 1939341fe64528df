package build

import (
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"snug/internal/sandbox"
)

// Conditions are what surrounds a build and must not show in its wheel.
type Conditions struct {
	Folder   string        // the sources lie at Folder/NAME
	Hostname string        //
	Umask    int           //
	Jobs     int           // compilers at a time
	Zone     string        // TZ
	Locale   string        // LC_ALL
	HashSeed int           // PYTHONHASHSEED
	Clock    time.Duration // how wrong the clock is
}

// CanonicalConditions are those of every build that is kept.
func CanonicalConditions() Conditions {
	return Conditions{Folder: "/build", Hostname: "localhost", Umask: 0o022, Jobs: runtime.NumCPU(), Zone: "UTC", Locale: "C.UTF-8"}
}

// OtherConditions differ from the canonical ones in everything: a build that
// gives the same wheel under both depends on none of them. The clock is moved as
// far as docs/building.md says.
func OtherConditions() Conditions {
	jobs := 1
	if runtime.NumCPU() == 1 {
		jobs = 3
	}
	return Conditions{Folder: "/elsewhere/of/another-length", Hostname: "other", Umask: 0o077, Jobs: jobs,
		Zone: "XYZ-5:45", Locale: "C", HashSeed: 4711, Clock: 401*24*time.Hour + 7*time.Hour + 11*time.Minute}
}

func (c Conditions) orCanonical() Conditions {
	if c == (Conditions{}) {
		return CanonicalConditions()
	}
	return c
}

// places are where things are seen from inside the sandbox; "" is not shown.
type places struct {
	source, out, temp, in, python, headers, crates, rust, zig string
}

// said is the environment as it is told to others: below hermetic its paths are those
// of this machine, and of this build alone.
func (r *room) said() []string {
	inputs := slices.Clone(r.inputs)
	slices.SortFunc(inputs, func(a, b sandbox.Input) int { return len(b.Host) - len(a.Host) }) // what lies in another first
	var pairs []string
	for _, in := range inputs {
		pairs = append(pairs, in.Host, in.Inside)
	}
	replacer := strings.NewReplacer(pairs...)
	out := make([]string, len(r.env))
	for i, kv := range r.env {
		out[i] = replacer.Replace(kv)
	}
	return out
}

// environment is the whole environment of a hook, sorted. The recipe has the last
// word.
func (r *room) environment() []string {
	c, at := r.conditions, r.at
	paths := []string{path.Join(at.python, "bin"), "/usr/bin", "/bin"}
	if at.rust != "" {
		paths = append([]string{path.Join(at.rust, "bin")}, paths...)
	}
	if at.zig != "" {
		paths = append([]string{path.Join(at.in, "bin")}, paths...)
	}
	set := map[string]string{
		"HOME":                       at.temp,
		"TMPDIR":                     at.temp,
		"PATH":                       strings.Join(paths, ":"),
		"LC_ALL":                     c.Locale,
		"TZ":                         c.Zone,
		"PYTHONHASHSEED":             strconv.Itoa(c.HashSeed),
		"PYTHONNOUSERSITE":           "1",
		"PYTHONDONTWRITEBYTECODE":    "1",
		"PYTHONUNBUFFERED":           "1",
		"SOURCE_DATE_EPOCH":          strconv.FormatInt(r.job.Epoch.Unix(), 10),
		"MAKEFLAGS":                  fmt.Sprintf("-j%d", c.Jobs),
		"CMAKE_BUILD_PARALLEL_LEVEL": strconv.Itoa(c.Jobs),
		"CARGO_BUILD_JOBS":           strconv.Itoa(c.Jobs),
	}
	r.job.Toolchain.environment(set, r)
	if r.job.Recipe != nil {
		maps.Copy(set, r.job.Recipe.Env)
	}
	out := make([]string, 0, len(set))
	for name, value := range set {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}
