package manifest

import (
	"fmt"
	"strings"

	"snug/internal/fault"
	"snug/internal/pep440"
)

// Init is a minimal pyproject.toml, behind what src holds of other tools; src
// has no [project] and no [dependency-groups]. name is made to fit; python is a
// requires-python or empty; from, unless nil, is a project of requirements
// files whose requirements are taken in. What pyproject.toml cannot hold
// (hashes, local paths) is named in comments.
func Init(src []byte, name, python string, from *Project) ([]byte, error) {
	if _, err := pep440.ParseSpecifiers(python); err != nil {
		return nil, fault.New(fault.Usage, `such as ">=3.12"`, "requires-python: %w", err)
	}
	var b strings.Builder
	if b.Write(src); len(src) > 0 {
		b.WriteString(strings.Repeat("\n", 2-min(1, strings.Count(string(src[len(src)-1:]), "\n"))))
	}
	fmt.Fprintf(&b, "[project]\nname = %s\nversion = \"0.1.0\"\n", quote(projectName(name)))
	if python != "" {
		fmt.Fprintf(&b, "requires-python = %s\n", quote(python))
	}
	groups := map[string][]Requirement{}
	if from != nil {
		for _, rt := range from.Runtimes {
			groups[rt.Name] = rt.asked
		}
	}
	writeArray(&b, "dependencies", groups["prod"])
	b.WriteString("\n[dependency-groups]\n")
	writeArray(&b, "test", groups["test"])
	writeArray(&b, "dev", groups["dev"])
	out := []byte(b.String())
	if _, err := parseTOML(FileName, out); err != nil {
		return nil, err
	}
	return out, nil
}

func writeArray(b *strings.Builder, key string, reqs []Requirement) {
	if len(reqs) == 0 {
		fmt.Fprintf(b, "%s = []\n", key)
		return
	}
	fmt.Fprintf(b, "%s = [\n", key)
	for _, r := range reqs {
		switch {
		case r.Path == ".":
			// The project itself is installed by having [project].
		case r.Path != "":
			fmt.Fprintf(b, "    # %s: local path %s\n", r.Origin, r.Path)
		default:
			fmt.Fprintf(b, "    %s,\n", quote(r.String()))
		}
	}
	b.WriteString("]\n")
}
