package engine

import (
	"slices"
	"strings"
	"testing"
)

func TestTyped(t *testing.T) {
	line := typed(strings.Fields("lock --python=3.9 --json --target linux-x86_64 -r r.txt --offline --target macos-arm64 --as-of 2026-01-01 --project my/app --dry-run"))
	for _, c := range []struct {
		got  typed
		want string
	}{
		{line.with("--python", "3.12"), "snug lock --target linux-x86_64 -r r.txt --offline --target macos-arm64 --as-of 2026-01-01 --project my/app --python 3.12"},
		{line.with("--target", "linux-x86_64", "windows-x86_64"), "snug lock --python=3.9 -r r.txt --offline --as-of 2026-01-01 --project my/app --target linux-x86_64 --target windows-x86_64"},
		{line.settings(), "snug --offline --as-of 2026-01-01 --project my/app"},
		{line.instead("r.txt", "my list's.txt"), `snug lock --python=3.9 --target linux-x86_64 -r 'my list'\''s.txt' --offline --target macos-arm64 --as-of 2026-01-01 --project my/app`},
		{typed{"add", "a<2", `b; os_name == "nt"`, ""}, `snug add 'a<2' 'b; os_name == "nt"' ''`},
		{typed{"lock", "--python"}.with("--python", "3.12"), "snug lock --python 3.12"},
	} {
		before := slices.Clone(line)
		if c.got.String() != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
		if !slices.Equal(line, before) {
			t.Errorf("%q was changed", before)
		}
	}
}
