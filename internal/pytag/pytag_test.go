package pytag

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"snug/internal/fault"
	"snug/internal/pep440"
)

func version(t *testing.T, text string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func target(t *testing.T, name string) Target {
	t.Helper()
	found, err := ParseTarget(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The count and the start of the SHA-256 of the tags, one a line, as packaging 26.3 lists them for the same platform.
func TestSupportedAsReference(t *testing.T) {
	for _, c := range []struct {
		target, python string
		count          int
		sum            string
	}{
		{"linux-x86_64", "3.14.1", 885, "0e81a4cd0bb51d0a"},
		{"linux-aarch64-glibc2.35", "3.12.1", 582, "7c6705e8450ccfc6"},
		{"linux-x86_64-musl", "3.13.1", 132, "d86ef1858a3dc44b"},
		{"macos-arm64", "3.14.1", 606, "88c41180659e3924"},
		{"macos-arm64-14.5", "3.10.1", 496, "85627ce61cdbefd6"},
		{"macos-x86_64", "3.13.1", 2800, "31c3d3be8c204eeb"},
		{"macos-x86_64-10.15", "3.9.1", 1524, "5bd6df2a92856948"},
		{"windows-x86_64", "3.14.1", 48, "14ede824320651b1"},
		{"windows-arm64", "3.12.1", 42, "7f5252f86f76f7ef"},
	} {
		var lines []string
		for _, tag := range Supported(target(t, c.target), version(t, c.python)).Tags() {
			lines = append(lines, tag.String())
		}
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		if len(lines) != c.count || hex.EncodeToString(sum[:8]) != c.sum {
			t.Errorf("%s, Python %s: %d tags from %s to %s, want %d of the reference", c.target, c.python,
				len(lines), lines[0], lines[len(lines)-1], c.count)
		}
	}
}

func TestRankPrefers(t *testing.T) {
	set := Supported(target(t, "linux-x86_64"), version(t, "3.13.2"))
	best := -1
	for _, text := range []string{ // best first
		"cp313-cp313-manylinux_2_28_x86_64",
		"cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64",
		"cp313-cp313-linux_x86_64",
		"cp37-abi3-manylinux1_x86_64",
		"py3-none-manylinux2014_x86_64",
		"cp313-none-any",
		"py2.py3-none-any",
	} {
		tags, err := ParseTags(text)
		if err != nil {
			t.Fatal(err)
		}
		rank, ok := set.Rank(tags)
		if !ok || rank <= best {
			t.Errorf("%s: rank %d, %v after %d", text, rank, ok, best)
		}
		if same, ok := set.RankText(text); !ok || same != rank {
			t.Errorf("%s: rank %d as text, not %d", text, same, rank)
		}
		best = rank
	}
	for _, text := range []string{"cp313-cp313t-manylinux_2_17_x86_64", "cp313-cp313-manylinux_2_29_x86_64",
		"cp314-abi3-manylinux_2_17_x86_64", "cp313-cp313-musllinux_1_2_x86_64", "py2-none-any", "cp312-cp312-linux_x86_64"} {
		tags, _ := ParseTags(text)
		if rank, ok := set.Rank(tags); ok {
			t.Errorf("%s fits with rank %d", text, rank)
		}
		if rank, ok := set.RankText(text); ok {
			t.Errorf("%s fits as text with rank %d", text, rank)
		}
	}
}

func TestTargets(t *testing.T) {
	for name, canonical := range map[string]string{
		"linux-x86_64-glibc2.28": "linux-x86_64", "linux-x86_64-glibc2.35": "linux-x86_64-glibc2.35",
		"linux-x86_64-musl1.2": "linux-x86_64-musl", "linux-aarch64-musl1.1": "linux-aarch64-musl1.1",
		"macos-arm64-13.0": "macos-arm64", "macos-arm64-14.0": "macos-arm64-14.0", "windows-arm64": "windows-arm64",
	} {
		if got := target(t, name).String(); got != canonical || target(t, got) != target(t, name) {
			t.Errorf("%s is written %s, want %s", name, got, canonical)
		}
	}
	for _, name := range Known() {
		if got := target(t, name).String(); got != name {
			t.Errorf("%s is written %s", name, got)
		}
	}
	for _, name := range []string{"", "linux", "linux-arm64", "linux-x86_64-", "linux-x86_64-glibc", "linux-x86_64-glibc3.1",
		"linux-x86_64-glibc2.07", "linux-x86_64-glibc+2.35", "linux-x86_64-13.0", "macos-arm64-10.15", "macos-arm64-1e3",
		"windows-x86_64-10.0", "linux-x86_64-musl-1.2", "beos-x86_64"} {
		if _, err := ParseTarget(name); fault.CodeOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err), "macos-arm64") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	for name, want := range map[string][]string{
		"linux-aarch64":  {"posix", "linux", "Linux", "aarch64", "3.9", "3.9.25"},
		"macos-arm64":    {"posix", "darwin", "Darwin", "arm64", "3.9", "3.9.25"},
		"windows-x86_64": {"nt", "win32", "Windows", "AMD64", "3.9", "3.9.25"},
		"windows-arm64":  {"nt", "win32", "Windows", "ARM64", "3.9", "3.9.25"},
	} {
		e := Environment(target(t, name), version(t, "3.9.25"))
		got := []string{e.OSName, e.SysPlatform, e.PlatformSystem, e.PlatformMachine, e.PythonVersion, e.PythonFullVersion}
		if !slices.Equal(got, want) || e.PlatformRelease != "" || e.PlatformVersion != "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestTagSetIsBounded(t *testing.T) {
	wide := strings.Repeat("py3.", 40) + "py3"
	if _, err := ParseTags(wide + "-" + wide + "-any"); err == nil {
		t.Error("1,681 tags are taken")
	}
}
