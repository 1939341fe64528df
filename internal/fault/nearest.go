package fault

import "strings"

// maxWord bounds the words that are compared: what is longer is no slip of the fingers.
const maxWord = 64

// Nearest is the one of known that word was most likely meant to be, "" where none is near: at
// most a third of the letters differ. Of several that are as near, it is the first.
func Nearest(word string, known []string) string {
	word = strings.ToLower(word)
	if word == "" || len(word) > maxWord {
		return ""
	}
	best, least := "", maxWord
	for _, k := range known {
		if len(k) > maxWord {
			continue
		}
		if d := distance(word, strings.ToLower(k)); d < least && d <= max(len(word), len(k))/3 {
			best, least = k, d
		}
	}
	return best
}

// DidYouMean is otherwise as a hint, led by the nearest spelling where there is one.
func DidYouMean(word string, known []string, otherwise string) string {
	if near := Nearest(word, known); near != "" {
		return "did you mean " + near + "? " + otherwise
	}
	return otherwise
}

// distance counts the letters to add, drop, change or swap with their neighbour to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
