package bootstrap_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// client calls a server that runs as a process.
type client struct {
	*process
	url string
}

// answer is what a call gets.
type answer struct {
	status int
	body   map[string]any
}

func (a answer) text(name string) string { s, _ := a.body[name].(string); return s }

func (c *client) call(method, path, token string, body any) answer {
	c.t.Helper()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			c.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, &sent)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v\n%s", method, path, err, c.err.String())
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: res.StatusCode}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			c.t.Fatalf("%s %s: %d %q", method, path, res.StatusCode, text)
		}
	}
	return a
}

// want makes a call that has to have that status.
func (c *client) want(status int, method, path, token string, body any) answer {
	c.t.Helper()
	a := c.call(method, path, token, body)
	if a.status != status {
		c.t.Fatalf("%s %s: %d %v, want %d\n%s", method, path, a.status, a.body, status, c.err.String())
	}
	return a
}

type fields = map[string]string

func (c *client) signUp(email, password string) {
	c.t.Helper()
	c.want(201, "POST", "/auth/signup", "", fields{"email": email, "password": password})
}

func (c *client) login(email, password string) answer {
	c.t.Helper()
	return c.want(200, "POST", "/auth/login", "", fields{"email": email, "password": password})
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code waits for the mail to the address and returns its code.
func (c *client) code(email string) (code string) {
	c.t.Helper()
	c.until("the mail to "+email, func() bool {
		mails, _ := c.call("GET", "/dev/mailbox", "", nil).body["mails"].([]any)
		for _, m := range mails {
			m := m.(map[string]any)
			if strings.Contains(m["to"].(string), email) {
				code = sixDigits.FindString(c.want(200, "GET", "/dev/mailbox/"+m["name"].(string), "", nil).text("text"))
				return code != ""
			}
		}
		return false
	})
	return code
}

// join opens a verified account.
func (c *client) join(email, password string) {
	c.t.Helper()
	c.signUp(email, password)
	c.verify(email, c.code(email))
}

func (c *client) verify(email, code string) {
	c.t.Helper()
	c.want(200, "POST", "/auth/verify", "", fields{"email": email, "code": code})
}
