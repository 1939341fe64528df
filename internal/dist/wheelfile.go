package dist

import (
	"fmt"
	"strings"
)

// WheelFile is the WHEEL file of a dist-info directory. Its tags may be wrong (some wheels have empty ones): the file name
// decides what a wheel fits.
type WheelFile struct {
	Version       string
	Generator     string
	RootIsPurelib bool
	Tags          []string
}

// ParseWheelFile reads WHEEL. It refuses a Wheel-Version of another major version than 1 (binary distribution format,
// "Installing a wheel", 1.b) and a Root-Is-Purelib that is neither true nor false.
func ParseWheelFile(data []byte) (*WheelFile, error) {
	fields, _, err := readHeaders(data)
	if err != nil {
		return nil, fmt.Errorf("wheel file: %w", err)
	}
	values, _ := group(fields)
	first := func(name string) string {
		if len(values[name]) == 0 {
			return ""
		}
		return values[name][0]
	}
	w := &WheelFile{Version: first("wheel-version"), Generator: first("generator"), Tags: values["tag"]}
	if major, _, ok := strings.Cut(w.Version, "."); !ok || major != "1" {
		return nil, fmt.Errorf("wheel file: version %q is not supported, want 1.x", w.Version)
	}
	switch root := strings.ToLower(first("root-is-purelib")); root {
	case "true", "false":
		w.RootIsPurelib = root == "true"
	default:
		return nil, fmt.Errorf("wheel file: Root-Is-Purelib is %q, want true or false", root)
	}
	return w, nil
}
