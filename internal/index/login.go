package index

import (
	"net/url"
	"strings"
)

// WithLogins is c with the logins that the environment has for named indexes, as
// SNUG_INDEX_NAME_USERNAME and SNUG_INDEX_NAME_PASSWORD, or as uv calls them. An
// address that holds a login keeps it.
func (c Config) WithLogins(env func(string) string) Config {
	extra := make([]Extra, len(c.Extra))
	for i, x := range c.Extra {
		extra[i] = x
		extra[i].URL = withLogin(x.URL, loginOf(env, x.Name))
		if x.URL == c.IndexURL { // the default index may have a name too
			c.IndexURL = extra[i].URL
		}
	}
	c.Extra = extra
	return c
}

// loginOf is the login of the index called name, nil if there is none.
func loginOf(env func(string) string, name string) *url.Userinfo {
	middle := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	for _, tool := range []string{"SNUG", "UV"} {
		user, password := env(tool+"_INDEX_"+middle+"_USERNAME"), env(tool+"_INDEX_"+middle+"_PASSWORD")
		if user != "" || password != "" {
			return url.UserPassword(user, password)
		}
	}
	return nil
}

func withLogin(address string, who *url.Userinfo) string {
	u, err := url.Parse(address)
	if err != nil || who == nil || u.User != nil {
		return address
	}
	u.User = who
	return u.String()
}

// Authenticated is an address with the login that its host has, if it has one and
// the address none. It is not to be shown.
func (c *Client) Authenticated(address string) string { return c.withCredentials(address) }
