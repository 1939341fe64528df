package dist

import (
	"fmt"
	"strings"
	"unicode"
)

// The limits of entry_points.txt.
const (
	MaxEntryPoints   = 1 << 20
	maxEntryPointSet = 20_000
)

// The groups that become launchers.
const (
	ConsoleScripts = "console_scripts"
	GUIScripts     = "gui_scripts"
)

// EntryPoint is one advertised object.
type EntryPoint struct {
	Group, Name  string
	Module, Attr string // Attr is "" for a whole module
	Extras       []string
}

// IsScript tells whether installers make a launcher for it.
func (e EntryPoint) IsScript() bool { return e.Group == ConsoleScripts || e.Group == GUIScripts }

// ParseEntryPoints reads entry_points.txt (entry points specification, "File format"), in the order of the file. A script
// must name an attribute and have a name that is one plain file name; other groups' values that are no object reference
// are left out, since only their own readers can judge them.
func ParseEntryPoints(data []byte) ([]EntryPoint, error) {
	if len(data) > MaxEntryPoints {
		return nil, fmt.Errorf("entry points: %d bytes, more than %d", len(data), MaxEntryPoints)
	}
	options, err := readINI(string(data))
	if err != nil {
		return nil, fmt.Errorf("entry points: %w", err)
	}
	var points []EntryPoint
	seen := map[[2]string]bool{}
	for _, o := range options {
		point, ok := parseReference(o)
		key := [2]string{o.section, o.name}
		switch {
		case seen[key]:
			return nil, fmt.Errorf("entry points: line %d: %s is given twice in [%s]", o.line, o.name, o.section)
		case point.IsScript() && (!ok || point.Attr == ""):
			return nil, fmt.Errorf("entry points: line %d: %q is no module:function", o.line, o.value)
		case point.IsScript() && !isPlainFileName(o.name):
			return nil, fmt.Errorf("entry points: line %d: %q is no script name", o.line, o.name)
		case ok:
			points = append(points, point)
		}
		seen[key] = true
	}
	return points, nil
}

// parseReference reads "module.path:object.attr [extra, …]".
func parseReference(o option) (EntryPoint, bool) {
	point := EntryPoint{Group: o.section, Name: o.name}
	reference, extras, hasExtras := strings.Cut(o.value, "[")
	if hasExtras {
		inside, rest, closed := strings.Cut(extras, "]")
		if !closed || strings.TrimSpace(rest) != "" {
			return point, false
		}
		for _, extra := range strings.Split(inside, ",") {
			if extra = strings.TrimSpace(extra); extra != "" {
				point.Extras = append(point.Extras, extra)
			}
		}
	}
	module, attr, hasAttr := strings.Cut(strings.TrimSpace(reference), ":")
	point.Module, point.Attr = strings.TrimSpace(module), strings.TrimSpace(attr)
	return point, isDotted(point.Module) && (!hasAttr || isDotted(point.Attr))
}

func isDotted(s string) bool {
	for _, part := range strings.Split(s, ".") {
		if !isIdentifier(part) {
			return false
		}
	}
	return true
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// isPlainFileName refuses names that would leave bin/ or cannot be written everywhere.
func isPlainFileName(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > maxFileName {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == '/' || r == '\\' || r == ':' || unicode.IsControl(r)
	})
}

// option is one "name = value" of an INI file.
type option struct {
	section, name, value string
	line                 int
}

// readINI reads as Python's configparser does with "=" as the only delimiter: names keep their case, whole-line comments
// start with # or ;, and a line indented deeper than its option continues it.
func readINI(text string) ([]option, error) {
	var options []option
	section, indent, open := "", 0, false
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
			continue
		}
		depth := len(line) - len(strings.TrimLeft(line, " \t"))
		if open && depth > indent {
			last := &options[len(options)-1]
			last.value = strings.TrimSpace(last.value + " " + trimmed)
			continue
		}
		if trimmed[0] == '[' && strings.HasSuffix(trimmed, "]") {
			section, open = strings.TrimSpace(trimmed[1:len(trimmed)-1]), false
			continue
		}
		name, value, ok := strings.Cut(trimmed, "=")
		if !ok || section == "" || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("line %d: want name = value inside a [group]", i+1)
		}
		if len(options) == maxEntryPointSet {
			return nil, fmt.Errorf("more than %d entries", maxEntryPointSet)
		}
		options = append(options, option{section, strings.TrimSpace(name), strings.TrimSpace(value), i + 1})
		indent, open = depth, true
	}
	return options, nil
}
