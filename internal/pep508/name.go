package pep508

// NormalizeName returns the name that stands for all spellings of a project
// (PEP 503) or an extra (PEP 685): lower case, each run of -, _ and . one -.
// It does not check that the name is valid: see ValidName.
func NormalizeName(s string) string {
	if normalized(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-' || c == '_' || c == '.':
			if i == 0 || !nameSeparator(s[i-1]) {
				b = append(b, '-')
			}
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func normalized(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c == '_' || c == '.' || 'A' <= c && c <= 'Z' || c == '-' && i > 0 && s[i-1] == '-' {
			return false
		}
	}
	return true
}

// ValidName reports whether s may name a project or an extra: ASCII letters,
// digits, -, _ and ., with a letter or digit at both ends (PEP 508 "Names").
func ValidName(s string) bool {
	for i := range len(s) {
		if !letterOrDigit(s[i]) && !nameSeparator(s[i]) {
			return false
		}
	}
	return s != "" && letterOrDigit(s[0]) && letterOrDigit(s[len(s)-1])
}

func nameSeparator(c byte) bool { return c == '-' || c == '_' || c == '.' }

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
