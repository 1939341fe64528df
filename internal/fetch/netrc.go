package fetch

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"snug/internal/fault"
)

const maxNetrc = 1 << 20

// login is a machine's user and password.
type login struct{ user, password string }

// logins are those of the netrc file, by host name; "" is the default.
type logins map[string]login

// sign adds the login of the request's host unless the request, or a redirect's address, brings one.
func (l logins) sign(req *http.Request) {
	if req.Header.Get("Authorization") != "" || req.URL.User != nil {
		return
	}
	who, ok := l[strings.ToLower(req.URL.Hostname())]
	if !ok {
		who, ok = l[""]
	}
	if ok {
		req.Header.Set("Authorization", basic(who.user, who.password))
	}
}

// basic is RFC 7617's header.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// readNetrc reads the file that NETRC names, else .netrc (on Windows also _netrc) in the home
// directory; there need not be one unless NETRC names it.
func readNetrc(env func(string) string) (logins, error) {
	if path := env("NETRC"); path != "" {
		return readNetrcFile(path)
	}
	home, names := env("HOME"), []string{".netrc"}
	if runtime.GOOS == "windows" {
		home, names = env("USERPROFILE"), []string{".netrc", "_netrc"}
	}
	if home == "" {
		return nil, nil
	}
	for _, name := range names {
		found, err := readNetrcFile(filepath.Join(home, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return found, err
		}
	}
	return nil, nil
}

func readNetrcFile(path string) (logins, error) {
	const hint = "NETRC names the file of logins; unset it, or make the file readable"
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Input, hint, "read logins: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxNetrc))
	if err != nil {
		return nil, fault.New(fault.Input, hint, "read logins: %w", err)
	}
	return parseNetrc(string(data)), nil
}

// parseNetrc takes what it understands. The first entry of a host counts; a macro ends at an empty line.
func parseNetrc(text string) logins {
	found := logins{}
	words := netrcWords(text)
	host, who, open := "", login{}, false
	flush := func() {
		if _, known := found[host]; open && !known && who != (login{}) {
			found[host] = who
		}
		who = login{}
	}
	for i := 0; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "machine":
			flush()
			host, open = strings.ToLower(value), value != ""
		case "default":
			flush()
			host, open = "", true
			continue
		case "login":
			who.user = value
		case "password":
			who.password = value
		case "account":
		default:
			continue
		}
		i++ // the value
	}
	flush()
	return found
}

// netrcWords splits at space, leaving out comments and macros. A word in double quotes may hold
// spaces; a # begins a comment only where a word would begin a line, for passwords hold it too.
func netrcWords(text string) []string {
	var words []string
	macro := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			macro = false
		}
		if macro || strings.HasPrefix(line, "#") {
			continue
		}
		for line != "" {
			var word string
			word, line = netrcWord(line)
			if word == "macdef" {
				macro = true
				break
			}
			words = append(words, word)
		}
	}
	return words
}

func netrcWord(line string) (word, rest string) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		if word, rest, ok := strings.Cut(quoted, `"`); ok {
			return word, strings.TrimSpace(rest)
		}
	}
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		return line, ""
	}
	return line[:end], strings.TrimSpace(line[end:])
}
