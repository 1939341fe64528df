package archive

import (
	"strings"
	"unicode/utf16"
)

// maxWindowsPath is what Windows takes of a path (260 with its end) less some
// room for the folder that it lies in.
const maxWindowsPath = 240

// NotOnWindows says why a path with slashes, below some folder, cannot be made on
// Windows or would be another there; "" if it can ("Naming Files, Paths, and
// Namespaces" of its manual).
func NotOnWindows(name string) string {
	if len(name) > maxWindowsPath && len(utf16.Encode([]rune(name))) > maxWindowsPath {
		return "a path that is too long for Windows"
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return "an empty name"
		case strings.ContainsAny(part, `<>:"|?*\`):
			return "a character that Windows has no names with"
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
			return "a trailing dot or space, which Windows drops"
		case isDevice(part):
			return "a name that Windows keeps for a device"
		}
	}
	return ""
}

// isDevice: with any extension, too, up to Windows 10.
func isDevice(part string) bool {
	stem, _, _ := strings.Cut(part, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, kind := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, kind); ok {
			return len(number) > 0 && strings.Contains("0123456789¹²³", number) && len([]rune(number)) == 1
		}
	}
	return false
}
