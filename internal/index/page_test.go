package index

import (
	"strings"
	"testing"
)

func TestASCIISets(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for want, set := range map[string]*asciiSet{letters + "0123456789-./:_": &addressBytes, "0123456789abcdefABCDEF": &hexBytes, "0123456789abcdef": &lowerHexBytes} {
		for c := range 256 {
			if text := string([]byte{byte(c)}); set.holdAll(text) != strings.Contains(want, text) {
				t.Errorf("%q in %q: %v", text, want, set.holdAll(text))
			}
		}
	}
}
