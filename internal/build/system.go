package build

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
)

//go:embed system.txt
var systemTable string

// packaged says which packages of distributions hold a header, library, pkg-config
// module or program of the system: "libpq-dev (Debian), …"; "" where it is not known.
func packaged(name string) string {
	for line := range strings.Lines(systemTable) {
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[0] == "#" {
			continue
		}
		for known := range strings.SplitSeq(fields[0], ",") {
			if known == name {
				return fmt.Sprintf("%s (Debian, Ubuntu), %s (Fedora), %s (Alpine)", fields[1], fields[2], fields[3])
			}
		}
	}
	return ""
}

// install is the remedy for something that the system lacks. What the package's own
// recipe says goes before what is commonly known.
func install(name, kind string, recipe *Recipe) string {
	if said := recipe.packaged(name); said != "" {
		return "install " + said
	}
	if said := packaged(name); said != "" {
		return "install " + said
	}
	if kind == causeHeader && strings.Contains(name, "/") && packaged(path.Base(name)) != "" {
		return "install " + packaged(path.Base(name))
	}
	return "install the development package of your distribution that holds it"
}

// packaged is the same for what the recipe lists.
func (r *Recipe) packaged(name string) string {
	if r == nil {
		return ""
	}
	for _, s := range r.System {
		if name != s.Name && name != s.Header && "lib"+name != s.Name {
			continue
		}
		var said []string
		for _, distribution := range distributions {
			if called := s.Called[distribution]; called != "" {
				said = append(said, fmt.Sprintf("%s (%s%s)", called, strings.ToUpper(distribution[:1]), distribution[1:]))
			}
		}
		return strings.Join(said, ", ")
	}
	return ""
}
